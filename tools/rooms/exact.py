"""Checks the depth that is cast, before it is rounded, against analytic planes and corners.

    python tools/rooms/exact.py --count 20

Walls, floor and ceiling are compared pixel by pixel; the eight corners of each room by a ray
towards a point a tenth of a millimetre within each, whether or not the camera looks at it.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from rooms.check import depth_of_box
from rooms.compose import compose
from rooms.output import record_of
from rooms.raycast import Caster
from rooms.viewpoint import choose

_LIMIT = 0.001
_SIZE = (320, 240)
_INSET = 1e-4


def deviations(seed: int) -> tuple[float, float, int]:
    """Return a scene's worst deviation in metres on planes and at corners, and the corners seen."""
    scene = compose(seed)
    caster = Caster(scene.stock.parts)
    camera = choose(scene, caster, seed, *_SIZE)
    depth, parts = caster.cast(camera)
    box = depth_of_box(record_of(seed, scene, camera, _SIZE))
    room = scene.room
    size = np.array([room.width, room.length, room.height])
    flat = [
        number
        for number, part in enumerate(scene.stock.parts[: scene.shell_parts])
        if len(part.faces) == 1 and _in_side(part.points, size)
    ]
    on_planes = np.isin(parts, flat)
    worst = float(abs(depth - box)[on_planes].max()) if on_planes.any() else 0.0

    corners = np.array(list(itertools.product(*((0.0, side) for side in size))))
    goals = np.clip(corners, _INSET, size - _INSET)
    origin = camera.pose[:3, 3]
    reach, hit = caster.along(origin, goals - origin)
    seen = np.isin(hit, flat)
    found = origin + reach[seen, None] * (goals - origin)[seen]
    apart = np.linalg.norm(found - corners[seen], axis=1)
    return worst, float(apart.max()) if seen.any() else 0.0, int(seen.sum())


def _in_side(points: np.ndarray, size: np.ndarray) -> bool:
    """Whether a part lies in one of the box's six sides."""
    within = bool((points >= -1e-9).all() and (points <= size + 1e-9).all())
    flat = [
        bool(np.allclose(points[:, axis], bound, atol=1e-9))
        for axis in range(3)
        for bound in (0.0, size[axis])
    ]
    return within and any(flat)


def main() -> int:
    """Print the worst deviations; fail above a millimetre."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=20, help="scenes (%(default)s)")
    parser.add_argument("--first-seed", type=int, default=0, help="(%(default)s)")
    options = parser.parse_args()
    seeds = range(options.first_seed, options.first_seed + options.count)
    planes, corners, seen = zip(*(deviations(seed) for seed in seeds), strict=True)
    print(f"planes:  {max(planes) * 1e6:.2f} µm at worst over {len(seeds)} scenes")
    print(f"corners: {max(corners) * 1e6:.2f} µm at worst over {sum(seen)} corners")
    return 0 if max(*planes, *corners) <= _LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
