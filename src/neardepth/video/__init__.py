"""Depth of videos: reading and writing them, and depth that stays put in time."""

from __future__ import annotations

from neardepth.errors import VideoError

try:
    import av as _av  # noqa: F401
except ImportError as _cause:
    raise VideoError("videos need PyAV: pip install 'neardepth[video]'") from _cause

from neardepth.video.convert import convert_video
from neardepth.video.depthvideo import DepthFrame, read_depth_video
from neardepth.video.options import Summary, VideoOptions
from neardepth.video.reading import Frame, VideoFile
from neardepth.video.stabilise import Stabiliser
from neardepth.video.stereo import StereoOptions

__all__ = [
    "DepthFrame",
    "Frame",
    "Stabiliser",
    "StereoOptions",
    "Summary",
    "VideoFile",
    "VideoOptions",
    "convert_video",
    "read_depth_video",
]
