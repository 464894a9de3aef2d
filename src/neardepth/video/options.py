"""What to make of a video, and what was made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from neardepth.errors import MethodError
from neardepth.geometry.layouts import find_layout
from neardepth.video.stereo import StereoOptions

ENDINGS = (".mp4", ".mkv")
"""Of videos with sound."""


@dataclass(frozen=True)
class VideoOptions:
    """What to make of a video.

    Raises:
        MethodError: a value is out of range.
    """

    depth_format: Literal["ffv1", "png"] = "ffv1"
    stabilise: bool = True
    start: float = 0.0
    """Seconds."""
    end: float | None = None
    """Seconds, not included; None for the video's end."""
    stereo: StereoOptions | None = None

    def __post_init__(self) -> None:
        if self.depth_format not in ("ffv1", "png"):
            raise MethodError(f"depth is written as ffv1 or png, not {self.depth_format}")
        if not 0 <= self.start < float("inf"):
            raise MethodError(f"a video starts at 0 s or later, not {self.start:g} s")
        if self.end is not None and not self.end > self.start:
            raise MethodError(
                f"the end is after the start: {self.end:g} s is not after {self.start:g} s"
            )

    def targets(self, folder: Path, stem: str) -> list[Path]:
        """Return what may be written: the ending of videos with sound depends on its kind."""
        names = [".depth.mkv", *(f".preview{ending}" for ending in ENDINGS)]
        for layout in map(find_layout, self.stereo.layouts if self.stereo else ()):
            names += [f"{suffix}{ending}" for suffix in layout.suffixes for ending in ENDINGS]
        return [folder / f"{stem}{name}" for name in names]


@dataclass(frozen=True)
class Summary:
    """What a conversion did."""

    files: tuple[Path, ...]
    """Those written; none where Ctrl-C ended a run over the files of a finished one."""
    frames: int
    lost: int
    """Frames of the input that could not be decoded, as far as can be told."""
    cuts: int
    unlike: int
    """Frames of low confidence."""
    beyond: int
    """Frames with depth that the depth video's unit cannot hold."""
    limits: tuple[float, float]
    """Range of the preview's colours, metres."""
    camera: str
    """In words, with where its numbers come from."""
    screen: float | None
    """Of stereo: metres, the depth seen on the screen itself."""
    parallax: tuple[float, float] | None
    """Of stereo: the nearest and the farthest pixel's, per cent of the width."""
    seconds: float
    """Of this run."""
    done_now: int
    """Frames of this run."""
    interrupted: bool = False
