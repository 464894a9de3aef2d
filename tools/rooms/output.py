"""Writes scenes into a folder that `neardepth pool build` reads, each file whole or not at all.

rgb/NAME.jpg     the photo
depth/NAME.png   z-depth at the pixels' centres, 16 bit, millimetres, 0 where nothing is
scenes/NAME.json the camera, its pose, and the room; written last, so it marks what is done
pairs.csv        every pair's scene and intrinsics
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rooms.camera import Camera
from rooms.compose import Scene
from rooms.shell import DOOR_INSET, REVEAL

JPEG_QUALITY = 88


def write_view(
    folder: Path, name: str, photo: NDArray[np.uint8], depth: NDArray[np.float64], suffix: str = ""
) -> None:
    """Write a photo and its depth map (metres) into `rgb` and `depth`, plus `suffix`."""
    buffer = io.BytesIO()
    Image.fromarray(photo).save(buffer, "JPEG", quality=JPEG_QUALITY, optimize=True)
    write_whole(folder / f"rgb{suffix}" / f"{name}.jpg", buffer.getvalue())
    millimetres = np.rint(np.nan_to_num(depth, nan=0.0) * 1000).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(millimetres).save(buffer, "PNG", optimize=True)
    write_whole(folder / f"depth{suffix}" / f"{name}.png", buffer.getvalue())


def write_record(folder: Path, name: str, record: Mapping[str, Any]) -> None:
    """Write what is known of a scene; from then on it counts as done."""
    write_whole(folder / "scenes" / f"{name}.json", (json.dumps(record) + "\n").encode())


def is_done(folder: Path, name: str) -> bool:
    """Whether a scene has been written."""
    return (folder / "scenes" / f"{name}.json").exists()


def record_of(seed: int, scene: Scene, camera: Camera, size: tuple[int, int]) -> dict[str, Any]:
    """Return a scene's record: `pose` maps camera to room, x right, y down, z ahead."""
    cx, cy = camera.centre
    return {
        "seed": seed,
        "kind": scene.room.kind,
        "camera": {
            "width": size[0],
            "height": size[1],
            "fx": camera.focal,
            "fy": camera.focal,
            "cx": cx,
            "cy": cy,
        },
        "pose": camera.pose.tolist(),
        "room": {
            "width": scene.room.width,
            "length": scene.room.length,
            "height": scene.room.height,
            "floor": 0.0,
        },
        "openings": [asdict(opening) for opening in scene.openings],
        "window_reveal": REVEAL,
        "door_inset": DOOR_INSET,
    }


def write_pairs(folder: Path) -> None:
    """Write `pairs.csv` from the scenes' records."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["name", "scene", "fx", "fy", "cx", "cy"])
    for path in sorted((folder / "scenes").glob("*.json")):
        record = json.loads(path.read_bytes())
        camera = record["camera"]
        scene = f"{record['kind']} {record['seed']}"
        table.writerow(
            [path.stem, scene, *(f"{camera[key]:.9g}" for key in ("fx", "fy", "cx", "cy"))]
        )
    write_whole(folder / "pairs.csv", text.getvalue().encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place, then move it there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)
