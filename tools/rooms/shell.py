"""Floor, ceiling and walls, with the doors and windows in them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from rooms import palette
from rooms.builder import Builder, Finish
from rooms.plan import Area, Planner, Room, Stretch
from rooms.shapes import Vector

REVEAL = 0.14
"""How far a window's pane lies behind the wall."""
DOOR_INSET = 0.05


@dataclass(frozen=True)
class Opening:
    """A door or window in a wall: ranges along it and of heights."""

    wall: int
    along: tuple[float, float]
    heights: tuple[float, float]
    is_door: bool


@dataclass(frozen=True)
class Finishes:
    """What the shell is made of; the walls are tiled up to `tiled_to`, if at all."""

    floor: Finish
    wall: Finish
    ceiling: Finish
    trim: Finish
    tiles: Finish | None = None
    tiled_to: float = 0.0
    skirting: float = 0.09


def build_shell(planner: Planner, openings: Sequence[Opening], finishes: Finishes) -> None:
    """Build the room's six sides; doors and windows are left open."""
    room, builder = planner.room, planner.builder

    def level(z: float) -> tuple[Vector, Vector, Vector]:
        return (0.0, 0.0, z), (room.width, 0.0, z), (0.0, room.length, z)

    _flat(builder, level(0.0), finishes.floor)
    _flat(builder, level(room.height), finishes.ceiling)
    for wall in range(4):
        own = [opening for opening in openings if opening.wall == wall]
        _wall(planner.on_wall(wall, 0.0), room, wall, own, finishes)
        for opening in own:
            planner.walls[wall].append(
                Stretch((opening.along[0] - 0.09, opening.along[1] + 0.09), opening.heights)
            )
            if opening.is_door:
                planner.kept_free.append(_way(room, opening))


def _flat(builder: Builder, corners: tuple[Vector, Vector, Vector], finish: Finish) -> None:
    origin, first, second = corners

    def surface(u: float, v: float) -> Vector:
        x, y, z = (
            o + u * (a - o) + v * (b - o) for o, a, b in zip(origin, first, second, strict=True)
        )
        return x, y, z

    builder.sheet(surface, finish, laid_out=True)


def _way(room: Room, opening: Opening) -> Area:
    ends = [
        room.from_wall(opening.wall, along, away)
        for along, away in ((opening.along[0], 0.0), (opening.along[1], 0.85))
    ]
    xs, ys = sorted(p[0] for p in ends), sorted(p[1] for p in ends)
    return Area((xs[0], xs[1]), (ys[0], ys[1]))


def _wall(
    builder: Builder, room: Room, wall: int, openings: Sequence[Opening], finishes: Finishes
) -> None:
    length = room.wall_length(wall)
    tiled = min(finishes.tiled_to, room.height)
    xs = sorted({0.0, length, *(x for o in openings for x in o.along)})
    zs = sorted({0.0, room.height, tiled, *(z for o in openings for z in o.heights)})
    for (x0, x1), (z0, z1) in itertools.product(itertools.pairwise(xs), itertools.pairwise(zs)):
        middle = Stretch((x0, x1), (z0, z1))
        if any(middle.meets(Stretch(o.along, o.heights)) for o in openings):
            continue
        finish = finishes.tiles if finishes.tiles and z1 <= tiled else finishes.wall
        _flat(builder, ((x0, 0.0, z0), (x1, 0.0, z0), (x0, 0.0, z1)), finish)
    for opening in openings:
        _reveal(builder, opening, finishes.wall)
    if finishes.skirting and not tiled:
        doors = sorted(o.along for o in openings if o.is_door)
        edges = [0.0, *(x for a, b in doors for x in (a - 0.08, b + 0.08)), length]
        for x0, x1 in zip(edges[::2], edges[1::2], strict=True):
            if x1 - x0 > 0.02:
                builder.box((x0, x1), (0.0, 0.014), (0.0, finishes.skirting), finishes.trim, 0.005)


def _reveal(builder: Builder, opening: Opening, finish: Finish) -> None:
    (x0, x1), (z0, z1) = opening.along, opening.heights
    for corners in (
        ((x0, 0.0, z0), (x0, -REVEAL, z0), (x0, 0.0, z1)),
        ((x1, 0.0, z0), (x1, -REVEAL, z0), (x1, 0.0, z1)),
        ((x0, 0.0, z0), (x1, 0.0, z0), (x0, -REVEAL, z0)),
        ((x0, 0.0, z1), (x1, 0.0, z1), (x0, -REVEAL, z1)),
    ):
        _flat(builder, corners, finish)
    if opening.is_door:
        # Else the crack beside the leaf would look out into nothing.
        _flat(builder, ((x0, -REVEAL, z0), (x1, -REVEAL, z0), (x0, -REVEAL, z1)), finish)


def build_door(planner: Planner, opening: Opening, trim: Finish, leaf: Finish) -> None:
    """Build a closed door with its frame and handle."""
    rng = planner.rng
    width, height = opening.along[1] - opening.along[0], opening.heights[1]
    b = planner.on_wall(opening.wall, opening.along[0])
    for x0, x1 in ((-0.075, 0.0), (width, width + 0.075)):
        b.box((x0, x1), (0.0, 0.02), (0.0, height), trim, 0.006)
    b.box((-0.075, width + 0.075), (0.0, 0.02), (height, height + 0.075), trim, 0.006)
    b.box((0.001, width - 0.001), (-DOOR_INSET - 0.04, -DOOR_INSET), (0.004, height - 0.002), leaf)
    if rng.random() < 0.65:
        _panels(b, width, height, leaf, rows=rng.choice((2, 3)), columns=rng.choice((1, 2)))
    side = rng.choice((0.07, width - 0.07))
    inward = 1 if side < width / 2 else -1
    y = -DOOR_INSET
    handle = Finish("metal", palette.of(rng, palette.METALS))
    knob = b.at(side, y, 1.0, 0.0, -math.pi / 2)
    knob.turned([(0.026, 0.0), (0.026, 0.006), (0.01, 0.008), (0.01, 0.04), (0, 0.04)], handle, 14)
    b.tube(((side, y + 0.045, 1.0), (side + inward * 0.11, y + 0.045, 1.0)), 0.009, handle)


def _panels(b: Builder, width: float, height: float, leaf: Finish, rows: int, columns: int) -> None:
    edge, y = 0.11, -DOOR_INSET
    wide = (width - edge * (columns + 1)) / columns
    high = (height - 0.1 - edge * (rows + 1)) / rows
    for i, j in itertools.product(range(columns), range(rows)):
        x0, z0 = edge + i * (wide + edge), 0.1 + edge + j * (high + edge)
        x1, z1 = x0 + wide, z0 + high
        b.rim((x0, x1), (y - 0.001, y + 0.012), (z0, z1), 0.02, leaf, 0.006)
        b.box((x0 + 0.05, x1 - 0.05), (y - 0.001, y + 0.008), (z0 + 0.05, z1 - 0.05), leaf, 0.008)


def build_window(
    planner: Planner, opening: Opening, frame: Finish, view: Finish, panes: int
) -> None:
    """Build a window: frame, bars, sill, and the pane, which shows what lies outside."""
    (x0, x1), (z0, z1) = opening.along, opening.heights
    width, height = x1 - x0, z1 - z0
    b = planner.on_wall(opening.wall, x0, 0.0, z0)
    y = -REVEAL
    # Laid out about eye height, so that the horizon stands right.
    base = 1.5 - z0

    def pane(u: float, v: float) -> Vector:
        return u * width, y, v * height

    b.sheet(
        pane,
        view,
        laid_out=True,
        ghost=True,
        shift=(opening.along[0] + 7.0 * opening.wall, 0.0, -base),
    )
    bar = 0.045
    b.rim((0.002, width - 0.002), (y + 0.003, y + 0.05), (0.002, height - 0.002), bar, frame)
    for pane_number in range(1, panes):
        x = width * pane_number / panes
        b.box((x - bar / 2, x + bar / 2), (y + 0.003, y + 0.049), (bar, height - bar), frame)
    if planner.rng.random() < 0.3:
        z = height * planner.rng.choice((0.5, 0.68))
        b.box((bar, width - bar), (y + 0.003, y + 0.047), (z - bar / 2, z + bar / 2), frame)
    if z0 > 0.2:
        b.box((-0.05, width + 0.05), (0.001, 0.04), (-0.03, 0.002), frame, 0.006)
        b.box((0.001, width - 0.001), (y + 0.001, 0.001), (-0.02, 0.002), frame, 0.0)
