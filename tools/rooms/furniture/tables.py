"""Tables, desks and what stands on them."""

from __future__ import annotations

import math
import random

from rooms import palette
from rooms.builder import Builder, Finish
from rooms.furniture import clutter
from rooms.plan import Piece


def _legs(b: Builder, width: float, depth: float, high: float, stuff: Finish, thick: float) -> None:
    for x in (-width / 2 + 0.03, width / 2 - 0.03 - thick):
        for y in (0.03, depth - 0.03 - thick):
            b.box((x, x + thick), (y, y + thick), (0, high), stuff, 0.006)


def table(
    rng: random.Random, width: float, depth: float, high: float = 0.74, laid: float = 0.7
) -> Piece:
    """A table with four legs; `laid` are the odds that things stand on it."""
    top, thick = palette.lacquer(rng), rng.uniform(0.025, 0.045)
    legs = top if rng.random() < 0.6 else palette.metal(rng)
    cloth = palette.cloth(rng, palette.LINEN, 0.6) if rng.random() < 0.2 else None

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0, depth), (high - thick, high), top, 0.008)
        _legs(b, width, depth, high - thick, legs, rng.uniform(0.04, 0.07))
        b.box(
            (-width / 2 + 0.06, width / 2 - 0.06),
            (0.05, depth - 0.05),
            (high - thick - 0.07, high - thick),
            legs,
            0.003,
        )
        if cloth:
            b.box(
                (-width / 2 - 0.01, width / 2 + 0.01),
                (-0.01, depth + 0.01),
                (high - 0.12, high + 0.004),
                cloth,
                0.01,
            )
        if rng.random() < laid:
            own = b.at(0, 0, high + 0.005)
            clutter.strew(
                own,
                (-width * 0.42, width * 0.42),
                (0.12, depth - 0.12),
                (*clutter.KITCHEN, *clutter.DESK, clutter.vase, clutter.bowl),
                rng.randint(2, 7),
            )

    return Piece(width, depth, high, build)


def round_table(rng: random.Random, radius: float, high: float = 0.74) -> Piece:
    """A round table on a column."""
    top = palette.lacquer(rng)
    foot = top if rng.random() < 0.5 else palette.metal(rng)

    def build(b: Builder) -> None:
        c = b.at(0, radius)
        c.turned(
            [
                (0, high - 0.03),
                (radius - 0.01, high - 0.03),
                (radius, high - 0.015),
                (radius - 0.006, high),
                (0, high),
            ],
            top,
            40,
        )
        c.turned(
            [
                (0, 0),
                (radius * 0.55, 0),
                (radius * 0.5, 0.03),
                (0.06, 0.07),
                (0.045, 0.3),
                (0.055, high - 0.08),
                (radius * 0.4, high - 0.03),
            ],
            foot,
            24,
        )
        clutter.strew(
            c.at(0, 0, high),
            (-radius * 0.6, radius * 0.6),
            (-radius * 0.6, radius * 0.6),
            (*clutter.KITCHEN, clutter.vase, clutter.bowl, clutter.papers),
            rng.randint(1, 5),
        )

    return Piece(2 * radius, 2 * radius, high, build)


def coffee_table(rng: random.Random) -> Piece:
    """A low table before a sofa."""
    width, depth, high = rng.uniform(0.8, 1.25), rng.uniform(0.5, 0.7), rng.uniform(0.36, 0.46)
    top = palette.lacquer(rng)

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0, depth), (high - 0.035, high), top, 0.008)
        if rng.random() < 0.7:
            _legs(b, width, depth, high - 0.035, top, 0.055)
            b.box((-width / 2 + 0.05, width / 2 - 0.05), (0.05, depth - 0.05), (0.12, 0.14), top)
            clutter.strew(
                b.at(0, 0, 0.14),
                (-width * 0.35, width * 0.35),
                (0.2, depth - 0.2),
                (clutter.book_pile, clutter.papers),
                2,
            )
        else:
            b.box(
                (-width / 2 + 0.04, width / 2 - 0.04), (0.04, depth - 0.04), (0, high - 0.035), top
            )
        clutter.strew(
            b.at(0, 0, high),
            (-width * 0.4, width * 0.4),
            (0.12, depth - 0.12),
            (*clutter.DESK, *clutter.SHELF, remote),
            rng.randint(2, 6),
        )

    return Piece(width, depth, high, build)


def side_table(rng: random.Random) -> Piece:
    """A small table beside a seat."""
    return table(rng, rng.uniform(0.38, 0.5), rng.uniform(0.38, 0.48), rng.uniform(0.48, 0.6))


def remote(b: Builder) -> None:
    """A remote control."""
    b.box((-0.025, 0.025), (-0.09, 0.09), (0, 0.018), palette.BLACK, 0.006)


def screen(b: Builder, width: float, height: float, stand: float, *, lit: bool) -> None:
    """A monitor or television that faces +y, on a foot if `stand` is above 0."""
    rng = b.rng
    b.box((-width / 2, width / 2), (-0.035, 0.0), (stand, stand + height), palette.BLACK, 0.006)
    face = Finish("gloss", (0.012, 0.012, 0.014))
    if lit:
        face = Finish(
            "screen",
            palette.of(rng, palette.WALLS),
            palette.of(rng, palette.BRIGHT),
            rng.uniform(0.5, 1.4),
        )
    rim = 0.014
    b.box(
        (-width / 2 + rim, width / 2 - rim),
        (0.0, 0.001),
        (stand + rim + 0.01, stand + height - rim),
        face,
        0.0003,
    )
    if stand:
        b.box((-0.03, 0.03), (-0.07, -0.03), (0.01, stand + height * 0.5), palette.BLACK, 0.008)
        b.box((-0.13, 0.13), (-0.14, 0.06), (0.0, 0.012), palette.BLACK, 0.005)


def keyboard(b: Builder) -> None:
    """A keyboard and a mouse."""
    tone = Finish("plastic", b.rng.choice((palette.DARK, (0.5, 0.5, 0.48), (0.12, 0.12, 0.12))))
    b.box((-0.22, 0.22), (-0.07, 0.07), (0, 0.016), tone, 0.004)
    keys = tone.tinted(palette.near(b.rng, (0.08, 0.08, 0.09), 0.3))
    for row in range(5):
        for column in range(3):
            x, y = -0.205 + column * 0.14, -0.058 + row * 0.024
            b.box((x, x + 0.13), (y, y + 0.018), (0.016, 0.021), keys, 0.002)
    b.at(0.29, 0.0).cushion((0, 0, 0.015), (0.06, 0.1, 0.03), tone, 0.014)


def laptop(b: Builder) -> None:
    """An open laptop."""
    shell = Finish(
        "metal" if b.rng.random() < 0.5 else "plastic",
        b.rng.choice(((0.5, 0.5, 0.52), (0.03, 0.03, 0.03))),
    )
    b.box((-0.16, 0.16), (-0.11, 0.11), (0, 0.016), shell, 0.004)
    b.box((-0.14, 0.14), (-0.06, 0.05), (0.016, 0.018), palette.BLACK, 0.001)
    lid = b.at(0, -0.11, 0.012, 0, 0.3)
    screen(lid, 0.32, 0.215, 0.0, lit=b.rng.random() < 0.6)


def telephone(b: Builder) -> None:
    """A desk telephone."""
    b.box((-0.1, 0.1), (-0.1, 0.1), (0, 0.04), palette.BLACK, 0.012)
    b.cushion((-0.06, 0, 0.06), (0.05, 0.2, 0.045), palette.BLACK, 0.02)


def pen_pot(b: Builder) -> None:
    """A pot of pens."""
    rng = b.rng
    b.turned(
        [(0, 0), (0.036, 0), (0.036, 0.1), (0.033, 0.1), (0.033, 0.01), (0, 0.01)],
        palette.bright(rng),
        16,
    )
    for _ in range(5):
        a = rng.uniform(0, 6.3)
        b.tube(
            [(0, 0, 0.02), (0.035 * math.cos(a), 0.035 * math.sin(a), 0.16)],
            0.004,
            palette.bright(rng),
            6,
        )


def computer(b: Builder, depth: float) -> None:
    """A work place: one or two monitors and a keyboard; the user sits at y = `depth`."""
    rng = b.rng
    wide = rng.uniform(0.46, 0.62)
    high = wide * rng.choice((0.58, 0.62, 0.75))
    lit = rng.random() < 0.55
    count = 2 if rng.random() < 0.25 else 1
    for k in range(count):
        x = (k - (count - 1) / 2) * (wide + 0.02)
        screen(b.at(x, 0.24, 0.0, -0.2 * (k - (count - 1) / 2) * 2), wide, high, 0.11, lit=lit)
    keyboard(b.at(rng.uniform(-0.05, 0.05), depth - 0.2, 0.0, rng.uniform(-0.08, 0.08)))


def desk(rng: random.Random, width: float | None = None) -> Piece:
    """A desk with drawers, a computer and clutter."""
    w, d, h = width or rng.uniform(1.1, 1.7), rng.uniform(0.62, 0.8), rng.uniform(0.72, 0.76)
    top = palette.lacquer(rng)
    body = top if rng.random() < 0.7 else palette.metal(rng)
    side = rng.choice((-1, 1))

    def build(b: Builder) -> None:
        b.box((-w / 2, w / 2), (0, d), (h - 0.03, h), top, 0.006)
        box = 0.42
        x0 = w / 2 - box - 0.02 if side > 0 else -w / 2 + 0.02
        b.box((x0, x0 + box), (0.04, d - 0.04), (0.04, h - 0.03), body)
        for k in range(3):
            z0 = 0.07 + k * (h - 0.12) / 3
            b.box(
                (x0 + 0.012, x0 + box - 0.012),
                (d - 0.04, d - 0.022),
                (z0, z0 + (h - 0.12) / 3 - 0.012),
                body,
                0.004,
            )
            b.box(
                (x0 + box / 2 - 0.06, x0 + box / 2 + 0.06),
                (d - 0.022, d - 0.002),
                (z0 + 0.12, z0 + 0.135),
                palette.STEEL,
                0.004,
            )
        x = -side * (w / 2 - 0.04)
        b.box((x - 0.018, x + 0.018), (0.04, d - 0.04), (0, h - 0.03), body)
        b.box((-w / 2 + 0.04, w / 2 - 0.04), (0.06, 0.08), (0.3, h - 0.03), body)
        onto = b.at(0, 0, h)
        kind = rng.random()
        middle = -side * w * 0.12
        if kind < 0.6:
            computer(onto.at(middle, 0), d)
        elif kind < 0.85:
            laptop(onto.at(middle, d * 0.5))
        for x0, x1 in ((-w / 2 + 0.12, middle - 0.36), (middle + 0.36, w / 2 - 0.12)):
            if x1 > x0:
                clutter.strew(
                    onto,
                    (x0, x1),
                    (0.12, d - 0.12),
                    (*clutter.DESK, pen_pot, telephone, clutter.vase),
                    rng.randint(1, 4),
                    0.19,
                )

    return Piece(w, d, h, build)
