"""Clouds of rendered rooms, with true depth and camera: flat, right-angled, and right by a tape."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.geometry.scene import Scene

ROOMS = Path(__file__).resolve().parents[2] / "examples" / "rooms"
RECORDS = json.loads((ROOMS / "scenes.json").read_bytes())[:12:2]


def planes(record: dict[str, Any]) -> dict[int, list[tuple[NDArray[np.float64], float, float]]]:
    """By axis of the room: normal, distance from the camera, and what that is by the room's plan.

    Planes are fitted in the camera's axes to the points within 5 mm of the plan's.
    """
    name, camera, room = f"{record['seed']:04d}", record["camera"], record["room"]
    scene = Scene.of_files(
        ROOMS / "rgb" / f"{name}.jpg", ROOMS / "depth" / f"{name}.png", focal_px=camera["fx"]
    )
    points = scene.point_cloud().points.astype(np.float64)
    pose = np.array(record["pose"])
    inside = points @ pose[:3, :3].T + pose[:3, 3]
    found: dict[int, list[tuple[NDArray[np.float64], float, float]]] = {}
    for axis, size in enumerate((room["width"], room["length"], room["height"])):
        for place in (0.0, size):
            on = points[np.abs(inside[:, axis] - place) < 0.005]
            if len(on) < 3000:
                continue
            middle = on.mean(axis=0)
            normal = np.linalg.svd(on - middle, full_matrices=False)[2][2]
            assert np.abs((on - middle) @ normal).max() < 0.006  # flat
            tape = abs(pose[axis, 3] - place)
            found.setdefault(axis, []).append((normal, abs(float(normal @ middle)), tape))
    return found


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record["seed"])
def test_walls_are_at_right_angles_and_where_the_plan_has_them(record: dict[str, Any]) -> None:
    found = planes(record)
    assert found
    for axis, here in found.items():
        for normal, distance, tape in here:
            assert distance == pytest.approx(tape, abs=0.01)
            for other, there in found.items():
                for beside, _, _ in there:
                    expected = 1 if other == axis else 0
                    assert abs(normal @ beside) == pytest.approx(expected, abs=0.003)
