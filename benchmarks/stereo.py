"""Two eyes' views of a 1080p photo of a room: what `render_stereo` takes, beside a second."""

from __future__ import annotations

import cv2
import numpy as np
from common import ROOT, Row, side_by_side

from neardepth.geometry.rig import Rig
from neardepth.geometry.stereo import render_stereo
from neardepth.imaging.depthmaps import read_depth
from neardepth.imaging.photos import read_photo

_SIZE = (1920, 1440)  # rooms are 4:3: of this, the middle 1080 rows
_ROOM = "100012"


def measure() -> Row:
    """Render both eyes at true depth, 63 mm apart."""
    rooms = ROOT / "examples" / "rooms"
    photo = read_photo(rooms / "rgb" / f"{_ROOM}.jpg").image
    depth = read_depth(rooms / "depth" / f"{_ROOM}.png")
    rows = slice(180, 1260)
    large = np.asarray(cv2.resize(photo, _SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)[rows]
    # Nearest: depth of a photo that size has edges as sharp.
    deep = np.asarray(cv2.resize(depth, _SIZE, interpolation=cv2.INTER_NEAREST), np.float32)[rows]
    rig = Rig.of_camera(63, 1500, 2.0)
    (seconds,) = side_by_side(lambda: render_stereo(large, deep, rig), repeats=5)
    return Row("stereo pair, 1080p", seconds, 1.0, "s", "a second", "≤ 1")


if __name__ == "__main__":
    print(measure())
