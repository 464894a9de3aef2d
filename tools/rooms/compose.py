"""Makes a room from a seed: its kind, size, doors, windows, light, and what is in it."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from rooms import palette, shell
from rooms.builder import Builder, Colour, Finish, Stock, Sun
from rooms.camera import look
from rooms.furniture import clutter, decor
from rooms.kinds import KINDS, Kind
from rooms.plan import Planner, Room
from rooms.shell import Finishes, Opening


@dataclass(frozen=True)
class Light:
    """The hour: how bright it is outside, and whether lamps are on."""

    outside: float
    sky: Colour
    sun: float
    lamps: float


@dataclass(frozen=True)
class Scene:
    """A furnished room. Parts from ``shell_parts`` on are furniture."""

    room: Room
    stock: Stock
    planner: Planner
    shell_parts: int
    openings: tuple[Opening, ...]


def compose(seed: int) -> Scene:
    """Return the seed's room: the same seed gives the same room."""
    rng = random.Random(seed)
    name = rng.choices(list(KINDS), [kind.share for kind in KINDS.values()])[0]
    kind = KINDS[name]
    room = Room(
        name, rng.uniform(*kind.width), rng.uniform(*kind.length), rng.uniform(*kind.height)
    )
    stock = Stock()
    planner = Planner(room, Builder(rng, stock))
    openings = _openings(rng, room, kind)
    light = _light(rng, has_windows=any(not o.is_door for o in openings))
    _shell(planner, kind, openings, light)
    count = len(stock.parts)
    kind.furnish(planner)
    return Scene(room, stock, planner, count, tuple(openings))


def _light(rng: random.Random, *, has_windows: bool) -> Light:
    pick = rng.random()
    if not has_windows:
        return Light(0.0, (0.0, 0.0, 0.0), 0.0, rng.uniform(0.8, 1.3))
    if pick < 0.2:
        return Light(rng.uniform(0.02, 0.2), (0.12, 0.2, 0.5), 0.0, rng.uniform(0.8, 1.3))
    outside = rng.uniform(5.0, 16.0)
    sky = rng.choice(((0.75, 0.86, 1.0), (0.9, 0.95, 1.0), (1.0, 0.97, 0.92)))
    sun = rng.uniform(15.0, 45.0) if pick > 0.6 else 0.0
    return Light(outside, sky, sun, rng.choice((0.0, 0.3, 0.6, 1.0)))


def _openings(rng: random.Random, room: Room, kind: Kind) -> list[Opening]:
    found: list[Opening] = []
    wide_glass = room.kind in ("office", "classroom", "living room")
    # Windows of a classroom are side by side in one wall, as they are in most.
    window_walls = [rng.choice((1, 3))] if room.kind == "classroom" else [0, 1, 2, 3]
    door_walls = [1, 3, 1, 3, 0, 2] if room.kind == "corridor" else [0, 1, 2, 3]
    for _ in range(rng.randint(*kind.doors)):
        width, head = rng.uniform(0.8, 0.95), rng.uniform(2.0, 2.1)
        _cut(rng, room, found, door_walls, width, (0.0, head), is_door=True)
    for _ in range(rng.randint(*kind.windows)):
        low = rng.uniform(0.75, 1.0)
        width = rng.uniform(1.3, 2.2) if wide_glass else rng.uniform(0.8, 1.6)
        if room.kind == "bathroom":
            low, width = rng.uniform(1.2, 1.4), rng.uniform(0.5, 0.8)
        elif room.kind == "living room" and rng.random() < 0.25:
            low = 0.06
        head = min(room.height - 0.2, rng.uniform(2.0, 2.3))
        _cut(rng, room, found, window_walls, width, (low, head), is_door=False)
    return found


def _cut(
    rng: random.Random,
    room: Room,
    found: list[Opening],
    walls: list[int],
    width: float,
    heights: tuple[float, float],
    *,
    is_door: bool,
) -> None:
    for _ in range(20):
        wall = rng.choice(walls)
        room_left = room.wall_length(wall) - width - 0.5
        if room_left < 0:
            continue
        share = rng.choice((0.0, 1.0, rng.random())) if is_door else rng.random()
        start = 0.25 + share * room_left
        along = (start, start + width)
        if all(
            o.wall != wall or along[1] + 0.3 < o.along[0] or o.along[1] + 0.3 < along[0]
            for o in found
        ):
            found.append(Opening(wall, along, heights, is_door))
            return


def _floor(rng: random.Random, material: str) -> Finish:
    if material == "planks":
        return palette.planks(rng)
    if material == "carpet":
        return palette.carpet(rng)
    if material == "tile":
        return palette.tile(rng)
    return Finish(material, palette.of(rng, palette.TILES), palette.of(rng, palette.TILES))


def _shell(planner: Planner, kind: Kind, openings: list[Opening], light: Light) -> None:
    rng, room = planner.rng, planner.room
    floor = _floor(rng, rng.choice(kind.floors))
    trim = (
        Finish("gloss", palette.near(rng, palette.WHITE, 0.05))
        if rng.random() < 0.75
        else palette.wood(rng)
    )
    ceiling = Finish("paint", palette.of(rng, palette.CEILINGS, 0.04))
    if kind.ceiling == "panels":
        ceiling = Finish("tile", ceiling.colour, (0.35, 0.35, 0.34), 0.6)
    tiles, tiled_to = None, 0.0
    if room.kind == "bathroom" and rng.random() < 0.75:
        tiles = palette.tile(rng, *rng.choice((("tile", 0.15), ("tile", 0.2), ("subway", 0.08))))
        tiled_to = rng.choice((1.2, 2.0, room.height))
    wall = Finish("paint", palette.of(rng, palette.WALLS, 0.08))
    shell.build_shell(
        planner,
        openings,
        Finishes(floor, wall, ceiling, trim, tiles, tiled_to, rng.uniform(0.06, 0.14)),
    )
    leaf = trim if rng.random() < 0.6 else palette.wood(rng)
    frame = trim if rng.random() < 0.8 else palette.wood(rng)
    view = Finish(
        "view", light.sky, palette.of(rng, ("4c6b30", "6b7f4a", "8a8478", "5a6b55")), light.outside
    )
    dressing = rng.choice(("curtains", "curtains", "blinds", "upright", "none"))
    for opening in openings:
        if opening.is_door:
            shell.build_door(planner, opening, trim, leaf)
            _switch(planner, opening)
        else:
            shell.build_window(planner, opening, frame, view, rng.choice((1, 2, 2, 3)))
            _dress(planner, opening, dressing)
    if light.sun:
        _sun(planner, openings, light)
    _ceiling_lamps(planner, kind, light)


def _switch(planner: Planner, door: Opening) -> None:
    along = door.along[1] + 0.2
    if along + 0.1 < planner.room.wall_length(door.wall) and planner.hang(
        0.1, (1.0, 1.2), [door.wall], along=along
    ):
        decor.switch(planner.on_wall(door.wall, along, 0.0, 1.05))


def _dress(planner: Planner, window: Opening, dressing: str) -> None:
    rng = planner.rng
    (x0, x1), (z0, z1) = window.along, window.heights
    width = x1 - x0
    if dressing == "curtains":
        decor.curtains(planner.on_wall(window.wall, x0), width, z1, z0)
    elif dressing == "blinds":
        decor.blinds(planner.on_wall(window.wall, x0, 0.0, z0), width, z1 - z0)
    elif dressing == "upright":
        decor.upright_blinds(planner.on_wall(window.wall, x0, 0.0, z0), width, z1 - z0)
    if z0 > 0.7 and rng.random() < 0.4:
        found = planner.hang(min(width, 1.2), (0.0, 0.7), [window.wall], along=(x0 + x1) / 2)
        if found:
            decor.radiator(planner.on_wall(*found), min(width, 1.2))
    if z0 > 0.7 and dressing in ("none", "curtains") and rng.random() < 0.5:
        clutter.strew(
            planner.on_wall(window.wall, (x0 + x1) / 2, 0.0, z0),
            (-width * 0.4, width * 0.4),
            (-0.06, -0.04),
            (clutter.plant_small, clutter.vase, clutter.bottle),
            2,
            0.25,
        )


def _sun(planner: Planner, openings: list[Opening], light: Light) -> None:
    rng = planner.rng
    wall = rng.choice([o.wall for o in openings if not o.is_door])
    inward = math.pi / 2 * (wall + 1)
    pose = look((0.0, 0.0, 0.0), inward + rng.uniform(-0.8, 0.8), -rng.uniform(0.35, 0.9), 0.0)
    frame = pose.copy()
    frame[:3, 1:3] *= -1  # a lamp shines along its -z
    planner.builder.stock.sun = Sun(frame, light.sun, (1.0, 0.86, 0.68))


def _ceiling_lamps(planner: Planner, kind: Kind, light: Light) -> None:
    rng, room, b = planner.rng, planner.room, planner.builder
    tone = rng.choice((decor.WARM, decor.WARM, decor.NEUTRAL, decor.COOL))
    if kind.ceiling == "panels":
        tone = rng.choice((decor.NEUTRAL, decor.COOL))
        columns, rows = max(1, round(room.width / 2.4)), max(1, round(room.length / 2.4))
        for i in range(columns):
            for j in range(rows):
                own = b.at(
                    (i + 0.5) * room.width / columns, (j + 0.5) * room.length / rows, room.height
                )
                decor.panel_light(
                    own, 0.58, 1.18 if room.width > 2.5 else 0.58, 35.0 * light.lamps, tone
                )
        return
    x, y = room.width / 2 + rng.uniform(-0.2, 0.2), room.length / 2 + rng.uniform(-0.2, 0.2)
    if kind.ceiling == "spots" and rng.random() < 0.6 and light.lamps:
        for i in range(2):
            for j in range(3):
                decor.spotlight(
                    b.at((i + 0.5) * room.width / 2, (j + 0.5) * room.length / 3, room.height),
                    10.0 * light.lamps,
                    tone,
                )
    elif rng.random() < 0.65:
        decor.dome_light(b.at(x, y, room.height), 45.0 * light.lamps, tone)
    else:
        decor.pendant(b.at(x, y, room.height), 45.0 * light.lamps, tone, rng.uniform(0.25, 0.5))
