"""Depth in a video file: 16-bit counts without loss, and the unit in the file's notes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from neardepth.errors import VideoError

UNIT_KEY = "DEPTHUNIT"
"""The note of the file that gives metres per count; Matroska writes names in capitals."""

DESCRIPTION = f"depth in metres = value x {UNIT_KEY}; 0 = unknown"


@dataclass(frozen=True, eq=False)
class DepthFrame:
    """Depth at a moment of a video."""

    time: float
    """Seconds."""
    depth: NDArray[np.float32]
    """H×W metres, NaN unknown."""


def from_counts(counts: NDArray[np.uint16], unit: float) -> NDArray[np.float32]:
    """Decode counts to metres, NaN unknown."""
    metres = np.asarray(counts * np.float32(unit), dtype=np.float32)
    metres[counts == 0] = np.nan
    return metres


def read_depth_video(path: str | os.PathLike[str]) -> Iterator[DepthFrame]:
    """Yield the depth maps of a video that `neardepth video` wrote, one at a time.

    Raises:
        VideoError: the file cannot be read, or does not say its unit.
    """
    name = Path(path)
    try:
        with closing(av.open(str(name))) as container:
            notes = {key.upper(): value for key, value in container.metadata.items()}
            unit = float(notes.get(UNIT_KEY, "nan"))
            stream = container.streams.video[0] if container.streams.video else None
            if stream is None or stream.pix_fmt != "gray16le" or not np.isfinite(unit):
                raise VideoError(
                    f"{name} is not a depth video: it needs 16-bit grey pictures and a note "
                    f"{UNIT_KEY}, as `neardepth video` writes them."
                )
            for frame in container.decode(stream):
                counts = np.asarray(frame.to_ndarray(), np.uint16)
                yield DepthFrame(float(frame.time), from_counts(counts, unit))
    except (av.FFmpegError, OSError) as cause:
        reason = getattr(cause, "strerror", None) or str(cause)
        raise VideoError(f"{name} cannot be read: {reason}.") from cause
