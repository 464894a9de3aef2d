"""What is regressed: log depth of every view of a pool's pairs on a small grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_depth
from neardepth.steps.dense import CELLS
from neardepth.steps.views import VIEWS, Crop

_ENOUGH = 3  # pairs that must know a cell for it to be predicted; all, in smaller pools


def view_targets(depth: NDArray[np.float32], crops: Sequence[Crop]) -> NDArray[np.float32]:
    """Return log depth of the views of a pair, in the order of `steps.views`: VIEWS×cells.

    Args:
        depth: H×W metres, NaN where unknown.
        crops: of the photo.
    """
    # The mean of the logarithm: the logarithm of the mean would draw every cell at an edge back.
    logarithm = np.log(depth)
    parts = [(logarithm, 1.0), *((logarithm[crop.of(depth.shape)], crop.zoom) for crop in crops)]
    views = np.empty((len(parts), 2, *CELLS), np.float32)
    for view, (part, zoom) in zip(views, parts, strict=True):
        view[0] = resize_depth(part, CELLS) - np.float32(np.log(zoom))
        view[1] = view[0, :, ::-1]
    return views.reshape(VIEWS, -1)


def known_cells(targets: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return the cells that enough pairs know; ``targets`` are N×VIEWS×cells."""
    counts = np.isfinite(targets[:, 0]).sum(axis=0)
    return np.asarray(counts >= min(_ENOUGH, len(targets)))
