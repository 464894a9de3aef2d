"""Depth as colour: near is red, far is blue, unknown is grey."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import chain

import cv2
import numpy as np
from numpy.typing import NDArray

UNKNOWN = (205, 205, 205)
_ROBUST = (2.0, 98.0)  # percentiles: one wrong pixel must not take the whole colour range
_SPARSE = 0.5  # share of known pixels
_SAMPLE = 20_000  # pixels of a map that are enough for its percentiles, or a few less


def colourise(depth: NDArray[np.float32], low: float, high: float) -> NDArray[np.uint8]:
    """Colour an H×W map in metres as H×W×3 uint8 RGB; NaN becomes light grey.

    The map is matplotlib's *turbo*, reversed: of the maps tried on rooms and streets its hues
    let one read off the most depths. ``low`` and below are dark red, ``high`` and above dark
    blue.
    """
    return _look_up(depth, low, high, _table(cv2.COLORMAP_TURBO, reverse=True))


def colourise_uncertainty(uncertainty: NDArray[np.float32], high: float) -> NDArray[np.uint8]:
    """Colour an H×W map of metres from 0 (black) to ``high`` (pale); NaN becomes light grey.

    matplotlib's *magma*: another map than depth has, so that the two are not confused.
    """
    return _look_up(uncertainty, 0.0, high, _table(cv2.COLORMAP_MAGMA, reverse=False))


def thickened(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grow the points of a sparse map to 3×3 pixels for display, near before far.

    A LiDAR scan knows 4 % of the pixels: as single dots its colours cannot be made out. Maps
    of which half is known are returned as they are.
    """
    known = np.isfinite(depth)
    if known.mean() >= _SPARSE:
        return depth
    nearest = cv2.erode(
        np.where(known, depth, np.float32(np.inf)),
        np.ones((3, 3), np.uint8),
        borderType=cv2.BORDER_REPLICATE,
    )
    grown: NDArray[np.float32] = np.where(np.isfinite(nearest), nearest, np.float32(np.nan))
    return grown


def depth_range(*depths: NDArray[np.float32]) -> tuple[float, float]:
    """Return the range in metres that holds 96 % of each map's known depth, rounded outwards.

    Without any known depth it is (0, 1).
    """
    samples = map(known_sample, depths)
    limits = [np.percentile(known, _ROBUST) for known in samples if known.size]
    if not limits:
        return 0.0, 1.0
    low, high = (float(v) for v in (np.min(limits), np.max(limits)))
    step = nice_step(max(high - low, 0.01 * high, 1e-3) / 20)
    low, high = math.floor(low / step + 1e-6) * step, math.ceil(high / step - 1e-6) * step
    return round(low, 6), round(max(high, low + step), 6)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between ``low`` and ``high``, at most about ``most`` of them."""
    step = nice_step((high - low) / max(most - 1, 1))
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return [round(i * step, 9) for i in range(first, last + 1)]


def nice_step(least: float) -> float:
    """Return the smallest of 1, 2, 5 × 10ⁿ that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    candidates = chain((power * m for m in (1, 2, 5)), (power * 10,))
    return next(c for c in candidates if c >= least * (1 - 1e-9))


def known_sample(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the known depth, in metres, on a grid of pixels that is enough for percentiles.

    Small maps are taken whole, and so are those whose grid knows nothing.
    """
    stride = max(1, math.ceil((depth.size / _SAMPLE) ** 0.5))
    first = stride // 2
    sample = depth[first::stride, first::stride]
    known = sample[np.isfinite(sample)]
    return known if known.size else depth[np.isfinite(depth)]


def _look_up(
    values: NDArray[np.float32], low: float, high: float, table: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    scaled = (values - low) * (255.0 / max(high - low, 1e-9))
    index = np.nan_to_num(np.rint(np.clip(scaled, 0, 255)), nan=256).astype(np.uint16)
    colours: NDArray[np.uint8] = np.take(table, index, axis=0)
    return colours


@lru_cache
def _table(colour_map: int, *, reverse: bool) -> NDArray[np.uint8]:
    """Return 256 RGB colours, and the colour of unknown as number 256."""
    ramp = np.arange(256, dtype=np.uint8)[:, None]
    colours = cv2.applyColorMap(ramp[::-1] if reverse else ramp, colour_map)[:, 0, ::-1]
    return np.concatenate([colours, [UNKNOWN]]).astype(np.uint8)
