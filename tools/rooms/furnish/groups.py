"""Groups that several kinds of room share: a desk and its chair, a table, pictures, a mess."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from rooms import palette
from rooms.furniture import decor, seats, tables
from rooms.plan import Piece, Planner, Spot


def perhaps(
    planner: Planner, odds: float, piece: Callable[[random.Random], Piece], clear: float = 0.4
) -> None:
    """Put a piece to a wall at the given odds, if it fits."""
    if planner.rng.random() < odds:
        planner.against_wall(piece(planner.rng), clear=clear, corner=planner.rng.random() < 0.5)


def pictures(planner: Planner, most: int) -> None:
    """Hang pictures where walls are free."""
    rng = planner.rng
    for _ in range(rng.randint(0, most)):
        width, height = rng.uniform(0.25, 0.9), rng.uniform(0.25, 0.7)
        z = rng.uniform(1.3, 1.5)
        found = planner.hang(width + 0.1, (z, z + height))
        if found:
            decor.framed_picture(planner.on_wall(*found, 0.0, z), width, height)


def mess(planner: Planner, most: int) -> None:
    """Leave things on the floor, most of them beside walls and furniture."""
    rng = planner.rng
    for _ in range(rng.randint(0, most)):
        if rng.random() < 0.75:
            planner.against_wall(decor.floor_thing(rng), clear=0.0)
        else:
            planner.somewhere(decor.floor_thing(rng))


def hang_above(planner: Planner, spot: Spot, odds: float) -> None:
    """Hang a picture or mirror above what stands at a wall."""
    rng = planner.rng
    if spot.wall is None or rng.random() > odds:
        return
    width, height = rng.uniform(0.5, 1.1), rng.uniform(0.4, 0.7)
    z = max(1.3, spot.piece.height + 0.15)
    found = planner.hang(width, (z, z + height), [spot.wall], along=spot.along)
    if found:
        build = decor.wall_mirror if rng.random() < 0.2 else decor.framed_picture
        build(planner.on_wall(*found, 0.0, z), width, height)


def seat_around(planner: Planner, table: Spot, chair: Callable[[], Piece], sides: int = 2) -> None:
    """Put chairs along a table's long sides, and at its ends if `sides` is 4."""
    rng = planner.rng
    c, s = math.cos(table.turn), math.sin(table.turn)
    mx, my = table.x - s * table.piece.depth / 2, table.y + c * table.piece.depth / 2
    seats_long = max(1, int(table.piece.width / 0.62))
    step = table.piece.width / seats_long
    places = [
        (
            (k - (seats_long - 1) / 2) * step,
            side * (table.piece.depth / 2 + 0.18),
            0.0 if side < 0 else math.pi,
        )
        for k in range(seats_long)
        for side in (-1, 1)
    ]
    if sides == 4:
        places += [
            (side * (table.piece.width / 2 + 0.18), 0.0, math.pi / 2 * side) for side in (-1, 1)
        ]
    for x, y, turn in places:
        if rng.random() < 0.12:
            continue
        out = rng.uniform(-0.06, 0.12)
        x += math.copysign(out, x) if turn not in (0.0, math.pi) else 0.0
        y += math.copysign(out, y) if turn in (0.0, math.pi) else 0.0
        place = planner.spot_about(
            chair(), mx + c * x - s * y, my + s * x + c * y, table.turn + turn + rng.gauss(0, 0.12)
        )
        others = [area for area in planner.taken if area is not table.area]
        if planner.is_inside(place.area) and not any(place.area.meets(area) for area in others):
            planner.settle(place)


def lay_rug(planner: Planner, spot: Spot, width: float, length: float, ahead: float) -> None:
    """Lay a rug whose middle lies `ahead` metres before what stands at a spot."""
    c, s = math.cos(spot.turn), math.sin(spot.turn)
    x, y = spot.x - s * ahead, spot.y + c * ahead
    rug = decor.rug(planner.rng, width, length)
    place = planner.spot_about(rug, x, y, spot.turn)
    if planner.is_inside(place.area):
        rug.build(planner.builder.at(place.x, place.y, 0.0, place.turn))


def desk_with_chair(planner: Planner, width: float | None = None) -> Spot | None:
    """Put a desk to a wall and a chair before it."""
    rng = planner.rng
    spot = planner.against_wall(tables.desk(rng, width), clear=0.7)
    if spot:
        piece = seats.office_chair(rng) if rng.random() < 0.75 else seats.chair(rng)
        c, s = math.cos(spot.turn), math.sin(spot.turn)
        away, side = spot.piece.depth + 0.28 + rng.uniform(0, 0.2), rng.uniform(-0.2, 0.2)
        planner.free_standing(
            piece,
            spot.x + c * side - s * away,
            spot.y + s * side + c * away,
            spot.turn + math.pi + rng.gauss(0, 0.5),
            gap=-0.12,
        )
        hang_above(planner, spot, 0.3)
    return spot


def dining_set(planner: Planner) -> Spot | None:
    """Put a table with chairs where the floor is free."""
    rng, room = planner.rng, planner.room
    wood = palette.wood(rng)
    seat = palette.upholstery(rng)
    style = rng.getrandbits(32)

    def chair() -> Piece:
        return seats.chair(random.Random(style), wood, seat if style % 3 else wood)

    for shrink in (1.0, 0.8, 0.65):
        if rng.random() < 0.3:
            table = tables.round_table(rng, rng.uniform(0.45, 0.62) * shrink)
        else:
            table = tables.table(
                rng, rng.uniform(1.2, 1.9) * shrink, rng.uniform(0.8, 0.95) * shrink
            )
        for _ in range(12):
            x, y = (
                rng.uniform(1.0, max(1.01, room.width - 1.0)),
                rng.uniform(1.0, max(1.01, room.length - 1.0)),
            )
            turn = rng.choice((0.0, math.pi / 2))
            if not planner.is_free(planner.spot_about(table, x, y, turn).area, 0.35):
                continue
            spot = planner.free_standing(table, x, y, turn, 0.35)
            if spot:
                seat_around(planner, spot, chair, rng.choice((2, 4)))
                return spot
    return None
