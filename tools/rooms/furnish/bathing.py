"""Bathrooms."""

from __future__ import annotations

from rooms import palette
from rooms.builder import Finish
from rooms.furnish.groups import (
    hang_above,
    mess,
    perhaps,
    pictures,
)
from rooms.furniture import bath, decor, storage
from rooms.plan import Planner


def _tub(planner: Planner, tiles: Finish) -> None:
    """Put a tub along a wall that it fills, else in any corner."""
    rng, room = planner.rng, planner.room
    for wall in rng.sample(range(4), 4):
        if not 1.45 < room.wall_length(wall) < 2.4:
            continue
        tub = bath.tub(rng, min(1.8, room.wall_length(wall) - 0.06), tiles)
        if planner.against_wall(tub, [wall], clear=0.3, corner=True, away=0.0):
            return
    planner.against_wall(bath.tub(rng, 1.65, tiles), clear=0.3, corner=True, away=0.0)


def _basin(planner: Planner) -> None:
    rng = planner.rng
    piece = bath.vanity(rng) if rng.random() < 0.7 else bath.pedestal_basin(rng)
    basin = planner.against_wall(piece, clear=0.45)
    if basin and basin.wall is not None:
        width, z = min(1.0, basin.piece.width + 0.1), 1.1
        found = planner.hang(width, (z, z + 0.8), [basin.wall], along=basin.along)
        if found:
            decor.wall_mirror(planner.on_wall(*found, 0.0, z), width, rng.uniform(0.6, 0.85))


def _toilet(planner: Planner) -> None:
    rng = planner.rng
    toilet = planner.against_wall(bath.toilet(rng), clear=0.4, away=0.0)
    if toilet and toilet.wall is not None:
        beside = toilet.along + rng.choice((-1, 1)) * 0.45
        found = planner.hang(0.2, (0.6, 0.85), [toilet.wall], along=beside)
        if found:
            bath.roll_holder(planner.on_wall(*found, 0.0, 0.7))
        hang_above(planner, toilet, 0.4)


def bathroom(planner: Planner) -> None:
    """Tub or none, toilet, basin with a mirror above, towels."""
    rng = planner.rng
    tiles = palette.tile(rng, "tile", 0.15)
    if rng.random() < 0.75:
        _tub(planner, tiles)
    _basin(planner)
    _toilet(planner)
    for _ in range(rng.randint(1, 2)):
        found = planner.hang(0.6, (0.7, 1.4), None)
        if found:
            bath.towel_rail(planner.on_wall(*found, 0.0, 1.25), 0.5)
    if rng.random() < 0.8:
        planner.somewhere(bath.mat(rng), 0.02)
    perhaps(planner, 0.5, lambda r: storage.drawers(r, 1, 4, 0.42, 1.0, 0.34), 0.2)
    mess(planner, 3)
    pictures(planner, 1)
