"""Resizing photos and depth maps; unknown depth never mixes into known depth."""

from __future__ import annotations

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

_Pixels = TypeVar("_Pixels", np.uint8, np.float32)

_HALF = 0.5 - 1e-6  # of the weight, with room for rounding


def resize_photo(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize an H×W(×C) uint8 image to ``size`` = (H, W): area average down, bilinear up."""
    return enlarge(_shrink(image, size), size)


def resize_depth(depth: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize an H×W depth map (metres, NaN = unknown) to ``size`` = (H, W).

    Down: a pixel is the mean of the known depth in its area, unknown only where nothing is
    known there. Up: bilinear between the known pixels, unknown where less than half of the
    bilinear weight is known, so that holes keep their size. A map without holes takes the
    plain path; one that has the size already is returned as it is.
    """
    if depth.shape == tuple(size):
        return depth
    known = np.isfinite(depth)
    if not known.any():
        return np.full(size, np.nan, np.float32)
    if known.all():
        resized = enlarge(_shrink(depth, size), size)
        return np.clip(resized, depth.min(), depth.max(), out=resized)
    # One after the other: a full-size copy of either takes hundreds of megabytes.
    weight = _shrink(known.astype(np.float32), size)
    values = _shrink(np.where(known, depth, np.float32(0)), size)
    if values.shape == tuple(size):
        resized = _divide(values, weight)
    else:
        known = weight > 0
        values = np.where(known, _divide(values, weight), np.float32(0))
        values, weight = enlarge(values, size), enlarge(known.astype(np.float32), size)
        enough = weight >= _HALF
        # In place: at the size of a photo each map takes hundreds of megabytes.
        resized = np.divide(values, weight, out=values, where=enough)
        np.copyto(resized, np.float32(np.nan), where=~enough)
    # Rounding may step over the known range by a last digit, here and above.
    return np.clip(resized, np.nanmin(depth), np.nanmax(depth), out=resized)


def _divide(values: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    with np.errstate(invalid="ignore"):  # 0 / 0 = NaN: no weight, nothing known
        ratio: NDArray[np.float32] = values / weight
    return ratio


def _shrink(image: NDArray[_Pixels], size: tuple[int, int]) -> NDArray[_Pixels]:
    """Area average along the sides that become shorter; the others stay."""
    height, width = min(size[0], image.shape[0]), min(size[1], image.shape[1])
    return _resize(image, (height, width), cv2.INTER_AREA)


def enlarge(image: NDArray[_Pixels], size: tuple[int, int]) -> NDArray[_Pixels]:
    """Resize H×W(×C) pixels, all of them known, to ``size`` = (H, W), bilinear."""
    return _resize(image, size, cv2.INTER_LINEAR)


def _resize(image: NDArray[_Pixels], size: tuple[int, int], interpolation: int) -> NDArray[_Pixels]:
    if image.shape[:2] == tuple(size):
        return image
    resized: NDArray[_Pixels] = cv2.resize(  # type: ignore[assignment]
        image, (size[1], size[0]), interpolation=interpolation
    )
    return resized
