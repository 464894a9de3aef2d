"""Bedrooms, living rooms, dining rooms and studies."""

from __future__ import annotations

import math

from rooms import palette
from rooms.furnish.groups import (
    desk_with_chair,
    dining_set,
    hang_above,
    lay_rug,
    mess,
    perhaps,
    pictures,
)
from rooms.furniture import beds, clutter, decor, seats, storage, tables
from rooms.plan import Planner, Spot


def _nightstands(planner: Planner, bed: Spot, wall: int) -> None:
    rng = planner.rng
    for side in (-1, 1):
        stand = storage.nightstand(rng)
        along = bed.along + side * (bed.piece.width / 2 + 0.31)
        wanted = rng.random() < 0.85
        if wanted and stand.width / 2 < along < planner.room.wall_length(wall) - stand.width / 2:
            at = planner.against_wall(stand, [wall], clear=0.1, along=along)
            if at:
                top = planner.on_wall(wall, along, 0.2, stand.height)
                decor.table_lamp(top.at(0, -0.02))
                clutter.strew(top, (-0.16, 0.16), (0.1, 0.14), (*clutter.DESK, clutter.clock), 1)


def bedroom(planner: Planner) -> None:
    """Bed with its head to a wall, nightstands, wardrobe, chest, and what lies about."""
    rng = planner.rng
    bed = None
    for _ in range(4):
        piece = beds.bed(rng) if rng.random() < 0.92 else beds.crib(rng)
        bed = bed or planner.against_wall(piece, clear=0.3, corner=piece.width < 1.2)
    if bed and bed.wall is not None:
        if rng.random() < 0.4:
            lay_rug(planner, bed, bed.piece.width + 1.1, 1.7, 1.5)
        _nightstands(planner, bed, bed.wall)
        hang_above(planner, bed, 0.6)
        if rng.random() < 0.25:
            c, s = math.cos(bed.turn), math.sin(bed.turn)
            away = bed.piece.depth + 0.28
            planner.free_standing(
                seats.ottoman(rng, 1.1), bed.x - s * away, bed.y + c * away, bed.turn
            )
    perhaps(planner, 0.75, storage.wardrobe)
    if rng.random() < 0.75:
        chest = planner.against_wall(
            storage.drawers(
                rng,
                rng.choice((1, 2)),
                rng.choice((3, 4)),
                rng.uniform(0.8, 1.4),
                rng.uniform(0.75, 1.1),
            )
        )
        if chest:
            hang_above(planner, chest, 0.6)
    if rng.random() < 0.45:
        desk_with_chair(planner, rng.uniform(0.9, 1.3))
    perhaps(planner, 0.4, storage.bookcase)
    perhaps(planner, 0.3, lambda r: seats.sofa(r, 1))
    perhaps(planner, 0.3, decor.floor_lamp)
    perhaps(planner, 0.3, decor.standing_plant)
    mess(planner, 5)
    pictures(planner, 4)


def living_room(planner: Planner) -> None:
    """Sofa and television face each other over a coffee table; armchairs, shelves, plants."""
    rng = planner.rng
    cover = palette.upholstery(rng)
    sofa = planner.against_wall(
        seats.sofa(rng, None, cover), clear=1.2, away=rng.uniform(0.02, 0.15)
    )
    if sofa and sofa.wall is not None:
        if rng.random() < 0.65:
            lay_rug(planner, sofa, rng.uniform(2.0, 2.8), rng.uniform(1.4, 2.0), 1.4)
        c, s = math.cos(sofa.turn), math.sin(sofa.turn)
        away = sofa.piece.depth + 0.75
        planner.free_standing(
            tables.coffee_table(rng), sofa.x - s * away, sofa.y + c * away, sofa.turn
        )
        for side in (-1, 1):
            table = tables.side_table(rng)
            along = sofa.along + side * (sofa.piece.width / 2 + table.width / 2 + 0.05)
            end = planner.room.wall_length(sofa.wall) - table.width / 2
            wanted = rng.random() < 0.55 and table.width / 2 < along < end
            if wanted and planner.against_wall(
                table, [sofa.wall], clear=0.1, along=along, away=0.1
            ):
                decor.table_lamp(planner.on_wall(sofa.wall, along, 0.3, table.height + 0.006))
        hang_above(planner, sofa, 0.7)
        for side in (-1, 1):
            if rng.random() < 0.55:
                x, y = side * (sofa.piece.width / 2 + 0.35), sofa.piece.depth + 0.9
                planner.free_standing(
                    seats.sofa(rng, 1, cover if rng.random() < 0.5 else None),
                    sofa.x + c * x - s * y,
                    sofa.y + s * x + c * y,
                    sofa.turn + side * (math.pi / 2 + rng.gauss(0, 0.15)),
                )
    walls = [(sofa.wall + 2) % 4] if sofa and sofa.wall is not None else None
    planner.against_wall(storage.sideboard(rng, tv=True), walls, clear=0.6) or planner.against_wall(
        storage.sideboard(rng, tv=True)
    )
    perhaps(planner, 0.75, storage.bookcase)
    perhaps(planner, 0.5, storage.bookcase)
    perhaps(planner, 0.4, storage.sideboard)
    if planner.room.length > 5.2:
        dining_set(planner)
    perhaps(planner, 0.5, decor.floor_lamp)
    perhaps(planner, 0.6, decor.standing_plant)
    perhaps(planner, 0.35, lambda r: seats.sofa(r, 1))
    mess(planner, 4)
    pictures(planner, 6)


def dining_room(planner: Planner) -> None:
    """A table in the middle under a lamp, a sideboard and a cabinet."""
    rng = planner.rng
    spot = dining_set(planner)
    if spot and rng.random() < 0.4:
        c, s = math.cos(spot.turn), math.sin(spot.turn)
        away = spot.piece.depth / 2
        decor.pendant(
            planner.builder.at(spot.x - s * away, spot.y + c * away, planner.room.height),
            rng.uniform(15, 40),
            decor.WARM,
            planner.room.height - 1.75,
        )
    perhaps(planner, 0.9, storage.sideboard)
    perhaps(planner, 0.5, storage.wardrobe)
    perhaps(planner, 0.5, storage.bookcase)
    perhaps(planner, 0.5, decor.standing_plant)
    perhaps(planner, 0.4, decor.floor_lamp)
    perhaps(planner, 0.4, lambda r: seats.sofa(r, 1))
    mess(planner, 3)
    pictures(planner, 5)


def study(planner: Planner) -> None:
    """A home office: a desk among bookcases."""
    rng = planner.rng
    desk_with_chair(planner)
    for _ in range(rng.randint(2, 4)):
        planner.against_wall(storage.bookcase(rng), clear=0.4)
    perhaps(planner, 0.5, lambda r: seats.sofa(r, r.choice((1, 2))))
    perhaps(planner, 0.4, storage.filing_cabinet)
    perhaps(planner, 0.4, storage.drawers)
    perhaps(planner, 0.5, decor.floor_lamp)
    mess(planner, 7)
    pictures(planner, 4)
