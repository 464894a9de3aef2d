"""Makes small videos of known content with PyAV."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from neardepth.video import Summary, read_depth_video
from scenes import scene

RATE = 24


def pictures(
    count: int, size: tuple[int, int] = (48, 64), seed: int = 0
) -> list[NDArray[np.uint8]]:
    """A view that moves over a larger scene, two pixels a frame."""
    image, _ = scene(seed, (size[0], size[1] + 2 * count))
    return [np.ascontiguousarray(image[:, 2 * k : 2 * k + size[1]]) for k in range(count)]


def write_video(
    path: Path,
    frames: Sequence[NDArray[np.uint8]],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, RATE),
    sound: str | None = None,
    rotation: int = 0,
    metadata: dict[str, str] | None = None,
    gop: int = 12,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Write RGB frames, with a second of sound for each `RATE` frames where a codec is given."""
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        container.metadata.update(metadata or {})
        stream: Any = container.add_stream(codec, rate=RATE)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.codec_context.gop_size = pix_fmt, gop
        stream.codec_context.time_base = time_base
        if rotation:
            stream.set_display_rotation(rotation)
        track: Any = container.add_stream(sound, rate=48000) if sound else None
        for number, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(image, "rgb24")
            frame.pts, frame.time_base = (pts[number] if pts else number), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if track is not None:
            _tone(container, track, len(frames) / RATE)
    return path


def write_sound(path: Path, seconds: float = 1.0, codec: str = "aac") -> Path:
    """Write a tone without pictures."""
    with av.open(str(path), "w") as container:
        _tone(container, container.add_stream(codec, rate=48000), seconds)
    return path


def _tone(container: Any, track: Any, seconds: float) -> None:
    for start in range(0, round(seconds * 48000), 960):
        wave = 0.2 * np.sin((start + np.arange(960)) * 0.05)
        frame = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), "fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(track.encode(frame))
    container.mux(track.encode())


def sound_packets(path: Path) -> list[tuple[float, bytes]]:
    """Return time in seconds and content of each sound packet."""
    with av.open(str(path)) as container:
        return [
            (float(packet.pts * packet.time_base), bytes(packet))
            for packet in container.demux(container.streams.audio[0])
            if packet.pts is not None
        ]


def times(path: Path) -> list[float]:
    """Return the time of each picture, seconds."""
    with av.open(str(path)) as container:
        return [float(frame.time) for frame in container.decode(video=0)]


def depths(path: Path) -> list[NDArray[np.float32]]:
    return [frame.depth for frame in read_depth_video(path)]


def made(summary: Summary, ending: str) -> Path:
    return next(path for path in summary.files if path.name.endswith(ending))
