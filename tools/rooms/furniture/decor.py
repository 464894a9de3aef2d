"""Lamps, rugs, curtains, blinds, pictures, radiators and the like."""

from __future__ import annotations

import math
import random

from rooms import palette
from rooms.builder import Builder, Colour, Finish
from rooms.furniture import clutter
from rooms.plan import Piece
from rooms.shapes import Vector

WARM: Colour = (1.0, 0.72, 0.42)
NEUTRAL: Colour = (1.0, 0.88, 0.72)
COOL: Colour = (0.88, 0.95, 1.0)


def _shade(
    b: Builder, low: float, high: float, height: float, tone: Colour, strength: float
) -> None:
    cloth = palette.of(b.rng, palette.LINEN)
    finish = Finish("shade", cloth, tone, strength)
    b.turned([(low, 0.0), (high, height)], finish, 28, ghost=True)
    b.turned([(low - 0.004, 0.0), (high - 0.004, height)], finish, 28, ghost=True)


def table_lamp(b: Builder, lit: float = 0.6) -> None:
    """A lamp for a table or nightstand; `lit` are the odds that it shines."""
    rng = b.rng
    high = rng.uniform(0.22, 0.36)
    foot = palette.bright(rng, "ceramic") if rng.random() < 0.5 else palette.metal(rng)
    r = rng.uniform(0.045, 0.08)
    b.turned(
        [
            (0, 0),
            (r, 0),
            (r, 0.015),
            (r * 0.5, 0.03),
            (r * 0.9, high * 0.45),
            (r * 0.25, high * 0.9),
            (0.012, high),
        ],
        foot,
        20,
    )
    wide, tall = rng.uniform(0.12, 0.19), rng.uniform(0.15, 0.24)
    on = rng.random() < lit
    shade = b.at(0, 0, high - 0.02)
    _shade(
        shade, wide, wide * rng.uniform(0.5, 0.9), tall, WARM, rng.uniform(1.0, 2.0) if on else 0.0
    )
    if on:
        shade.at(0, 0, tall / 2).lamp((0.05, 0.0), rng.uniform(2.5, 7), WARM)


def floor_lamp(rng: random.Random) -> Piece:
    """A standing lamp."""
    high = rng.uniform(1.35, 1.6)
    stuff = palette.metal(rng)
    on = rng.random() < 0.55

    def build(b: Builder) -> None:
        c = b.at(0, 0.18)
        c.turned(
            [(0, 0), (0.15, 0), (0.15, 0.02), (0.02, 0.03), (0.012, 0.06), (0.012, high)], stuff, 24
        )
        shade = c.at(0, 0, high - 0.05)
        _shade(
            shade, rng.uniform(0.17, 0.24), 0.13, 0.26, WARM, rng.uniform(1.0, 2.0) if on else 0.0
        )
        if on:
            shade.at(0, 0, 0.12).lamp((0.06, 0.0), rng.uniform(7, 18), WARM)

    return Piece(0.4, 0.4, high + 0.2, build)


def dome_light(b: Builder, watts: float, tone: Colour) -> None:
    """A round lamp under the ceiling; the frame's origin lies in the ceiling."""
    r = b.rng.uniform(0.14, 0.22)
    b.turned(
        [(r, -0.005), (r * 0.95, -0.05), (r * 0.6, -0.09), (0.001, -0.105)],
        Finish("shade", palette.WHITE, tone, 3.0 if watts else 0.0),
        28,
        ghost=True,
    )
    b.turned([(r + 0.01, 0.0), (r + 0.01, -0.02), (r, -0.02)], palette.metal(b.rng), 28)
    if watts:
        b.at(0, 0, -0.13).lamp((0.09, 0.0), watts, tone)


def pendant(b: Builder, watts: float, tone: Colour, drop: float) -> None:
    """A lamp that hangs from the ceiling."""
    rng = b.rng
    r = rng.uniform(0.15, 0.25)
    b.tube([(0, 0, 0), (0, 0, -drop)], 0.005, palette.BLACK, 6)
    b.turned([(0.05, 0), (0.05, -0.03), (0, -0.03)], palette.WHITE_PLASTIC, 16)
    if rng.random() < 0.6:
        _shade(
            b.at(0, 0, -drop - 0.2), r, r * rng.uniform(0.4, 0.9), 0.2, tone, 3.0 if watts else 0.0
        )
    else:
        b.turned(
            [(r, -drop - 0.16), (r * 0.7, -drop - 0.06), (0.03, -drop)],
            palette.bright(rng, "gloss"),
            28,
        )
    if watts:
        b.at(0, 0, -drop - 0.14).lamp((0.06, 0.0), watts, tone)


def panel_light(b: Builder, width: float, length: float, watts: float, tone: Colour) -> None:
    """A fluorescent ceiling panel."""
    x, y = width / 2, length / 2
    b.box(
        (-x - 0.02, x + 0.02),
        (-y - 0.02, y + 0.02),
        (-0.03, -0.001),
        Finish("plastic", palette.WHITE),
        0.004,
    )
    b.box(
        (-x, x),
        (-y, y),
        (-0.034, -0.0305),
        Finish("glow", tone, scale=6.0 if watts else 0.15),
        0.001,
    )
    if watts:
        b.at(0, 0, -0.05).lamp((width, length), watts, tone)


def spotlight(b: Builder, watts: float, tone: Colour) -> None:
    """A small recessed lamp."""
    b.turned([(0.055, 0.0), (0.055, -0.006), (0.04, -0.008)], palette.WHITE_PLASTIC, 20)
    b.turned([(0.04, -0.004), (0.0005, -0.004)], Finish("glow", tone, scale=8.0), 20)
    b.at(0, 0, -0.02).lamp((0.07, 0.07), watts, tone)


def rug(rng: random.Random, width: float, length: float) -> Piece:
    """A rug of a thickness of some millimetres, centred along y."""
    base = palette.carpet(rng)
    finish = Finish(
        rng.choice(("carpet", "print", "plaid", "stripes")),
        palette.of(rng, palette.FABRICS),
        palette.of(rng, (*palette.LINEN, *palette.BRIGHT)),
    )
    border = base if rng.random() < 0.5 else None

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0, length), (0, 0.008), border or finish, 0.004)
        if border:
            b.box(
                (-width / 2 + 0.12, width / 2 - 0.12),
                (0.12, length - 0.12),
                (0.008, 0.0095),
                finish,
                0.001,
            )

    return Piece(width, length, 0.01, build)


def curtain(b: Builder, width: float, height: float, finish: Finish) -> None:
    """A hanging curtain in folds from x = 0 to `width`, its hem at z = 0."""
    rng = b.rng
    folds = max(2, round(width / 0.11))
    phase, deep = rng.uniform(0, 6.3), rng.uniform(0.018, 0.032)

    def drape(u: float, v: float) -> Vector:
        wave = math.sin(2 * math.pi * folds * u + phase + 0.5 * math.sin(3 * v))
        narrow = 1 + 0.05 * math.sin(2.5 * v + phase)
        return (
            u * width * narrow,
            deep * (1.0 - 0.35 * v) * wave + 0.3 * deep * math.sin(5 * u),
            v * height,
        )

    b.sheet(drape, finish, 8 * folds, 10)


def curtains(b: Builder, width: float, top: float, bottom: float) -> None:
    """A rail and two curtains over a window from x = 0 to `width`."""
    rng = b.rng
    over = rng.uniform(0.12, 0.3)
    finish = palette.cloth(rng, (*palette.FABRICS, *palette.LINEN), 0.35)
    share = rng.uniform(0.14, 0.34) * (width + 2 * over)
    hem = 0.02 if rng.random() < 0.6 else bottom - 0.15
    high = top + rng.uniform(0.06, 0.16)
    rail = palette.metal(rng) if rng.random() < 0.5 else palette.wood(rng)
    b.tube(
        [(-over - 0.08, 0.09, high + 0.015), (width + over + 0.08, 0.09, high + 0.015)],
        0.014,
        rail,
        10,
    )
    for x in (-over - 0.08, width + over + 0.08):
        clutter.ball(b.at(x, 0.09, high + 0.015), 0.028, rail)
    for x in (-over, width + over - share):
        curtain(b.at(x, 0.09, hem), share, high - hem, finish)
    if rng.random() < 0.25:
        curtain(b.at(0, 0.045, hem), width, high - hem, Finish("sheer", (0.75, 0.74, 0.7)))


def blinds(b: Builder, width: float, height: float) -> None:
    """Venetian blinds over a window from (0, 0), drawn down in part."""
    rng = b.rng
    finish = Finish("plastic", palette.of(rng, ("f0eee6", "d9d0bd", "b98a58", "cfd2d3")))
    drawn = height * rng.choice((1.0, 1.0, 0.5, 0.3))
    tilt = rng.uniform(0.2, 1.1)
    pitch = 0.04
    b.box((0.01, width - 0.01), (-0.05, -0.01), (height - 0.04, height - 0.002), finish)
    for k in range(int(drawn / pitch)):
        own = b.at(0, -0.03, height - 0.05 - k * pitch, 0, tilt)
        own.box((0.012, width - 0.012), (-0.02, 0.02), (-0.0008, 0.0008), finish, 0.0004)
    for x in (width * 0.2, width * 0.8):
        b.box((x, x + 0.006), (-0.031, -0.029), (height - drawn, height), finish, 0.0005)


def upright_blinds(b: Builder, width: float, height: float) -> None:
    """Vertical blinds over a window from (0, 0)."""
    rng = b.rng
    finish = Finish("sheer", palette.of(rng, ("f0eee6", "d9d0bd", "cfd2d3")))
    turn = rng.uniform(0.4, 1.3)
    b.box((0, width), (0.02, 0.07), (height, height + 0.05), palette.WHITE_PLASTIC)
    for k in range(int(width / 0.085)):
        own = b.at(0.04 + k * 0.085, 0.045, 0, turn + rng.uniform(-0.05, 0.05))
        own.sheet(
            lambda u, v: ((u - 0.5) * 0.09, 0.006 * math.sin(math.pi * u), v * height), finish, 3, 1
        )


def framed_picture(b: Builder, width: float, height: float) -> None:
    """A picture on the wall; the origin is its lower middle, it faces +y."""
    rng = b.rng
    frame = palette.wood(rng) if rng.random() < 0.6 else palette.metal(rng)
    edge = rng.uniform(0.015, 0.045)
    x = width / 2
    b.rim((-x, x), (0, 0.025), (0, height), edge, frame, 0.006)
    mat = rng.choice((0.0, 0.05, 0.08))
    b.box(
        (-x + edge, x - edge),
        (0, 0.008),
        (edge, height - edge),
        Finish("plastic", palette.WHITE),
        0.0005,
    )
    inner = min(edge + mat, min(width, height) * 0.4)
    b.box(
        (-x + inner, x - inner), (0.008, 0.009), (inner, height - inner), clutter.picture(b), 0.0003
    )


def wall_mirror(b: Builder, width: float, height: float) -> None:
    """A mirror on the wall."""
    frame = palette.lacquer(b.rng)
    x = width / 2
    b.box((-x, x), (0, 0.02), (0, height), frame, 0.008)
    b.box(
        (-x + 0.035, x - 0.035),
        (0.02, 0.0215),
        (0.035, height - 0.035),
        Finish("mirror", (0.82, 0.83, 0.83)),
        0.0006,
    )


def poster(b: Builder, width: float, height: float) -> None:
    """A sheet of printed paper on the wall."""
    own = b.at(0, 0.004, 0, b.rng.uniform(-0.01, 0.01))
    finish = (
        clutter.picture(b)
        if b.rng.random() < 0.55
        else Finish("paper", palette.of(b.rng, palette.WALLS), palette.of(b.rng, palette.BRIGHT))
    )
    own.box((-width / 2, width / 2), (0, 0.001), (0, height), finish, 0.0003)


def pin_board(b: Builder, width: float, height: float) -> None:
    """A cork board with notes."""
    rng = b.rng
    b.box((-width / 2, width / 2), (0, 0.018), (0, height), palette.wood(rng), 0.004)
    b.box(
        (-width / 2 + 0.03, width / 2 - 0.03),
        (0.018, 0.02),
        (0.03, height - 0.03),
        Finish("cork", (0.42, 0.26, 0.13), (0.25, 0.14, 0.06)),
        0.001,
    )
    for _ in range(int(width * height * 14)):
        w, h = rng.choice(((0.21, 0.28), (0.1, 0.1), (0.14, 0.2)))
        x, z = (
            rng.uniform(-width / 2 + 0.16, width / 2 - 0.16),
            rng.uniform(0.05, max(0.06, height - 0.05 - h)),
        )
        own = b.at(x, 0.0205 + rng.uniform(0, 0.003), z)
        own.box(
            (-w / 2, w / 2),
            (0, 0.0008),
            (0, h),
            Finish("paper", palette.of(rng, (*palette.WALLS, "f0d060", "e8a0b0")), palette.DARK),
            0.0003,
        )


def board(b: Builder, width: float, height: float, *, white: bool) -> None:
    """A whiteboard or blackboard with a ledge."""
    rng = b.rng
    finish = Finish("board", (0.78, 0.79, 0.8), palette.of(rng, ("1f3f8f", "202020", "8f2020")))
    if not white:
        finish = Finish("board", palette.of(rng, ("1d3a2c", "20282a")), (0.6, 0.6, 0.58))
    rim = palette.STEEL if white else palette.wood(rng)
    b.box((-width / 2, width / 2), (0, 0.02), (0, height), rim, 0.004)
    b.box(
        (-width / 2 + 0.03, width / 2 - 0.03), (0.02, 0.022), (0.03, height - 0.03), finish, 0.0006
    )
    b.box((-width / 2, width / 2), (0, 0.09), (-0.015, 0.0), rim, 0.004)
    for _ in range(4):
        x = rng.uniform(-0.45, 0.45) * width
        b.box((x, x + 0.12), (0.05, 0.07), (0.0, 0.018), palette.bright(rng), 0.006)


def radiator(b: Builder, width: float, height: float = 0.55) -> None:
    """A radiator on the wall, centred about x = 0."""
    white = Finish("gloss", (0.75, 0.74, 0.7))
    for k in range(int(width / 0.06)):
        x = -width / 2 + k * 0.06
        b.box((x, x + 0.048), (0.04, 0.1), (0.13, 0.13 + height), white, 0.018)
    for z in (0.17, 0.09 + height):
        b.box((-width / 2, width / 2), (0.055, 0.085), (z - 0.02, z + 0.02), white, 0.01)
    b.tube(
        [
            (width / 2 - 0.02, 0.07, 0.17),
            (width / 2 + 0.05, 0.07, 0.17),
            (width / 2 + 0.05, 0.07, 0.0),
        ],
        0.011,
        palette.STEEL,
    )


def switch(b: Builder) -> None:
    """A light switch."""
    b.box((-0.04, 0.04), (0, 0.008), (0, 0.08), palette.WHITE_PLASTIC, 0.003)
    b.box((-0.02, 0.02), (0.008, 0.013), (0.02, 0.06), palette.WHITE_PLASTIC, 0.003)


def coat_rack(b: Builder, width: float) -> None:
    """Hooks on a rail with coats."""
    rng = b.rng
    b.box((-width / 2, width / 2), (0, 0.02), (1.6, 1.7), palette.wood(rng), 0.006)
    for k in range(int(width / 0.2)):
        x = -width / 2 + 0.1 + 0.2 * k
        b.tube([(x, 0.02, 1.66), (x, 0.08, 1.64), (x, 0.09, 1.68)], 0.008, palette.STEEL)
        if rng.random() < 0.6:
            long = rng.uniform(0.6, 1.0)
            b.at(x, 0.13, 1.66 - long / 2, rng.uniform(-0.2, 0.2), math.pi / 2).cushion(
                (0, 0, 0),
                (rng.uniform(0.28, 0.4), long, 0.14),
                palette.cloth(rng, palette.BRIGHT + palette.FABRICS, 0.15),
                0.065,
                0.02,
                0.012,
            )


def standing_plant(rng: random.Random) -> Piece:
    """A plant that stands on the floor."""
    high = rng.uniform(0.6, 1.5)

    def build(b: Builder) -> None:
        clutter.plant(b.at(0, 0.25), high)

    return Piece(0.5, 0.5, high, build)


def floor_thing(rng: random.Random) -> Piece:
    """Something that lies about on the floor."""
    thing = rng.choice(clutter.FLOOR)

    def build(b: Builder) -> None:
        thing(b.at(0, 0.18))

    return Piece(0.4, 0.4, 0.4, build)


def extinguisher(b: Builder) -> None:
    """A fire extinguisher on the wall."""
    red = Finish("gloss", (0.5, 0.02, 0.02))
    c = b.at(0, 0.1, 0.7)
    c.turned(
        [(0, 0), (0.07, 0.0), (0.075, 0.02), (0.075, 0.36), (0.03, 0.42), (0.02, 0.45)], red, 20
    )
    c.tube(
        [(0.0, 0, 0.44), (0.05, 0, 0.47), (0.09, 0.01, 0.4), (0.085, 0.02, 0.15)],
        0.01,
        palette.BLACK,
    )
