"""Chooses where someone would stand to take a photo of a room, and how a camera moves in it."""

from __future__ import annotations

import math
import random

import numpy as np

from rooms.camera import Camera, look
from rooms.compose import Scene
from rooms.plan import Area, Room
from rooms.raycast import Caster
from rooms.shapes import Vector

_CANDIDATES = 24
_PROBE = 28  # pixels in width of the small view that a candidate is judged by
_CLEARANCE = 0.22  # metres around the camera
_NEAR = 0.8


def choose(scene: Scene, caster: Caster, seed: int, width: int, height: int) -> Camera:
    """Return the best of some hand-held views of the scene."""
    rng = random.Random(f"view {seed}")
    focal = width / 2 / math.tan(math.radians(rng.uniform(50.0, 75.0)) / 2)
    distance = rng.triangular(1.7, 5.0, 2.9)
    best: tuple[float, Camera] | None = None
    for number in range(6 * _CANDIDATES):
        if best is not None and number >= _CANDIDATES:
            break
        at = _standing(rng, scene)
        if at is None or caster.clearance(at) < _CLEARANCE:
            continue
        camera = Camera(focal, width, height, _aim(rng, scene, at))
        score = _score(scene, caster, camera, distance)
        if best is None or score > best[0]:
            best = score, camera
    if best is None:
        middle = (scene.room.width / 2, scene.room.length / 2, 1.5)
        return Camera(focal, width, height, _aim(rng, scene, middle))
    return best[1]


def _standing(rng: random.Random, scene: Scene) -> Vector | None:
    room = scene.room
    for _ in range(60):
        x, y = rng.uniform(0.25, room.width - 0.25), rng.uniform(0.25, room.length - 0.25)
        if not any(area.holds(x, y, 0.12) for area in scene.planner.taken if area.height > 0.05):
            return x, y, rng.triangular(1.0, 1.7, 1.45)
    return None


def _weight(area: Area) -> float:
    return (area.x[1] - area.x[0]) * (area.y[1] - area.y[0]) * (0.4 + area.height)


def _aim(rng: random.Random, scene: Scene, at: Vector) -> np.ndarray:
    """Look towards a thing or its neighbourhood, a little down as a rule."""
    things = [area for area in scene.planner.taken if area.height > 0.2]
    room = scene.room
    goal = (room.width / 2, room.length / 2, 1.0)
    windows = [opening for opening in scene.openings if not opening.is_door]
    if windows and rng.random() < 0.25:
        window = rng.choice(windows)
        goal = (*room.from_wall(window.wall, sum(window.along) / 2, 0.3), 1.0)
    elif things:
        area = rng.choices(things, [_weight(area) for area in things])[0]
        goal = (sum(area.x) / 2, sum(area.y) / 2, area.height * rng.uniform(0.3, 1.0))
    dx, dy = goal[0] - at[0] + rng.gauss(0, 0.25), goal[1] - at[1] + rng.gauss(0, 0.25)
    pitch = math.atan2(goal[2] - at[2], max(0.3, math.hypot(dx, dy)))
    pitch = min(0.12, max(-0.75, 0.65 * pitch + rng.gauss(0.0, 0.08)))
    return look(at, math.atan2(dy, dx), pitch, rng.gauss(0.0, 0.025))


def _score(scene: Scene, caster: Caster, camera: Camera, distance: float) -> float:
    depth, parts = caster.cast(camera.resized(_PROBE))
    depth = np.nan_to_num(depth, nan=0.0)
    furniture = float((parts >= scene.shell_parts).mean())
    near = float((depth < _NEAR).mean())
    things = len(np.unique(parts[parts >= scene.shell_parts]))
    return (
        1.6 * min(furniture, 0.7)
        + 0.3 * math.log1p(things)
        - 1.1 * abs(math.log(float(np.median(depth)) / distance + 1e-3))
        - 6.0 * max(0.0, near - 0.02)
        - 1.5 * max(0.0, furniture - 0.85)
    )


def path(camera: Camera, caster: Caster, room: Room, frames: int) -> list[Camera]:
    """Return a hand-held walk of `frames` views about the first view's middle.

    The camera swings aside and back on an arc, as wide as the furniture allows, and keeps
    looking at what it saw in the middle.
    """
    depth, _ = caster.cast(camera.resized(_PROBE))
    reach = float(np.nanmedian(depth))
    pose = camera.pose
    goal = pose[:3, 3] + reach * pose[:3, 2]
    for width in (0.9, 0.6, 0.4, 0.25, 0.12, 0.05):
        views = [_on_path(camera, goal, width, k / frames) for k in range(frames)]
        if all(_is_clear(view, caster, room) for view in views):
            return views
    return [camera] * frames


def _on_path(camera: Camera, goal: np.ndarray, width: float, share: float) -> Camera:
    pose = camera.pose
    turn = 2 * math.pi * share
    aside = width * math.sin(turn)
    ahead = 0.35 * width * (1 - math.cos(turn))
    rise = 0.05 * width * math.sin(3 * turn)
    at = pose[:3, 3] + aside * pose[:3, 0] + ahead * pose[:3, 2] - rise * pose[:3, 1]
    way = goal - at
    yaw, pitch = math.atan2(way[1], way[0]), math.atan2(way[2], math.hypot(way[0], way[1]))
    roll = math.asin(max(-1.0, min(1.0, float(-pose[2, 0]))))
    return Camera(
        camera.focal,
        camera.width,
        camera.height,
        look((float(at[0]), float(at[1]), float(at[2])), yaw, pitch, roll),
    )


def _is_clear(camera: Camera, caster: Caster, room: Room) -> bool:
    x, y, z = camera.pose[:3, 3]
    inside = 0.1 < x < room.width - 0.1 and 0.1 < y < room.length - 0.1 and 0.3 < z < room.height
    return bool(inside) and caster.clearance((x, y, z)) > 0.15
