"""Kitchens."""

from __future__ import annotations

from rooms import palette
from rooms.furnish.groups import (
    dining_set,
    mess,
    perhaps,
    pictures,
)
from rooms.furniture import kitchen, seats, storage
from rooms.plan import Planner, Spot


def _wall_units(
    planner: Planner, spot: Spot, look: kitchen.Style, units: int, low: float, high: float
) -> None:
    if spot.wall is None:
        return
    rng = planner.rng
    first = None
    for k in range(units + 1):
        along = spot.along - 0.3 * units + 0.6 * k + 0.3
        free = k < units and planner.hang(0.58, (low, high), [spot.wall], along=along) is not None
        if free and first is None:
            first = k
        if not free and first is not None:
            count = k - first
            middle = spot.along - 0.3 * units + 0.6 * (first + k) / 2
            kitchen.wall_cupboards(
                planner.on_wall(spot.wall, middle),
                look,
                count,
                low,
                high,
                rng.randrange(count) if rng.random() < 0.6 else None,
            )
            first = None


def _splashback(planner: Planner, spot: Spot, high: float) -> None:
    rng = planner.rng
    if spot.wall is None or rng.random() < 0.3:
        return
    tiles = (
        palette.tile(rng, "subway", 0.075) if rng.random() < 0.5 else palette.tile(rng, "tile", 0.1)
    )
    step = 0.3
    count = round(spot.piece.width / step)
    for k in range(count):
        along = spot.along - spot.piece.width / 2 + step * (k + 0.5)
        if planner.hang(step - 0.01, (0.9, 1.4), [spot.wall], along=along):
            b = planner.on_wall(spot.wall, along - step / 2)
            b.sheet(
                lambda u, v: (step * u, 0.006, 0.9 + v * (high - 0.9)),
                tiles,
                laid_out=True,
                shift=(step * k, 0.0, 0.0),
            )


def kitchen_room(planner: Planner) -> None:
    """Runs of cupboards along one to three walls, fridge, table or island."""
    rng, room = planner.rng, planner.room
    look = kitchen.style(rng)
    order = rng.sample(range(4), 4)
    low, high = 1.42, rng.uniform(2.05, 2.2)
    runs = 0
    for wall in order:
        if runs >= 3:
            break
        most = int((room.wall_length(wall) - 0.1) / 0.6)
        for units in range(min(most, 6), 1, -1):
            piece = kitchen.run(
                rng, look, units, sink=runs == 0, hob=runs == 1 or (runs == 0 and units > 3)
            )
            spot = planner.against_wall(
                piece, [wall], clear=0.75, corner=rng.random() < 0.7, away=0.0
            )
            if spot:
                runs += 1
                _wall_units(planner, spot, look, units, low, min(high, room.height - 0.1))
                _splashback(planner, spot, low)
                break
    planner.against_wall(kitchen.fridge(rng, look), clear=0.5, corner=True)
    if rng.random() < 0.35:
        planner.somewhere_square(kitchen.island(rng, look, rng.uniform(1.1, 1.7)), 0.75)
    elif rng.random() < 0.75:
        dining_set(planner)
    if rng.random() < 0.4:
        planner.somewhere(seats.stool(rng))
    perhaps(planner, 0.3, storage.sideboard)
    perhaps(planner, 0.3, storage.bookcase)
    mess(planner, 3)
    pictures(planner, 2)
