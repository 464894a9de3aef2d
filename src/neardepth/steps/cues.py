"""Local monocular cues of a photo on 30×40 cells: texture, colour, blurriness, relative height."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_photo
from neardepth.steps.dense import CELLS

Image = NDArray[np.uint8]
Map = NDArray[np.float32]

_SIZE = (8 * CELLS[0], 8 * CELLS[1])
_BLURS = (1.0, 2.0, 4.0)  # pixels: how fast detail vanishes says how sharp it was
_FLOOR = 1e-3


def local_cues(photo: Image) -> dict[str, Map]:
    """Return the cues of each cell by kind, cells×features.

    - texture: logarithm of the energy of K. Laws's 3×3 masks (but the mean) of brightness at two
      scales, and of one edge mask of both colour channels, much as A. Saxena et al., *Make3D*,
      PAMI 31(5), 2009, have them;
    - colour: mean and deviation in CIELAB;
    - blurriness: logarithms of what Gaussian blurs of 1, 2 and 4 pixels take away one after the
      other: two ratios, and the last;
    - height: row of the cell, from −1 at the top to 1.
    """
    lab = np.asarray(
        cv2.cvtColor(resize_photo(photo, _SIZE), cv2.COLOR_RGB2LAB), np.float32
    ) / np.float32(255)
    return {
        "texture": _texture(lab),
        "colour": _colour(lab),
        "blurriness": _blurriness(lab[..., 0]),
        "height": _height(),
    }


def _texture(lab: Map) -> Map:
    level, edge, spot = (np.array(v, np.float32) for v in ((1, 2, 1), (-1, 0, 1), (-1, 2, -1)))
    masks = [np.outer(a, b) for a in (level, edge, spot) for b in (level, edge, spot)]
    brightness = lab[..., 0]
    energies = []
    for scale in (1, 2):
        size = (_SIZE[1] // scale, _SIZE[0] // scale)
        small = cv2.resize(brightness, size, interpolation=cv2.INTER_AREA)
        energies += [_cells(_squared(small, mask)) for mask in masks[1:]]
    energies += [_cells(_squared(lab[..., channel], np.outer(level, edge))) for channel in (1, 2)]
    return np.asarray(np.log(np.stack(energies, axis=1) + _FLOOR**2))


def _squared(values: NDArray[Any], mask: Map) -> Map:
    return np.asarray(cv2.filter2D(values, -1, mask) ** 2, np.float32)


def _colour(lab: Map) -> Map:
    means = [_cells(lab[..., channel]) for channel in range(3)]
    squares = [_cells(lab[..., channel] ** 2) for channel in range(3)]
    spreads = [
        np.sqrt(np.maximum(square - mean**2, 0))
        for square, mean in zip(squares, means, strict=True)
    ]
    return np.stack(means + spreads, axis=1)


def _blurriness(brightness: Map) -> Map:
    lost, before = [], brightness
    for sigma in _BLURS:
        after = np.asarray(cv2.GaussianBlur(before, (0, 0), sigma), np.float32)
        lost.append(np.log(_cells((before - after) ** 2) + _FLOOR**2))
        before = after
    return np.stack([lost[0] - lost[1], lost[1] - lost[2], lost[2]], axis=1)


def _height() -> Map:
    rows = np.linspace(-1, 1, CELLS[0], dtype=np.float32)
    return rows.repeat(CELLS[1])[:, None]


def _cells(values: Map) -> Map:
    """Average a map over cells."""
    small = cv2.resize(values, CELLS[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32).ravel()
