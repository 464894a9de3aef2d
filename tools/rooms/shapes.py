"""Meshes of simple bodies: chamfered boxes, cushions, turned bodies, tubes and sheets.

Every function returns a `Shape` in its own coordinates, in metres.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Face = tuple[int, ...]
Vector = tuple[float, float, float]

_SHARP = math.radians(38)  # a profile's corner above this is an edge, not a curve


@dataclass(frozen=True)
class Shape:
    """A mesh: points (N×3), faces as indices into them, and whether it is shaded as a curve."""

    points: Points
    faces: Sequence[Face]
    smooth: bool


def box(low: Vector, high: Vector, bevel: float) -> Shape:
    """Return a box between two corners with its edges chamfered, so that they catch light."""
    lower, upper = np.minimum(low, high), np.maximum(low, high)
    half = (upper - lower) / 2
    cut = min(bevel, 0.45 * float(half.min()))
    corners = list(itertools.product((0, 1), repeat=3))
    points = [
        np.where(np.arange(3) == axis, half, half - cut) * (2 * np.array(corner) - 1)
        for corner in corners
        for axis in range(3)
    ]

    def index(corner: Sequence[int], axis: int) -> int:
        return 3 * corners.index((corner[0], corner[1], corner[2])) + axis

    faces: list[Face] = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for side in (0, 1):
            ring = []
            for i, j in ((0, 0), (1, 0), (1, 1), (0, 1)):
                corner = [0, 0, 0]
                corner[axis], corner[u], corner[v] = side, i, j
                ring.append(index(corner, axis))
            faces.append(tuple(ring if side else ring[::-1]))
        for i, j in itertools.product((0, 1), repeat=2):
            first, last = [0, 0, 0], [0, 0, 0]
            first[u], first[v] = i, j
            last[u], last[v] = i, j
            last[axis] = 1
            faces.append((index(first, u), index(last, u), index(last, v), index(first, v)))
    faces += [tuple(index(corner, axis) for axis in range(3)) for corner in corners]
    return Shape(np.array(points) + (lower + upper) / 2, faces, smooth=False)


def _ticks(half: float, radius: float, cells: int) -> Points:
    """Grid lines along one side: dense where the edge is rounded, even in between."""
    bend = half - radius + radius * np.tan(np.linspace(0, math.pi / 4, 4))[1:]
    middle = np.linspace(-(half - radius), half - radius, cells + 1)
    return np.concatenate([-bend[::-1], middle, bend])


def rounded_box(size: Vector, radius: float, cells: int = 1) -> Shape:
    """Return a box about the origin with rounded edges, its sides cut into `cells` × `cells`."""
    half = np.array(size) / 2
    radius = min(radius, 0.98 * float(half.min()))
    ticks = [_ticks(float(h), radius, cells) for h in half]
    keys: dict[tuple[int, int, int], int] = {}
    faces: list[Face] = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for end in (0, len(ticks[axis]) - 1):
            for i, j in itertools.product(range(len(ticks[u]) - 1), range(len(ticks[v]) - 1)):
                ring = []
                for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)):
                    key = [0, 0, 0]
                    key[axis], key[u], key[v] = end, a, b
                    ring.append(keys.setdefault((key[0], key[1], key[2]), len(keys)))
                faces.append(tuple(ring if end else ring[::-1]))
    raw = np.array([[ticks[a][k[a]] for a in range(3)] for k in keys])
    core = np.clip(raw, -(half - radius), half - radius)
    away = raw - core
    points = core + radius * away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-12)
    return Shape(points, faces, smooth=True)


def cushion(size: Vector, radius: float, bulge: float, waves: Sequence[Vector]) -> Shape:
    """Return a padded body: a rounded box whose top and bottom swell by `bulge`.

    ``waves`` are creases: waves per metre in x and in y, and height in metres.
    """
    shape = rounded_box(size, radius, cells=7)
    points = shape.points.copy()
    x, y, z = points.T
    u, v = np.clip(2 * points[:, :2] / np.array(size[:2]), -1, 1).T
    points[:, 2] += bulge * np.sign(z) * (1 - u**2) * (1 - v**2) * np.minimum(1, abs(z) / 0.02)
    for number, (kx, ky, height) in enumerate(waves):
        points[:, 2] += height * np.sin(2 * math.pi * (kx * x + ky * y) + 1.7 * number)
    return Shape(points, shape.faces, smooth=True)


def turned(profile: Sequence[tuple[float, float]], sides: int, stretch: float = 1.0) -> Shape:
    """Return a body turned on a lathe about z from (radius, height) points, `stretch`ed in y."""
    runs: list[list[tuple[float, float]]] = [[profile[0]]]
    for before, here, after in itertools.zip_longest(profile, profile[1:], profile[2:]):
        if here is None:
            break
        runs[-1].append(here)
        if after is not None:
            angle = math.atan2(after[1] - here[1], after[0] - here[0]) - math.atan2(
                here[1] - before[1], here[0] - before[0]
            )
            if abs((angle + math.pi) % (2 * math.pi) - math.pi) > _SHARP:
                runs.append([here])
    angles = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    circle = np.stack([np.cos(angles), stretch * np.sin(angles)], axis=1)
    rings: list[Points] = []
    faces: list[Face] = []
    for run in runs:
        for number, (radius, height) in enumerate(run):
            base = sides * len(rings)
            rings.append(np.column_stack([circle * radius, np.full(sides, height)]))
            if number:
                for i in range(sides):
                    j = (i + 1) % sides
                    faces.append((base - sides + i, base - sides + j, base + j, base + i))
    return Shape(np.concatenate(rings), faces, smooth=True)


def tube(path: Sequence[Vector], radius: float, sides: int = 8) -> Shape:
    """Return a round bar along a path, closed at its ends."""
    line = np.array(path, dtype=float)
    steps = np.diff(line, axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    ahead = np.concatenate([steps[:1], steps])
    behind = np.concatenate([steps, steps[-1:]])
    along = ahead + behind
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    first = np.eye(3)[int(np.argmin(abs(along[0])))]
    angles = np.linspace(0, 2 * math.pi, sides, endpoint=False)
    rings: list[Points] = []
    for centre, direction, step in zip(line, along, ahead, strict=True):
        first = first - direction * (first @ direction)
        first /= np.linalg.norm(first)
        second = np.cross(direction, first)
        wide = radius / max(0.5, float(direction @ step))  # keeps the bar's width in its bends
        rings.append(
            centre + wide * (np.outer(np.cos(angles), first) + np.outer(np.sin(angles), second))
        )
    faces: list[Face] = [
        (
            k * sides + i,
            k * sides + (i + 1) % sides,
            (k + 1) * sides + (i + 1) % sides,
            (k + 1) * sides + i,
        )
        for k in range(len(line) - 1)
        for i in range(sides)
    ]
    faces.append(tuple(range(sides))[::-1])
    faces.append(tuple(range((len(line) - 1) * sides, len(line) * sides)))
    return Shape(np.concatenate(rings), faces, smooth=sides > 6)


def sheet(surface: Callable[[float, float], Vector], columns: int, rows: int) -> Shape:
    """Return the surface over the unit square, cut into columns × rows."""
    points = np.array(
        [surface(i / columns, j / rows) for j in range(rows + 1) for i in range(columns + 1)]
    )
    wide = columns + 1
    faces: list[Face] = [
        (j * wide + i, j * wide + i + 1, (j + 1) * wide + i + 1, (j + 1) * wide + i)
        for j in range(rows)
        for i in range(columns)
    ]
    return Shape(points, faces, smooth=columns * rows > 1)
