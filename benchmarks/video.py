"""Videos: a frame's share of the whole conversion beside its network alone, and peak memory."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from common import ROOT, Row, side_by_side
from PIL import Image

from neardepth import DepthEstimator
from neardepth.video import VideoFile, VideoOptions, convert_video

_ROOM = ROOT / "examples" / "rooms" / "rgb" / "100012.jpg"
RATE = 30
FRAMES = 60
SIZE = (480, 640)

CONVERT = """
import sys
from neardepth import DepthEstimator
from neardepth.video import convert_video
convert_video(sys.argv[1], sys.argv[2], DepthEstimator(method="kernel-fast"))
print(next(int(l.split()[1]) for l in open("/proc/self/status") if "VmHWM" in l) / 1024)
"""


def measure(folder: Path) -> list[Row]:
    """Convert videos made of a photo that is panned over."""
    clip = write(folder / "clip.mp4", FRAMES, SIZE)
    estimator = DepthEstimator(method="kernel-fast")
    frames = [estimator.prepare(frame.image)[1] for frame in VideoFile(clip).read()]

    def networks() -> None:
        for pixels in frames:
            estimator.describe(pixels)

    def whole() -> None:
        convert_video(clip, folder / "video", estimator)

    def unsmoothed() -> None:
        convert_video(clip, folder / "video", estimator, VideoOptions(stabilise=False))

    limit, smooth, plain = (
        seconds / FRAMES for seconds in side_by_side(networks, whole, unsmoothed, repeats=3)
    )
    what = f"video frame, {SIZE[1]}×{SIZE[0]}"
    return [
        Row(what, smooth, limit, "s", f"network alone, {1 / limit:.1f} frames/s", "≤ 2"),
        Row(f"{what}, not smoothed", plain, limit, "s", "network alone", "≤ 2"),
        memory(folder),
    ]


def memory(folder: Path) -> Row:
    """Compare 60 frames with 300 of a small video: memory must not grow with their number."""

    def peak(frames: int) -> float:
        clip = write(folder / f"{frames}.mp4", frames, (240, 320))
        command = [sys.executable, "-c", CONVERT, clip, folder / "video"]
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
        return float(done.stdout)

    return Row("peak memory, video of 300 frames", peak(300), peak(60), "MB", "60 frames", "≤ 1.05")


def write(path: Path, frames: int, size: tuple[int, int]) -> Path:
    """Write a video that pans over a photo."""
    height, width = size
    with Image.open(_ROOM) as image:
        wide = np.asarray(image.convert("RGB").resize((width * 3 // 2, height)))
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", RATE)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        for number in range(frames):
            left = round(width / 4 * (1 + np.sin(number / 20)))
            part = np.ascontiguousarray(wide[:, left : left + width])
            frame = av.VideoFrame.from_ndarray(part, "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for row in measure(Path(name)):
            print(row, f"ratio {row.ratio:.2f}")
