"""Step 5 by functions that look at the photos as well: fusion that differs from pixel to pixel."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.steps.depth_transfer import Frame, confidence, optimise
from neardepth.steps.fusion import weighted_median
from neardepth.steps.local_median import local_median
from neardepth.steps.sift_flow import sift_flow, warp
from neardepth.steps.stacking import stacked_depth

Map = NDArray[np.float32]

_AREA = 240 * 320  # pixels of the grid that photos are compared on


@dataclass(frozen=True, eq=False)
class Candidates:
    """A photo with its neighbours, all resized to one grid."""

    photo: NDArray[np.uint8]
    """H×W×3."""
    photos: NDArray[np.uint8]
    """K×H×W×3."""
    depths: Map
    """K×H×W metres, NaN where unknown."""
    weights: Map
    """K, positive."""
    usual: Callable[[], Map]
    """Gives H×W metres: the mean of the pool's depth maps."""


def transfer_size(photo: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the grid that photos are compared on: its aspect ratio, at most 240×320 pixels.

    At least 16 pixels a side.
    """
    height, width = photo.shape[:2]
    scale = min(1.0, (_AREA / (height * width)) ** 0.5)
    return max(16, round(height * scale)), max(16, round(width * scale))


def warped_median(candidates: Candidates) -> Map:
    """Median of the candidates' depth after SIFT flow has brought each onto the photo."""
    flow = sift_flow(candidates.photo, candidates.photos)
    pairs = zip(candidates.depths, flow.offsets, strict=True)
    warped = np.stack([warp(depth, offsets) for depth, offsets in pairs])
    return np.asarray(weighted_median(warped, candidates.weights))


def depth_transfer(candidates: Candidates) -> Map:
    """Depth Transfer of a single photo: see `steps.depth_transfer`."""
    frames = [warped_frame(candidates)]
    return np.asarray(optimise(frames, candidates.usual())[0])


def depth_transfer_clip(frames: Sequence[Candidates]) -> Map:
    """Depth Transfer of a video's frames in order, tied along their optical flow: T×H×W metres."""
    greys = [cv2.cvtColor(frame.photo, cv2.COLOR_RGB2GRAY) for frame in frames]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    start = np.zeros((*greys[0].shape, 2), np.float32)
    flows = [
        np.asarray(dis.calc(here, there, start.copy()), np.float32)
        for here, there in itertools.pairwise(greys)
    ]
    return optimise([warped_frame(frame) for frame in frames], frames[0].usual(), flows)


def warped_frame(candidates: Candidates) -> Frame:
    """Warp the candidates' depth and its gradients onto the photo."""
    flow = sift_flow(candidates.photo, candidates.photos)

    def warped(maps: Map) -> Map:
        pairs = zip(maps, flow.offsets, strict=True)
        return np.stack([warp(values, offsets) for values, offsets in pairs])

    depths = candidates.depths
    across = np.diff(depths, axis=2, append=depths[..., -1:])
    down = np.diff(depths, axis=1, append=depths[:, -1:])
    return Frame(
        photo=candidates.photo,
        depths=warped(depths),
        across=warped(across)[..., :-1],
        down=warped(down)[:, :-1],
        confidence=confidence(flow.difference),
    )


def local_medians(candidates: Candidates) -> Map:
    """Median over candidates and their surroundings, weighted by how alike both look."""
    c = candidates
    return local_median(c.photo, c.photos, c.depths, c.weights)


def stacked(candidates: Candidates) -> Map:
    """Regressors of local cues, trained on the candidates and put together by stacking."""
    c = candidates
    return stacked_depth(c.photo, c.photos, c.depths, c.weights)


TRANSFERS: dict[str, Callable[[Candidates], Map]] = {
    "warped-median": warped_median,
    "depth-transfer": depth_transfer,
    "local-median": local_medians,
    "stacked": stacked,
}
"""By name, as `Method.fusion`; each gives H×W metres, NaN where nothing is known.

They look around each pixel, and so answer where no neighbour knows that very pixel.
"""

NEED_USUAL = {"depth-transfer"}
"""Those that ask for `Candidates.usual`."""
