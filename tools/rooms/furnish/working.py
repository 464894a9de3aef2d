"""Offices, classrooms and corridors."""

from __future__ import annotations

import math
import random

from rooms import palette
from rooms.builder import Finish
from rooms.furnish.groups import (
    desk_with_chair,
    dining_set,
    mess,
    perhaps,
    pictures,
)
from rooms.furniture import clutter, decor, seats, storage, tables
from rooms.plan import Planner


def office(planner: Planner) -> None:
    """Several desks, cabinets, shelves of binders, boards."""
    rng = planner.rng
    for _ in range(rng.randint(2, 4)):
        desk_with_chair(planner)
    for _ in range(rng.randint(1, 3)):
        planner.against_wall(storage.filing_cabinet(rng), clear=0.4)
    for _ in range(rng.randint(1, 3)):
        planner.against_wall(
            storage.bookcase(rng, filling=rng.choice(("binders", "books"))), clear=0.4
        )
    if rng.random() < 0.5:
        dining_set(planner)
    for build, odds in ((decor.pin_board, 0.6), (None, 0.6)):
        width, z = rng.uniform(0.9, 1.8), 1.0
        found = planner.hang(width, (z, 2.1)) if rng.random() < odds else None
        if found and build:
            build(planner.on_wall(*found, 0.0, z), width, 1.0)
        elif found:
            decor.board(planner.on_wall(*found, 0.0, z), width, 1.0, white=True)
    perhaps(planner, 0.4, lambda r: seats.shell_chair(r))
    perhaps(planner, 0.5, decor.standing_plant)
    mess(planner, 6)
    pictures(planner, 3)


def classroom(planner: Planner) -> None:
    """Rows of tables face a board; a teacher's desk, cupboards, posters."""
    rng, room = planner.rng, planner.room
    z = 0.95
    width = min(3.6, room.width - 1.5)
    found = planner.hang(width, (z, 2.15), [0]) or planner.hang(1.8, (z, 2.15))
    if found:
        decor.board(
            planner.on_wall(*found, 0.0, z),
            width if found[0] == 0 else 1.8,
            1.15,
            white=rng.random() < 0.6,
        )
    desk = tables.desk(rng, 1.4)
    planner.free_standing(desk, room.width * rng.choice((0.25, 0.75)), 1.25, math.pi)
    colour = palette.bright(rng)
    columns = max(2, int((room.width - 1.0) / 1.9))
    rows = max(2, int((room.length - 3.2) / 1.45))
    top = rng.getrandbits(32)
    for i in range(columns):
        for j in range(rows):
            x = (i + 0.5) * (room.width - 0.8) / columns + 0.4
            y = 2.6 + j * 1.45
            table = tables.table(random.Random(top), 1.3, 0.55, 0.72, laid=0.0)
            spot = planner.free_standing(
                table, x + rng.gauss(0, 0.03), y + rng.gauss(0, 0.03), math.pi
            )
            if not spot:
                continue
            own = planner.builder.at(x, y, 0.725)
            if rng.random() < 0.6:
                clutter.strew(
                    own,
                    (-0.5, 0.5),
                    (-0.15, 0.15),
                    (*clutter.DESK, tables.pen_pot, tables.laptop),
                    2,
                )
            for side in (-0.32, 0.32):
                planner.free_standing(
                    seats.shell_chair(rng, colour),
                    x + side,
                    y + 0.5 + rng.uniform(-0.05, 0.15),
                    math.pi + rng.gauss(0, 0.2),
                    gap=-0.2,
                )
    for _ in range(rng.randint(2, 4)):
        planner.against_wall(
            rng.choice((storage.bookcase, storage.cubby, storage.wardrobe, storage.filing_cabinet))(
                rng
            ),
            [1, 2, 3],
            clear=0.35,
        )
    for _ in range(rng.randint(2, 9)):
        wide, high = rng.choice(((0.42, 0.6), (0.6, 0.84), (0.6, 0.42)))
        low = rng.uniform(1.2, 1.6)
        place = planner.hang(wide + 0.05, (low, low + high))
        if place:
            decor.poster(planner.on_wall(*place, 0.0, low), wide, high)
    mess(planner, 4)


def corridor(planner: Planner) -> None:
    """Doors along both sides, seats, cabinets, notice boards."""
    rng = planner.rng
    for _ in range(rng.randint(1, 4)):
        pick = rng.random()
        if pick < 0.35:
            cover = Finish("fabric", palette.of(rng, palette.FABRICS))
            planner.against_wall(seats.chair(rng, palette.wood(rng), cover), [1, 3], clear=0.6)
        elif pick < 0.6:
            planner.against_wall(storage.drawers(rng, 2, 3, 0.8, 0.8, 0.3), [1, 3], clear=0.6)
        elif pick < 0.8:
            planner.against_wall(storage.bookcase(rng), clear=0.6)
        else:
            planner.against_wall(decor.standing_plant(rng), clear=0.3)
    found = planner.hang(0.9, (1.0, 2.0))
    if found and rng.random() < 0.5:
        decor.pin_board(planner.on_wall(*found, 0.0, 1.0), 0.85, 0.9)
    found = planner.hang(1.0, (0.7, 1.8))
    if found and rng.random() < 0.5:
        decor.coat_rack(planner.on_wall(*found), 0.9)
    found = planner.hang(0.3, (0.6, 1.3), [1, 3])
    if found and rng.random() < 0.4:
        decor.extinguisher(planner.on_wall(*found))
    if rng.random() < 0.4:
        runner = decor.rug(rng, 0.8, min(3.0, planner.room.length * 0.5))
        place = planner.spot_about(runner, planner.room.width / 2, planner.room.length / 2, 0.0)
        if not any(place.area.meets(area) for area in planner.taken):
            runner.build(planner.builder.at(place.x, place.y))
    mess(planner, 4)
    pictures(planner, 6)
