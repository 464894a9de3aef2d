"""Collects the parts of a scene: meshes with a finish, and lamps, placed in nested frames."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rooms import shapes
from rooms.shapes import Face, Points, Shape, Vector

Colour = tuple[float, float, float]
"""Linear red, green and blue, 0 to 1."""


@dataclass(frozen=True)
class Finish:
    """What a surface is made of: a material's name and its two colours.

    ``scale`` stretches its pattern; of luminous materials it is the strength.
    """

    material: str
    colour: Colour
    second: Colour = (0.0, 0.0, 0.0)
    scale: float = 1.0

    def tinted(self, colour: Colour) -> Finish:
        """Return the same finish in another colour."""
        return replace(self, colour=colour)


@dataclass(frozen=True)
class Part:
    """A mesh in the scene's frame; ``local`` holds the points its pattern is laid out on."""

    points: Points
    local: Points
    faces: Sequence[Face]
    smooth: bool
    finish: Finish
    ghost: bool
    """Whether light passes through it, as through a window pane or a lampshade."""


@dataclass(frozen=True)
class Lamp:
    """A source of light: a rectangle that shines along its frame's -z, or a small ball."""

    frame: Points
    size: tuple[float, float]
    """Width and length of the rectangle; (radius, 0) of a ball."""
    watts: float
    colour: Colour


@dataclass(frozen=True)
class Sun:
    """Parallel light along its frame's -z, in watts per square metre."""

    frame: Points
    strength: float
    colour: Colour


@dataclass
class Stock:
    """Everything a scene consists of."""

    parts: list[Part] = field(default_factory=list)
    lamps: list[Lamp] = field(default_factory=list)
    sun: Sun | None = None


class Builder:
    """Adds bodies in a frame of its own; `at` gives a builder in a frame within it."""

    def __init__(self, rng: random.Random, stock: Stock, frame: Points | None = None) -> None:
        self.rng = rng
        self.stock = stock
        self.frame: Points = np.eye(4) if frame is None else frame

    def at(
        self, x: float, y: float, z: float = 0.0, turn: float = 0.0, tilt: float = 0.0
    ) -> Builder:
        """Return a builder at a place, turned about z, then tilted about its own x (radians)."""
        c, s, ct, st = math.cos(turn), math.sin(turn), math.cos(tilt), math.sin(tilt)
        own = np.array(
            [[c, -s * ct, s * st, x], [s, c * ct, -c * st, y], [0, st, ct, z], [0, 0, 0, 1]]
        )
        return Builder(self.rng, self.stock, self.frame @ own)

    def add(self, shape: Shape, finish: Finish, *, ghost: bool = False) -> None:
        """Add a body; its pattern runs along its longest side, and starts at a random place."""
        points = shape.points @ self.frame[:3, :3].T + self.frame[:3, 3]
        extent = np.ptp(shape.points, axis=0)
        order = np.argsort(-extent, kind="stable")
        start = np.array([self.rng.uniform(0, 20) for _ in range(3)])
        local = shape.points[:, order] + start
        self.stock.parts.append(Part(points, local, shape.faces, shape.smooth, finish, ghost))

    def box(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        z: tuple[float, float],
        finish: Finish,
        bevel: float = 0.004,
    ) -> None:
        """Add a chamfered box over the three ranges."""
        self.add(shapes.box((x[0], y[0], z[0]), (x[1], y[1], z[1]), bevel), finish)

    def rim(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        z: tuple[float, float],
        edge: float,
        finish: Finish,
        bevel: float = 0.004,
    ) -> None:
        """Add an upright frame of four bars that meet without overlapping.

        Faces that lie in each other would be rendered black.
        """
        for ends in ((x[0], x[0] + edge), (x[1] - edge, x[1])):
            self.box(ends, y, z, finish, bevel)
        for ends in ((z[0], z[0] + edge), (z[1] - edge, z[1])):
            self.box((x[0] + edge, x[1] - edge), y, ends, finish, bevel)

    def cushion(
        self,
        centre: Vector,
        size: Vector,
        finish: Finish,
        radius: float = 0.05,
        bulge: float = 0.0,
        crease: float = 0.0,
    ) -> None:
        """Add a padded body about a point; `crease` is the height of its folds."""
        rng = self.rng
        waves = (
            [
                (rng.uniform(-3, 3), rng.uniform(-3, 3), crease * rng.uniform(0.3, 1))
                for _ in range(4)
            ]
            if crease
            else []
        )
        shape = shapes.cushion(size, radius, bulge, waves)
        self.add(Shape(shape.points + np.array(centre), shape.faces, shape.smooth), finish)

    def turned(
        self,
        profile: Sequence[tuple[float, float]],
        finish: Finish,
        sides: int = 20,
        stretch: float = 1.0,
        *,
        ghost: bool = False,
    ) -> None:
        """Add a body turned about z from (radius, height) points."""
        self.add(shapes.turned(profile, sides, stretch), finish, ghost=ghost)

    def tube(self, path: Sequence[Vector], radius: float, finish: Finish, sides: int = 8) -> None:
        """Add a round bar along a path."""
        self.add(shapes.tube(path, radius, sides), finish)

    def sheet(
        self,
        surface: Callable[[float, float], Vector],
        finish: Finish,
        columns: int = 1,
        rows: int = 1,
        *,
        ghost: bool = False,
        laid_out: bool = False,
        shift: Vector = (0.0, 0.0, 0.0),
    ) -> None:
        """Add a surface over the unit square.

        ``laid_out`` starts its pattern at this frame's origin, plus ``shift``, so that sheets side
        by side continue it.
        """
        shape = shapes.sheet(surface, columns, rows)
        if not laid_out:
            self.add(shape, finish, ghost=ghost)
            return
        points = shape.points @ self.frame[:3, :3].T + self.frame[:3, 3]
        local = shape.points + np.array(shift)
        self.stock.parts.append(Part(points, local, shape.faces, shape.smooth, finish, ghost))

    def lamp(self, size: tuple[float, float], watts: float, colour: Colour) -> None:
        """Add a lamp at this frame's origin."""
        self.stock.lamps.append(Lamp(self.frame, size, watts, colour))
