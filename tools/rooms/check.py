"""Checks a rendered folder's depth against the geometry of its rooms.

    python tools/rooms/check.py OUT

Needs no renderer: it works out from each record where the room's six planes lie, and where the
panes of windows and the leaves of doors lie behind them, and compares the depth maps with that.
Depth in the files is rounded to a millimetre, so a pixel lies on a plane if it is within half a
millimetre of it, and ten micrometres for the renderer's single precision at grazing angles.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_ROUNDING = 0.0005 + 1e-5  # metres
_NEAREST = 0.05

Depths = NDArray[np.float64]


@dataclass(frozen=True)
class Report:
    """Shares of one scene's pixels, or their means over scenes."""

    known: float
    """Pixels with a depth."""
    on_shell: float
    """Pixels on a plane of the room: along the camera's axis within the rounding."""
    on_openings: float
    """Pixels on a window's pane or a door's leaf."""
    beyond: float
    """Pixels farther than the room, its panes and its doors allow."""
    worst: float
    """How far in metres the farthest of these lies beyond."""


def rays_of(record: dict[str, Any]) -> Depths:
    """Return the pixels' rays in the room's axes, H×W×3, each of z-depth 1."""
    camera, pose = record["camera"], np.array(record["pose"])
    x, y = np.meshgrid(np.arange(camera["width"]), np.arange(camera["height"]))
    own = [(x - camera["cx"]) / camera["fx"], (y - camera["cy"]) / camera["fy"], np.ones(x.shape)]
    return np.asarray(np.stack(own, axis=-1) @ pose[:3, :3].T)


def depth_of_box(record: dict[str, Any]) -> Depths:
    """Return the z-depth of the empty box, its openings closed."""
    rays, origin = rays_of(record), np.array(record["pose"])[:3, 3]
    room = record["room"]
    size = np.array([room["width"], room["length"], room["height"]])
    with np.errstate(divide="ignore"):
        reach = np.where(rays > 0, (size - origin) / rays, -origin / rays)
    return np.asarray(np.where(rays == 0, np.inf, reach).min(axis=-1))


def _wall_frame(record: dict[str, Any], wall: int) -> tuple[Depths, Depths, Depths]:
    """Return a wall's corner, the way along it, and the way into the room."""
    width, length = record["room"]["width"], record["room"]["length"]
    corners = [(0.0, 0.0), (width, 0.0), (width, length), (0.0, length)]
    c, s = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][wall]
    return np.array([*corners[wall], 0.0]), np.array([c, s, 0.0]), np.array([-s, c, 0.0])


def depth_of_openings(record: dict[str, Any], *, recess: bool) -> Depths:
    """Return the z-depth of panes and door leaves where a pixel looks at one, else of the box.

    ``recess`` takes the back of each opening instead, the farthest that can be seen: there is a
    crack around a door's leaf.
    """
    rays, origin = rays_of(record), np.array(record["pose"])[:3, 3]
    limit = depth_of_box(record)
    for opening in record["openings"]:
        corner, along, inward = _wall_frame(record, opening["wall"])
        leaf = opening["is_door"] and not recess
        behind = record["door_inset"] if leaf else record["window_reveal"]
        with np.errstate(divide="ignore", invalid="ignore"):
            at_wall = ((corner - origin) @ inward) / (rays @ inward)
            at_back = ((corner - behind * inward - origin) @ inward) / (rays @ inward)
        hit = origin + at_wall[..., None] * rays - corner
        x, z = hit @ along, hit[..., 2]
        (x0, x1), (z0, z1) = opening["along"], opening["heights"]
        inside = (at_wall > 0) & (x >= x0) & (x <= x1) & (z >= z0) & (z <= z1)
        limit = np.where(inside, np.maximum(limit, at_back), limit)
    return limit


def check(depth: Depths, record: dict[str, Any]) -> Report:
    """Compare one depth map (metres, 0 where unknown) with its room."""
    known = depth > _NEAREST
    over = np.where(known, depth - depth_of_openings(record, recess=True), -np.inf)
    box, panes = depth_of_box(record), depth_of_openings(record, recess=False)
    on_shell = known & (abs(depth - box) <= _ROUNDING)
    on_openings = known & (panes > box) & (abs(depth - panes) <= _ROUNDING)
    return Report(
        float(known.mean()),
        float(on_shell.mean()),
        float(on_openings.mean()),
        float((over > _ROUNDING).mean()),
        max(0.0, float(over.max())),
    )


def check_folder(folder: Path) -> Iterable[tuple[str, Report]]:
    """Yield each scene's name and report."""
    for path in sorted((folder / "scenes").glob("*.json")):
        with Image.open(folder / "depth" / f"{path.stem}.png") as image:
            depth = np.asarray(image) / 1000
        yield path.stem, check(depth, json.loads(path.read_bytes()))


def main() -> int:
    """Print the figures; fail if a depth map is not exact."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="a folder that tools/rooms has written")
    reports = dict(check_folder(parser.parse_args().folder))
    if not reports:
        print("no rendered scene")
        return 1
    print(f"scenes                      {len(reports)}")
    print(f"pixels with depth           {np.mean([r.known for r in reports.values()]):.4%}")
    print(f"pixels on the room's planes {np.mean([r.on_shell for r in reports.values()]):.2%}")
    print(f"pixels on panes and leaves  {np.mean([r.on_openings for r in reports.values()]):.2%}")
    print(f"pixels beyond the room      {np.mean([r.beyond for r in reports.values()]):.4%}")
    print(f"farthest beyond             {max(r.worst for r in reports.values()) * 1000:.3f} mm")
    bad = [name for name, report in reports.items() if report.beyond > 0 or report.known < 1]
    if bad:
        print(f"not exact: {', '.join(bad)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
