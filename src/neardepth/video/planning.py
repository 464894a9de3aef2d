"""A look at the whole video before it is converted, so that one of each serves all of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.estimator import DepthEstimator
from neardepth.geometry.scene import Scene, camera_of
from neardepth.imaging.colour import depth_range
from neardepth.imaging.depthmaps import MAX_DEPTH, unit_for
from neardepth.imaging.photos import Photo
from neardepth.result import DepthResult
from neardepth.video.options import VideoOptions
from neardepth.video.reading import VideoFile
from neardepth.video.stereo import plan_stereo

_SAMPLES = 8  # frames spread over the video that say how far it reaches
_SAMPLE_SIDE = 640


def plan_video(
    video: VideoFile, estimator: DepthEstimator, options: VideoOptions
) -> dict[str, Any]:
    """Choose from some frames what serves all of them.

    Returns:
        Plain data: ``limits`` of the colours in metres, whether anything is ``unknown``, the
        ``unit`` of the depth video in metres a count, the ``camera`` in pixels, the
        ``depth_kind``, and ``stereo`` (see `plan_stereo`); None where there is nothing to know.

    Raises:
        MethodError, GeometryError: stereo is wanted and cannot be.
    """
    depths = []
    result: DepthResult | None = None
    for frame in video.samples(_SAMPLES, options.start, options.end):
        result = estimator(Photo(frame.image, video.path.name))
        depths.append(_thinned(result.depth))
    known = [float(np.fmax.reduce(depth, None)) for depth in depths]
    stereo = None
    if options.stereo is not None and result is not None:
        stereo = plan_stereo(depths, Scene.of_result(result), options.stereo)
    return {
        "limits": depth_range(*depths),
        "unknown": any(bool(np.isnan(depth).any()) for depth in depths),
        # Other frames may reach twice as far as those looked at.
        "unit": unit_for(min(2 * max(known, default=0.0), MAX_DEPTH)),
        "camera": asdict(camera_of(result)) if result else None,
        "depth_kind": result.pool.get("depth_kind", "z") if result else None,
        "stereo": stereo,
    }


def _thinned(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Keep some of a large map's pixels: enough for a range, and eight of them fit in memory."""
    stride = max(1, max(depth.shape) // _SAMPLE_SIDE)
    return np.ascontiguousarray(depth[::stride, ::stride])
