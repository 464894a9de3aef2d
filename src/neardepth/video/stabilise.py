"""Depth that stays put in time: log depth carried along the optical flow, begun anew at cuts.

Each frame's log depth is blended with that of the frame before, moved to where the picture moved:

    L(t) = r(t) + a·c·(M(t) − r(t)),   a = exp(−Δt / τ)

with r the frame's own log depth, M the smoothed log depth of the frame before, carried along the
flow, and c the trust in the flow at each pixel, 0 to 1. Log depth of the kernel method is linear in
the weights of the pool's images, so this also is smoothing of the weights themselves, the
equivalent of keeping neighbours from frame to frame. The time constant τ is in seconds: the frame
rate, and a changing one, make no difference.

All is worked out on a small copy of the frame; the full map is multiplied by exp of the change,
so edges are those of the frame itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_depth

Grey = NDArray[np.uint8]
Level = NDArray[np.float32]

SIDE = 320
"""Longer side in pixels of the copy that motion is found on."""
SECONDS = 0.4
"""The time constant τ."""

_DIFFERENCE = 20.0  # grey levels: a pixel that changed by more is not the same thing
_RETURN = 3.0  # pixels between a pixel and where the flow leads there and back
_SPREAD = 4.0  # pixels: deviation of the Gaussian that changes are averaged over
_LEAST_SHARE = 0.2  # of what lies about a pixel: with less trusted, the change is less
_JUMP = 0.25  # of log depth: what changed by more has moved, or one of the two is wrong
_CUT_LEVELS = 16.0  # mean difference in grey levels of the thumbnails
_CUT_HISTOGRAM = 0.25  # share of the thumbnail's pixels that fall into other bins
_CUT_TRUST = 0.15  # mean trust in the flow below which nothing was followed
_THUMBNAIL = (48, 36)
_BINS = 16


class Stabiliser:
    """Smooths the depth of one frame after another; the state is what it holds of the last."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.cuts = 0
        """How many times it began anew."""
        self._last: _Last | None = None
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def __call__(
        self, image: NDArray[np.uint8], depth: NDArray[np.float32], time: float
    ) -> NDArray[np.float32]:
        """Return the frame's depth, smoothed.

        Args:
            image: H×W×3 RGB.
            depth: H×W metres, NaN unknown; what is unknown stays so.
            time: seconds; frames come in order.
        """
        size = small_size(image.shape[:2])
        grey = small_grey(image, size)
        with np.errstate(invalid="ignore", divide="ignore"):
            own = np.log(resize_depth(depth, size))
        last = self._last
        if last is None or last.grey.shape != size:
            self._last = _Last(grey, own, time)
            return depth
        carried = None if is_cut(last.grey, grey) else self._carried(last, grey, own)
        if carried is None:
            self.cuts += 1
            self._last = _Last(grey, own, time)
            return depth
        moved, trust = carried
        keep = np.float32(math.exp(-max(time - last.time, 0.0) / self.seconds))
        change = keep * spread(np.nan_to_num(moved - own), trust)
        self._last = _Last(grey, own + change, time)
        full = cv2.resize(change, depth.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(depth * np.exp(full), dtype=np.float32)

    def _carried(self, last: _Last, grey: Grey, own: Level) -> tuple[Level, Level] | None:
        """Return the last level where it is now, and the trust in it; None where all is new."""
        back, ahead = self._flow_between(grey, last.grey), self._flow_between(last.grey, grey)
        trust = flow_trust(grey, last.grey, back, ahead)
        if float(trust.mean()) < _CUT_TRUST:
            return None
        moved = follow(last.level, back)
        moved += approach(back, np.exp(own), trust)
        with np.errstate(invalid="ignore"):
            agreement = np.exp(-np.square(np.square((moved - own) / np.float32(_JUMP))))
        return moved, trust * np.nan_to_num(agreement)

    def _flow_between(self, grey: Grey, other: Grey) -> NDArray[np.float32]:
        flow = np.zeros((*grey.shape, 2), np.float32)
        return np.asarray(self._flow.calc(grey, other, flow), dtype=np.float32)

    def state(self) -> dict[str, NDArray[np.generic]]:
        """Return what the next frame needs, as arrays for a file."""
        counts = {"cuts": np.array(self.cuts)}
        if self._last is None:
            return {**counts}
        last = self._last
        return {**counts, "grey": last.grey, "level": last.level, "time": np.array(last.time)}

    def restore(self, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Go on from what `state` returned."""
        self.cuts = int(state["cuts"])
        self._last = None
        if "grey" in state:
            grey, level = (
                np.asarray(state["grey"], np.uint8),
                np.asarray(state["level"], np.float32),
            )
            self._last = _Last(grey, level, float(state["time"]))


@dataclass(frozen=True, eq=False)
class _Last:
    grey: Grey
    level: Level
    """Smoothed log depth, NaN unknown."""
    time: float


def small_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return (rows, columns) of the copy that motion is found on, at most `SIDE` on a side."""
    scale = min(1.0, SIDE / max(shape[:2]))
    # The flow's pyramid needs some pixels to begin with.
    return max(16, round(shape[0] * scale)), max(16, round(shape[1] * scale))


def small_grey(image: NDArray[np.uint8], size: tuple[int, int]) -> Grey:
    """Return H×W×3 RGB as grey levels of (rows, columns)."""
    small = cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def is_cut(before: Grey, after: Grey) -> bool:
    """Whether another scene begins: both the places and the share of the grey levels changed.

    Motion changes what is where but not how much there is of it; a lamp changes the levels but
    little else (the mean is taken out of the difference).
    """
    first, second = (
        cv2.resize(grey, _THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
        for grey in (before, after)
    )
    difference = second - first
    levels = float(np.abs(difference - np.median(difference)).mean())
    bins = [np.histogram(grey, _BINS, (0, 256))[0] / grey.size for grey in (first, second)]
    moved = float(np.abs(bins[0] - bins[1]).sum()) / 2
    return levels > _CUT_LEVELS and moved > _CUT_HISTOGRAM


def follow(values: Level, flow: NDArray[np.float32]) -> Level:
    """Fetch for each pixel the value where the flow (H×W×2, in pixels) says that it came from.

    NaN where that lies outside the map.
    """
    rows, columns = values.shape
    x = flow[..., 0] + np.arange(columns, dtype=np.float32)
    y = flow[..., 1] + np.arange(rows, dtype=np.float32)[:, None]
    # A border of NaN would reach in: bilinear weights of 0 times NaN are NaN.
    fetched = cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    fetched[(x < -0.5) | (y < -0.5) | (x > columns - 0.5) | (y > rows - 0.5)] = np.nan
    return np.asarray(fetched, dtype=np.float32)


def flow_trust(
    grey: Grey, before: Grey, back: NDArray[np.float32], ahead: NDArray[np.float32]
) -> Level:
    """Return how far the flow from a frame to the one before is to be believed, 0 to 1.

    Two checks: the picture looks the same at both ends (less the change of all of it, as of the
    exposure), and the flow there and back ends where it began; it does not where something came
    into view.
    """
    difference = follow(before.astype(np.float32), back) - grey
    known = np.isfinite(difference)
    if not known.any():
        return np.zeros(grey.shape, np.float32)
    difference -= np.median(difference[known])
    gaps = (follow(np.ascontiguousarray(ahead[..., k]), back) + back[..., k] for k in (0, 1))
    distance = sum((np.square(gap) for gap in gaps), np.float32(0))
    # Fourth powers: nearly all is kept up to near the limit, since what is lost adds up with
    # each frame.
    exponent = np.square(np.square(difference / np.float32(_DIFFERENCE)))
    exponent += np.square(distance / np.float32(_RETURN**2))
    return np.asarray(np.exp(-np.nan_to_num(exponent, nan=np.inf)), dtype=np.float32)


def spread(change: Level, trust: Level) -> Level:
    """Return the trusted change about each pixel, and less where little about it is trusted.

    What makes depth flicker is as coarse as what it is estimated on: pixels that the flow loses
    go with those beside them, instead of standing out, and edges stay those of the frame.
    """
    size = (0, 0)
    known = cv2.GaussianBlur(change * trust, size, _SPREAD)
    share = cv2.GaussianBlur(trust, size, _SPREAD)
    return np.asarray(known / np.maximum(share, _LEAST_SHARE), dtype=np.float32)


def approach(back: NDArray[np.float32], depth: Level, trust: Level) -> Level:
    """Return the change of log depth that the camera's own way ahead explains, H×W.

    Going ahead by v metres, a point at depth Z comes nearer by v / Z of it, and the picture about
    it grows as much: the flow's divergence times the depth is v, of which the median over the frame
    is taken. A slanted surface that is passed sideways also stretches, but along the motion only:
    of the two directions the smaller stretch is taken, and none where they differ in sign.
    """
    stretch = [cv2.Scharr(back[..., k], cv2.CV_32F, 1 - k, k) / 32 for k in (0, 1)]
    good = (trust > 0.5) & np.isfinite(depth)
    if np.count_nonzero(good) < good.size / 10:
        return np.zeros(depth.shape, np.float32)
    ways = [float(np.median(-part[good] * depth[good])) for part in stretch]
    if ways[0] * ways[1] <= 0:
        return np.zeros(depth.shape, np.float32)
    way = min(ways, key=abs)
    with np.errstate(invalid="ignore"):
        return np.asarray(-np.log1p(np.clip(way / depth, -0.2, 0.2)), dtype=np.float32)
