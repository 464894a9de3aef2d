"""Views of a pair: the photo, zoomed crops and a blurred copy.

A crop that is enlarged to the frame shows the scene as a longer lens would. With the focal length
taken to be what it was, the same picture is a nearer scene: depth is divided by the zoom. Being
enlarged, a crop is also less sharp. The blurred copy, whose depth is the photo's, keeps blur itself
from passing for nearness: photos of low resolution are enlarged to the frame as well.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_photo

ZOOMS = (1.3, 1.5)

IMAGES = 2 + len(ZOOMS)
"""Images of a pair that networks look at: photo, crops, and blurred copy."""

SAMPLED_CELLS = 96
"""Cells of a photo whose local features are kept: regressing on all of them gains nothing."""

_REDUCTIONS = (1.5, 3.0)  # of a side, by which the blurred copy is made smaller and enlarged again
_AREA = 480 * 640  # pixels the networks look at: their features were measured at this size
_STEP = 32  # the networks' coarsest stride


@dataclass(frozen=True)
class Crop:
    """A part of the frame, of the frame's aspect ratio; ``zoom`` times smaller a side."""

    zoom: float
    top: float
    """0 at the upper edge, 1 where the crop touches the lower one."""
    left: float

    def of(self, shape: tuple[int, ...]) -> tuple[slice, slice]:
        """Return the rows and columns of a map of this shape (H, W, …)."""
        sides = []
        for length, place in zip(shape[:2], (self.top, self.left), strict=True):
            part = max(1, round(length / self.zoom))
            start = round((length - part) * place)
            sides.append(slice(start, start + part))
        return sides[0], sides[1]


class Draw(NamedTuple):
    """What is drawn at random for a photo."""

    crops: list[Crop]
    reduction: float
    """Of the blurred copy."""
    cells: NDArray[np.intp]
    """`SAMPLED_CELLS` indices."""


def draw(image: NDArray[np.uint8], cells: int) -> Draw:
    """Draw a photo's crops, blur and sampled cells, the same for the same pixels.

    Args:
        image: H×W×3.
        cells: number of cells to draw `SAMPLED_CELLS` from.
    """
    digest = hashlib.sha256(np.ascontiguousarray(image).tobytes()).digest()
    random = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    crops = [Crop(zoom, *random.random(2).astype(np.float16).tolist()) for zoom in ZOOMS]
    reduction = float(np.exp(random.uniform(*np.log(_REDUCTIONS))))
    return Draw(crops, reduction, np.sort(random.permutation(cells)[:SAMPLED_CELLS]))


def blurred(image: NDArray[np.uint8], reduction: float) -> NDArray[np.uint8]:
    """Return the image as it looks when it was taken with that many times fewer pixels a side."""
    height, width = image.shape[:2]
    small = (max(1, round(height / reduction)), max(1, round(width / reduction)))
    return resize_photo(resize_photo(image, small), (height, width))


def frame(image: NDArray[np.uint8], size: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    """Resize a photo to what the networks look at: its aspect ratio, 480×640 pixels in all.

    Sides are multiples of 32, so that every map of a network covers the frame evenly; ``size``
    (height, width) takes their place where it is given.
    """
    height, width = image.shape[:2]
    scale = (_AREA / (height * width)) ** 0.5
    rows, columns = (max(1, round(side * scale / _STEP)) * _STEP for side in (height, width))
    return resize_photo(image, size or (rows, columns))
