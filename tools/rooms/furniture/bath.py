"""Bathtub, shower, toilet, basin and what goes with them."""

from __future__ import annotations

import math
import random

from rooms import palette
from rooms.builder import Builder, Finish
from rooms.furniture import clutter, decor
from rooms.furniture.kitchen import tap
from rooms.furniture.storage import front, knob
from rooms.plan import Piece
from rooms.shapes import Vector


def tub(rng: random.Random, length: float, tiles: Finish) -> Piece:
    """A bathtub along a wall, its long side at the wall, with a curtain at times."""
    depth, high = 0.74, rng.uniform(0.5, 0.58)
    apron = palette.CERAMIC if rng.random() < 0.5 else tiles
    veil = palette.cloth(rng, palette.LINEN + palette.BRIGHT, 0.6) if rng.random() < 0.55 else None

    def build(b: Builder) -> None:
        half, rim = length / 2, 0.07
        b.box((-half, half), (depth - 0.02, depth), (0, high - 0.03), apron, 0.008)
        for x in (-half, half - 0.02):
            b.box((x, x + 0.02), (0, depth), (0, high - 0.03), apron, 0.008)
        for xs, ys in (
            ((-half, half), (0, rim)),
            ((-half, half), (depth - rim, depth)),
            ((-half, -half + rim), (rim, depth - rim)),
            ((half - rim, half), (rim, depth - rim)),
        ):
            b.box(xs, ys, (high - 0.035, high), palette.CERAMIC, 0.006)

        def basin(u: float, v: float) -> Vector:
            deep = 0.4 * (1 - abs(2 * u - 1) ** 6) * (1 - abs(2 * v - 1) ** 4)
            return (
                (u - 0.5) * (length - 2 * rim + 0.02),
                rim - 0.01 + v * (depth - 2 * rim + 0.02),
                high - 0.015 - deep,
            )

        b.sheet(basin, palette.CERAMIC, 28, 14)
        tap(b.at(-half + 0.35, 0.05, high), 0.13)
        side = rng.choice((-1, 1))
        b.tube(
            [
                (side * (half - 0.2), 0.02, 1.0),
                (side * (half - 0.2), 0.04, 2.0),
                (side * (half - 0.2), 0.16, 2.03),
            ],
            0.01,
            palette.CHROME,
        )
        clutter.strew(
            b.at(0, 0, high), (-half * 0.9, half * 0.9), (0.03, 0.04), (clutter.bottle,), 4, 0.1
        )
        if veil:
            b.tube([(-half, depth - 0.03, 1.98), (half, depth - 0.03, 1.98)], 0.012, palette.CHROME)
            wide = length * rng.uniform(0.25, 0.6)
            decor.curtain(
                b.at(-half if side > 0 else half - wide, depth - 0.03, 0.15), wide, 1.82, veil
            )
        elif rng.random() < 0.4:
            towel(b.at(0, depth + 0.01, high + 0.01))

    return Piece(length, depth, 1.98 if veil else high, build)


def towel(b: Builder) -> None:
    """A towel that hangs over an edge towards +y."""
    finish = palette.cloth(b.rng, palette.LINEN + palette.BRIGHT, 0.3)
    long = b.rng.uniform(0.3, 0.5)
    b.at(0, 0.015, -long / 2 + 0.02, 0, math.pi / 2).cushion(
        (0, 0, 0), (0.4, long, 0.022), finish, 0.01, 0.0, 0.004
    )


def toilet(rng: random.Random) -> Piece:
    """A toilet with its cistern."""
    white = palette.CERAMIC
    open_lid = rng.random() < 0.3

    def build(b: Builder) -> None:
        b.cushion((0, 0.1, 0.6), (0.4, 0.18, 0.36), white, 0.04)
        b.cushion((0, 0.1, 0.795), (0.42, 0.2, 0.035), white, 0.015)
        b.turned([(0.02, 0.813), (0.02, 0.82), (0, 0.82)], palette.CHROME, 12)
        bowl = b.at(0, 0.42)
        bowl.turned(
            [(0.13, 0), (0.12, 0.05), (0.1, 0.2), (0.15, 0.34), (0.19, 0.39), (0.19, 0.41)],
            white,
            32,
            1.25,
        )
        bowl.turned(
            [
                (0.195, 0.405),
                (0.2, 0.42),
                (0.195, 0.432),
                (0.12, 0.432),
                (0.11, 0.4),
                (0.06, 0.3),
                (0, 0.27),
            ]
            if open_lid
            else [(0.195, 0.405), (0.2, 0.42), (0.2, 0.44), (0.19, 0.455), (0, 0.462)],
            white,
            32,
            1.22,
        )
        b.box((-0.11, 0.11), (0.03, 0.32), (0.0, 0.4), white, 0.04)
        if open_lid:
            lid = b.at(0, 0.22, 0.44, 0, math.pi / 2 + 0.12)
            lid.at(0, 0.23).turned([(0, 0), (0.19, 0), (0.19, 0.02), (0, 0.02)], white, 32, 1.22)
        if rng.random() < 0.5:
            clutter.strew(
                b.at(0, 0.1, 0.815),
                (-0.13, 0.13),
                (0.0, 0.01),
                (clutter.tissue_box, clutter.bottle, clutter.plant_small, roll),
                1,
            )

    return Piece(0.44, 0.7, 0.83, build)


def roll(b: Builder) -> None:
    """A roll of paper that stands."""
    b.turned(
        [(0.02, 0), (0.055, 0), (0.055, 0.1), (0.02, 0.1)], Finish("fabric", palette.WHITE), 20
    )


def roll_holder(b: Builder) -> None:
    """A paper roll on the wall."""
    b.tube([(-0.06, 0, 0), (-0.06, 0.06, 0), (0.06, 0.06, 0)], 0.006, palette.CHROME)
    own = b.at(-0.05, 0.06, 0, math.pi / 2, math.pi / 2)
    own.at(0, 0, 0).turned(
        [(0.02, 0), (0.055, 0), (0.055, 0.1), (0.02, 0.1)], Finish("fabric", palette.WHITE), 20
    )


def vanity(rng: random.Random) -> Piece:
    """A basin in a cupboard with a tap."""
    width, depth, high = (
        rng.choice((0.6, 0.75, 0.9, 1.2)),
        rng.uniform(0.46, 0.54),
        rng.uniform(0.8, 0.88),
    )
    stuff, grip = palette.lacquer(rng), palette.metal(rng)
    top = palette.stone(rng) if rng.random() < 0.5 else palette.CERAMIC
    framed = rng.random() < 0.6

    def build(b: Builder) -> None:
        # Low inside, so that the basin hangs free.
        b.box((-width / 2 + 0.018, width / 2 - 0.018), (0, depth - 0.04), (0.08, high - 0.2), stuff)
        for x in (-width / 2, width / 2 - 0.018):
            b.box((x, x + 0.018), (0, depth - 0.04), (0.08, high - 0.031), stuff, 0.002)
        b.box((-width / 2 + 0.02, width / 2 - 0.02), (0, depth - 0.08), (0, 0.08), palette.BLACK)
        count = 2 if width < 0.8 else 3
        for k in range(count):
            x0 = -width / 2 + k * width / count
            front(
                b, (x0, x0 + width / count), (0.1, high - 0.04), depth - 0.04, stuff, framed=framed
            )
            knob(
                b,
                x0 + width / count * (0.85 if k % 2 == 0 else 0.15),
                depth - 0.01,
                high - 0.2,
                grip,
            )
        # The top is left open where the basin sits.
        r = min(0.2, width * 0.33)
        z = (high - 0.03, high)
        b.box((-width / 2 - 0.01, -r), (0, depth), z, top, 0.006)
        b.box((r, width / 2 + 0.01), (0, depth), z, top, 0.006)
        b.box((-r, r), (0, depth / 2 + 0.02 - r * 0.75), z, top, 0.003)
        b.box((-r, r), (depth / 2 + 0.02 + r * 0.75, depth), z, top, 0.006)
        own = b.at(0, depth / 2 + 0.02, high)
        own.turned(
            [
                (r * 1.3, 0.001),
                (r * 1.3, 0.012),
                (r * 0.95, 0.014),
                (r * 0.85, -0.04),
                (r * 0.5, -0.1),
                (0.02, -0.12),
                (0, -0.125),
            ],
            palette.CERAMIC,
            32,
            0.76,
        )
        tap(b.at(0, 0.06, high), 0.16)
        for side in (-1, 1):
            x = side * (width / 2 - 0.1)
            if abs(x) > r + 0.03:
                clutter.strew(
                    b.at(x, 0, high),
                    (-0.06, 0.06),
                    (0.06, depth - 0.1),
                    (clutter.bottle, clutter.bottle, clutter.cup, clutter.tissue_box),
                    rng.randint(1, 4),
                    0.08,
                )

    return Piece(width + 0.02, depth, high, build)


def pedestal_basin(rng: random.Random) -> Piece:
    """A basin on a column."""
    white = palette.CERAMIC

    def build(b: Builder) -> None:
        c = b.at(0, 0.24)
        c.turned([(0.11, 0), (0.075, 0.08), (0.07, 0.55), (0.11, 0.68)], white, 24)
        c.turned(
            [
                (0.08, 0.66),
                (0.2, 0.72),
                (0.27, 0.8),
                (0.28, 0.84),
                (0.25, 0.845),
                (0.22, 0.8),
                (0.12, 0.74),
                (0, 0.72),
            ],
            white,
            36,
            0.82,
        )
        b.box((-0.25, 0.25), (0, 0.08), (0.76, 0.845), white, 0.02)
        tap(b.at(0, 0.05, 0.845), 0.14)

    return Piece(0.58, 0.48, 0.85, build)


def towel_rail(b: Builder, width: float) -> None:
    """A towel on a rail; the origin is the rail's middle."""
    b.tube(
        [(-width / 2, 0, 0), (-width / 2, 0.07, 0), (width / 2, 0.07, 0), (width / 2, 0, 0)],
        0.009,
        palette.CHROME,
    )
    long = b.rng.uniform(0.4, 0.7)
    finish = palette.cloth(b.rng, palette.LINEN + palette.BRIGHT, 0.3)
    b.at(0, 0.07, -long / 2 + 0.015, 0, math.pi / 2).cushion(
        (0, 0, 0), (width * 0.8, long, 0.035), finish, 0.016, 0.0, 0.004
    )


def mat(rng: random.Random) -> Piece:
    """A bath mat."""
    return decor.rug(rng, rng.uniform(0.6, 0.85), rng.uniform(0.42, 0.55))
