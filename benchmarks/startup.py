"""Processes from start to end: `--help`, and a cold `estimate`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from common import Row, side_by_side

BARE = """
import sys, cv2, lance, numpy, onnxruntime, PIL.Image
from neardepth.encoders import load_encoder
for name in ("efficientnet-lite0", "efficientnet-lite2"):
    encoder = load_encoder(name)
    encoder.maps(numpy.zeros((1, 480, 640, 3), numpy.uint8), ["stride16", "stride32"])
"""


def measure(pool: Path, photo: Path, folder: Path) -> list[Row]:
    """Time whole processes; the limit of `estimate` is its imports and one run of each network."""

    def run(*arguments: object) -> None:
        subprocess.run([sys.executable, *map(str, arguments)], check=True, capture_output=True)

    cold, bare, help_, python = side_by_side(
        lambda: run("-m", "neardepth", "estimate", photo, "--pool", pool, "-o", folder),
        lambda: run("-c", BARE),
        lambda: run("-m", "neardepth", "--help"),
        lambda: run("-c", "pass"),
        repeats=5,
    )
    return [
        Row("cold estimate", cold, bare, "s", "imports and networks", "≤ 1 s more"),
        Row("--help", help_, python, "s", "bare Python", "< 0.3 s"),
    ]
