"""The point cloud of rendered rooms, with true depth and camera, beside the rooms' own geometry.

python tools/cloud_truth.py out/stereo

OUT is a folder that `python tools/rooms OUT` wrote. Floor, ceiling and walls are fitted as planes
in the camera's own axes; only to find their points does this look at the room's geometry.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth.geometry.cloud import point_cloud
from neardepth.imaging.depthmaps import read_depth
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import read_photo

_WITHIN = 0.005  # metres from a plane up to which points may lie on it: rugs are thicker
_OUTLIER = 0.0015  # metres from the fit; depth is in whole millimetres
_ROUNDS = 8
_LEAST = 500  # points that a plane needs
_STRIP = 0.1  # metres of spread across: less is a strip, and no plane can be told from it

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Plane:
    """A fit: unit normal, distance from the camera and roughness (m); what is true of it (m)."""

    normal: Floats
    distance: float
    roughness: float
    true_distance: float
    room_size: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rooms", type=Path, help="folder that tools/rooms wrote")
    paths = sorted((parser.parse_args().rooms / "scenes").glob("*.json"))
    rooms = [fitted(path) for path in paths]
    planes = [plane for room in rooms for plane in room.values()]
    flat = [plane.roughness for plane in planes]
    distances = [plane.distance - plane.true_distance for plane in planes]
    angles: list[float] = []
    sizes: list[float] = []
    for room in rooms:
        for (first, one), (second, other) in itertools.combinations(room.items(), 2):
            if first[0] == second[0]:
                sizes.append(one.distance + other.distance - one.room_size)
            else:
                angles.append(90 - math.degrees(math.acos(abs(float(one.normal @ other.normal)))))
    print(f"{len(paths)} rooms, {len(planes)} planes of at least {_LEAST} points")
    print(f"flat: root mean square {1000 * max(flat):.2f} mm from the plane at worst")
    print(f"right angles: off by {max(map(abs, angles)):.3f} degrees at worst of {len(angles)}")
    print(f"camera to plane: off by {1000 * max(map(abs, distances)):.2f} mm at worst")
    if sizes:
        print(
            f"plane to plane opposite: off by {1000 * max(map(abs, sizes)):.2f} mm at worst "
            f"of {len(sizes)}"
        )


def fitted(path: Path) -> dict[str, Plane]:
    """Fit the floor, the ceiling and the walls of a room that are seen well enough."""
    record = json.loads(path.read_bytes())
    folder, name = path.parent.parent, path.stem
    camera = Intrinsics(*(record["camera"][key] for key in ("fx", "fy", "cx", "cy")))
    photo = read_photo(folder / "rgb" / f"{name}.jpg").image
    depth = read_depth(folder / "depth" / f"{name}.png")
    points = point_cloud(photo, depth, camera).points.astype(np.float64)
    pose, room = np.array(record["pose"]), record["room"]
    inside = points @ pose[:3, :3].T + pose[:3, 3]
    planes = {}
    for axis, size in enumerate((room["width"], room["length"], room["height"])):
        for end, place in (("low", 0.0), ("high", float(size))):
            on = points[np.abs(inside[:, axis] - place) < _WITHIN]
            plane = _fit(on, abs(pose[axis, 3] - place), float(size))
            if plane is not None:
                planes[f"{axis} {end}"] = plane
    return planes


def _fit(points: Floats, truth: float, size: float) -> Plane | None:
    """Fit a plane by least squares, leaving out what stands off it: rugs, skirting, pictures."""
    for _ in range(_ROUNDS):
        if len(points) < _LEAST:
            return None
        middle = points.mean(axis=0)
        _, spread, axes = np.linalg.svd(points - middle, full_matrices=False)
        spread /= math.sqrt(len(points))
        if spread[1] < _STRIP:
            return None
        normal = axes[2]
        off = np.abs((points - middle) @ normal)
        points = points[off <= _OUTLIER]
    return Plane(normal, abs(float(normal @ middle)), float(spread[2]), truth, size)


if __name__ == "__main__":
    main()
