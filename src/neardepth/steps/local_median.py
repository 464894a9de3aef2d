"""Weighted median statistics: a median over neighbours and the surroundings of each pixel.

After Y. Kim, S. Choi, K. Sohn, *Data-Driven Single Image Depth Estimation Using Weighted Median
Statistics*, ICIP 2014: neighbours are not aligned to the photo, and a median over them and over a
window still finds the depth that most of what looks alike has. The weights are our choice.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_depth, resize_photo
from neardepth.steps.fusion import weighted_median

_SHRINK = 4  # the median is taken on a grid so many times smaller
_OFFSETS = (-3, 0, 3)  # of the window's samples there, pixels
_SIGMA = 120.0  # difference of local mean colour at which weight falls, grey levels
_BLUR = 2.0  # of local mean colour, pixels there
_FLOOR = 1e-3  # weight of what looks altogether different


def local_median(
    photo: NDArray[np.uint8],
    photos: NDArray[np.uint8],
    depths: NDArray[np.float32],
    weights: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return at each pixel the weighted median of the neighbours' depth around it, H×W metres.

    A sample of neighbour i at q counts ``w_i · exp(−|I(p) − I_i(q)|² / 2σ²)``, with colours
    averaged over a few pixels and each photo's mean colour taken away.

    Args:
        photo: H×W×3.
        photos: K×H×W×3.
        depths: K×H×W metres, NaN where unknown.
        weights: K, positive.
    """
    full = photo.shape[:2]
    height, width = (max(1, side // _SHRINK) for side in full)
    own = _local_colour(photo, (height, width))
    margin = max(_OFFSETS)
    pad = [(margin, margin), (margin, margin)]
    samples, shares = [], []
    for other, depth, weight in zip(photos, depths, weights, strict=True):
        colour = np.pad(_local_colour(other, (height, width)), [*pad, (0, 0)], mode="edge")
        map_ = np.pad(resize_depth(depth, (height, width)), pad, mode="edge")
        for row in _OFFSETS:
            for column in _OFFSETS:
                part = (
                    slice(margin + row, margin + row + height),
                    slice(margin + column, margin + column + width),
                )
                apart = ((colour[part] - own) ** 2).sum(axis=2)
                shares.append(weight * (np.exp(-apart / (2 * _SIGMA**2)) + _FLOOR))
                samples.append(map_[part])
    return resize_depth(weighted_median(np.stack(samples), np.stack(shares)), full)


def _local_colour(photo: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    colour = cv2.GaussianBlur(resize_photo(photo, size).astype(np.float32), (0, 0), _BLUR)
    return np.asarray(colour - colour.mean(axis=(0, 1)), np.float32)
