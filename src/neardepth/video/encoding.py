"""Writes pictures as one stretch of a video: H.264 to look at, FFV1 for depth without loss."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from neardepth.errors import VideoError

Counts = NDArray[np.uint16]

_BT709 = 1  # ITU-T H.273: primaries, transfer and matrix of high-definition video

_Codec = tuple[Literal["libx264", "ffv1"], str, dict[str, str]]

# No B-frames: packets are in order, so that stretches can be put together as they are.
_COLOUR: _Codec = ("libx264", "yuv420p", {"preset": "veryfast", "crf": "18", "bf": "0"})
_FULL_COLOUR: _Codec = ("libx264", "yuv444p", _COLOUR[2])
_DEPTH: _Codec = (
    "ffv1",
    "gray16le",
    {"level": "3", "slices": "4", "slicecrc": "1", "g": "1"},
)


class Stretch:
    """A file with some frames of a video: colour, or counts of 16 bits.

    Frames are written as they come. What there is of the file before `close` is of no use.

    Args:
        path: a NUT file, which keeps any time base; a folder's stretches are put together later.
        size: height and width of the pictures.
        depth: whether they are counts, else RGB.
        rate: average frames a second.
        time_base: seconds of one count of `pts`.
        aspect: width of a pixel over its height.
        full_colour: whether each pixel keeps its own colour, instead of four sharing one.

    Raises:
        VideoError: it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        *,
        depth: bool,
        rate: Fraction,
        time_base: Fraction,
        aspect: Fraction = Fraction(1),
        full_colour: bool = False,
    ) -> None:
        self.path, self.depth, self.time_base = path, depth, time_base
        codec, pixels, options = _DEPTH if depth else _FULL_COLOUR if full_colour else _COLOUR
        try:
            self._container = av.open(str(path), "w", format="nut")
            # A rate of more than a million in a part is refused, and means nothing.
            stream = self._container.add_stream(
                codec, rate.limit_denominator(1001), options=dict(options)
            )
            stream.height, stream.width = size if depth else even(size)
            stream.pix_fmt = pixels
            stream.codec_context.time_base = stream.time_base = time_base
            stream.codec_context.sample_aspect_ratio = aspect
            if not depth:
                context = stream.codec_context
                context.colorspace = context.color_primaries = context.color_trc = _BT709
                context.color_range = ColorRange.MPEG
        except (av.FFmpegError, OSError, ValueError) as cause:
            raise unwritable(path, cause) from cause
        self._stream, self._pixels = stream, pixels

    def add(self, picture: NDArray[np.uint8] | Counts, pts: int) -> None:
        """Write one picture: H×W×3 RGB, or H×W counts."""
        if self.depth:
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture, np.uint16), "gray16le")
        else:
            frame = _yuv(picture, self._pixels)
        frame.pts, frame.time_base = pts, self.time_base
        self._write(frame)

    def close(self) -> None:
        """Write what the encoder still holds."""
        self._write(None)
        try:
            self._container.close()
        except (av.FFmpegError, OSError) as cause:
            raise unwritable(self.path, cause) from cause

    def _write(self, frame: VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except (av.FFmpegError, OSError) as cause:
            raise unwritable(self.path, cause) from cause


def _yuv(picture: NDArray[np.generic], pixels: str) -> VideoFrame:
    """Convert RGB to what H.264 players show: even sides, BT.709, 16 to 235."""
    height, width = picture.shape[:2]
    rows, columns = even((height, width))
    if (rows, columns) != (height, width):
        picture = np.pad(picture, ((0, rows - height), (0, columns - width), (0, 0)), "edge")
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture, np.uint8), "rgb24")
    return frame.reformat(
        format=pixels,
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


def even(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size with odd sides one pixel longer."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2


def unwritable(path: Path, cause: Exception) -> VideoError:
    """Say that a file cannot be written, and why."""
    reason = getattr(cause, "strerror", None) or str(cause)
    return VideoError(
        f"{path} cannot be written: {reason}; what was finished is kept, go on with --resume."
    )
