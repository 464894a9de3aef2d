"""The room as a box, what stands on its floor, and what takes up its walls."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rooms.builder import Builder

_TRIES = 60


@dataclass(frozen=True)
class Room:
    """A box from (0, 0, 0) to (width, length, height), in metres.

    Walls are numbered anticlockwise from the one at y = 0. Along each runs its own axis, from
    left to right of someone who stands with the back to it.
    """

    kind: str
    width: float
    length: float
    height: float

    def wall_length(self, wall: int) -> float:
        """Return a wall's length."""
        return self.width if wall % 2 == 0 else self.length

    def from_wall(self, wall: int, along: float, away: float) -> tuple[float, float]:
        """Return the floor point that lies so far along a wall and away from it."""
        x0, y0 = ((0.0, 0.0), (self.width, 0.0), (self.width, self.length), (0.0, self.length))[
            wall
        ]
        c, s = ((1, 0), (0, 1), (-1, 0), (0, -1))[wall]
        return x0 + c * along - s * away, y0 + s * along + c * away


@dataclass(frozen=True)
class Piece:
    """A thing to be placed, with its back at y = 0, facing +y, and centred about x = 0."""

    width: float
    depth: float
    height: float
    build: Callable[[Builder], None]


@dataclass(frozen=True)
class Area:
    """A rectangle of the floor, and up to where it is taken."""

    x: tuple[float, float]
    y: tuple[float, float]
    height: float = 0.0

    def meets(self, other: Area, gap: float = 0.0) -> bool:
        """Whether two areas overlap, or come closer than the gap."""
        return (
            self.x[0] < other.x[1] + gap
            and other.x[0] < self.x[1] + gap
            and self.y[0] < other.y[1] + gap
            and other.y[0] < self.y[1] + gap
        )

    def holds(self, x: float, y: float, gap: float = 0.0) -> bool:
        """Whether a point lies within, or closer than the gap."""
        return self.x[0] - gap < x < self.x[1] + gap and self.y[0] - gap < y < self.y[1] + gap


@dataclass(frozen=True)
class Stretch:
    """A part of a wall: a range along it, a range of heights."""

    along: tuple[float, float]
    heights: tuple[float, float]

    def meets(self, other: Stretch) -> bool:
        """Whether two stretches overlap."""
        return (
            self.along[0] < other.along[1]
            and other.along[0] < self.along[1]
            and self.heights[0] < other.heights[1]
            and other.heights[0] < self.heights[1]
        )


@dataclass(frozen=True)
class Spot:
    """Where a piece stands: its back's middle, its turn, the area it takes, and its wall."""

    x: float
    y: float
    turn: float
    area: Area
    piece: Piece
    wall: int | None = None
    along: float = 0.0


@dataclass
class Planner:
    """Finds places for pieces, so that none meets another, a door's way or a window."""

    room: Room
    builder: Builder
    taken: list[Area] = field(default_factory=list)
    kept_free: list[Area] = field(default_factory=list)
    walls: list[list[Stretch]] = field(default_factory=lambda: [[], [], [], []])

    @property
    def rng(self) -> random.Random:
        """The scene's source of chance."""
        return self.builder.rng

    def on_wall(self, wall: int, along: float, away: float = 0.0, z: float = 0.0) -> Builder:
        """Return a builder at a wall, its y into the room."""
        x, y = self.room.from_wall(wall, along, away)
        return self.builder.at(x, y, z, wall * math.pi / 2)

    def against_wall(
        self,
        piece: Piece,
        walls: Sequence[int] | None = None,
        *,
        clear: float = 0.45,
        corner: bool = False,
        along: float | None = None,
        away: float = 0.015,
    ) -> Spot | None:
        """Place a piece with its back to a wall and `clear` metres free before it, if it fits."""
        rng = self.rng
        for _ in range(_TRIES):
            wall = rng.choice(walls or (0, 1, 2, 3))
            room = self.room.wall_length(wall) - piece.width - 0.04
            if room < 0:
                continue
            place = along
            if place is None:
                share = rng.choice((0.0, 1.0)) if corner else rng.random()
                place = 0.02 + piece.width / 2 + share * room
            spot = self._spot(piece, wall, place, away)
            stretch = Stretch(
                (place - piece.width / 2, place + piece.width / 2), (0.0, piece.height)
            )
            front = self._rectangle(wall, place, piece.width, away + piece.depth, clear)
            if self._fits(spot.area, front) and not any(
                stretch.meets(other) for other in self.walls[wall]
            ):
                self.walls[wall].append(stretch)
                self.settle(spot, front)
                return spot
        return None

    def settle(self, spot: Spot, front: Area | None = None) -> None:
        """Take the spot's area, build its piece there, and keep the area before it free."""
        self.taken.append(spot.area)
        if front is not None:
            self.kept_free.append(front)
        spot.piece.build(self.builder.at(spot.x, spot.y, 0.0, spot.turn))

    def free_standing(
        self, piece: Piece, x: float, y: float, turn: float, gap: float = 0.02
    ) -> Spot | None:
        """Place a piece's middle at a point of the floor, if it fits."""
        spot = self.spot_about(piece, x, y, turn)
        if not self.is_free(spot.area, gap):
            return None
        self.settle(spot)
        return spot

    def somewhere(self, piece: Piece, gap: float = 0.05) -> Spot | None:
        """Place a piece anywhere on the free floor, at any turn."""
        rng, room = self.rng, self.room
        for _ in range(_TRIES):
            x, y = rng.uniform(0.3, room.width - 0.3), rng.uniform(0.3, room.length - 0.3)
            spot = self.free_standing(piece, x, y, rng.uniform(0, 2 * math.pi), gap)
            if spot:
                return spot
        return None

    def spot_about(self, piece: Piece, x: float, y: float, turn: float) -> Spot:
        """Return the spot with the piece's middle at a point; nothing is placed."""
        c, s = math.cos(turn), math.sin(turn)
        wide = (abs(c) * piece.width + abs(s) * piece.depth) / 2
        long = (abs(s) * piece.width + abs(c) * piece.depth) / 2
        area = Area((x - wide, x + wide), (y - long, y + long), piece.height)
        return Spot(x + s * piece.depth / 2, y - c * piece.depth / 2, turn, area, piece)

    def somewhere_square(self, piece: Piece, gap: float) -> Spot | None:
        """Place a piece anywhere on the free floor, in line with the walls."""
        rng, room = self.rng, self.room
        for _ in range(_TRIES):
            x, y = rng.uniform(0.5, room.width - 0.5), rng.uniform(0.5, room.length - 0.5)
            spot = self.free_standing(piece, x, y, rng.choice((0, 1, 2, 3)) * math.pi / 2, gap)
            if spot:
                return spot
        return None

    def is_inside(self, area: Area) -> bool:
        """Whether an area lies in the room."""
        return (
            area.x[0] >= -1e-9
            and area.y[0] >= -1e-9
            and area.x[1] <= self.room.width + 1e-9
            and area.y[1] <= self.room.length + 1e-9
        )

    def is_free(self, area: Area, gap: float = 0.0) -> bool:
        """Whether an area lies in the room and meets nothing that stands there."""
        return self.is_inside(area) and not any(area.meets(other, gap) for other in self.taken)

    def hang(
        self,
        width: float,
        heights: tuple[float, float],
        walls: Sequence[int] | None = None,
        along: float | None = None,
    ) -> tuple[int, float] | None:
        """Reserve a stretch of wall; return the wall and the middle along it, if there is room."""
        rng = self.rng
        for _ in range(_TRIES):
            wall = rng.choice(walls or (0, 1, 2, 3))
            room = self.room.wall_length(wall) - width - 0.2
            if room < 0:
                continue
            place = 0.1 + width / 2 + rng.random() * room if along is None else along
            stretch = Stretch((place - width / 2, place + width / 2), heights)
            if not 0.0 <= stretch.along[0] < stretch.along[1] <= self.room.wall_length(wall):
                continue
            if not any(stretch.meets(other) for other in self.walls[wall]):
                self.walls[wall].append(stretch)
                return wall, place
        return None

    def _spot(self, piece: Piece, wall: int, along: float, away: float) -> Spot:
        x, y = self.room.from_wall(wall, along, away)
        area = self._rectangle(wall, along, piece.width, away, piece.depth, piece.height)
        return Spot(x, y, wall * math.pi / 2, area, piece, wall, along)

    def _rectangle(
        self, wall: int, along: float, width: float, away: float, depth: float, height: float = 0.0
    ) -> Area:
        ends = [
            self.room.from_wall(wall, along - width / 2, away),
            self.room.from_wall(wall, along + width / 2, away + depth),
        ]
        xs, ys = sorted(p[0] for p in ends), sorted(p[1] for p in ends)
        return Area((xs[0], xs[1]), (ys[0], ys[1]), height)

    def _fits(self, area: Area, front: Area) -> bool:
        return (
            self.is_free(area)
            and not any(area.meets(other) for other in self.kept_free)
            and not any(front.meets(other) for other in self.taken)
        )
