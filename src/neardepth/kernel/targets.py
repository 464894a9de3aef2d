"""What is regressed: log depth of every view of a pool's pairs on a small grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_depth
from neardepth.steps.dense import CELLS
from neardepth.steps.views import IMAGES, Crop

_ENOUGH = 3  # pairs that must know a cell for it to be predicted; all, in smaller pools

_NEAREST = np.float32(0.001)
"""Metres; the logarithm of what some tool marks pixels with, 1e-30, would outweigh all others."""


class Targets(NamedTuple):
    """Log depth less its mean in a basis of orthogonal maps."""

    coefficients: NDArray[np.float32]
    """N×images×R."""
    evens: int
    """How many of them are even; see `kernel.mirror`."""

    @property
    def flat(self) -> NDArray[np.float32]:
        """Return n×R, image by image."""
        return self.coefficients.reshape(-1, self.coefficients.shape[2])


def image_targets(depth: NDArray[np.float32], crops: Sequence[Crop]) -> NDArray[np.float32]:
    """Return log depth of the images of a pair, in the order of `steps.views`: IMAGES×cells.

    Args:
        depth: H×W metres, NaN where unknown.
        crops: of the photo.
    """
    # The mean of the logarithm: the logarithm of the mean would draw every cell at an edge back.
    logarithm = np.log(np.maximum(depth, _NEAREST))
    whole = resize_depth(logarithm, CELLS)
    zoomed = [
        resize_depth(logarithm[crop.of(depth.shape)], CELLS) - np.float32(np.log(crop.zoom))
        for crop in crops
    ]
    return np.stack([whole, *zoomed, whole]).reshape(IMAGES, -1).astype(np.float32)


def known_cells(targets: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the cells that enough pairs know; ``targets`` are N×IMAGES×cells."""
    counts = np.isfinite(targets[:, 0]).sum(axis=0)
    return np.asarray(counts >= min(_ENOUGH, len(targets)))


def filled_by_level(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill in what maps less their mean, n×cells, do not know (NaN), by the mean of what they do.

    A map that knows only a part says by its level there what the rest is like.
    """
    known = np.isfinite(maps)
    level = np.where(known, maps, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return np.where(known, maps, level[:, None]).astype(np.float32)


def image_groups(group: NDArray[np.intp], images: int) -> list[NDArray[np.intp]]:
    """Return the rows of each group's images, ``group`` being that of each pair; none where < 0."""
    rows = np.arange(len(group) * images).reshape(len(group), images)
    return [rows[group == number].ravel() for number in np.unique(group[group >= 0])]
