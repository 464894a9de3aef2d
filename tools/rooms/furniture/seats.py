"""Chairs, armchairs and sofas."""

from __future__ import annotations

import math
import random

from rooms import palette
from rooms.builder import Builder, Finish
from rooms.plan import Piece
from rooms.shapes import Vector


def chair(rng: random.Random, frame: Finish | None = None, seat: Finish | None = None) -> Piece:
    """A dining or visitor's chair."""
    style = rng.choice(("slats", "ladder", "padded", "padded"))
    stuff = frame or palette.wood(rng)
    cover = seat or (palette.upholstery(rng) if rng.random() < 0.6 else stuff)
    width, depth = rng.uniform(0.42, 0.48), rng.uniform(0.48, 0.54)
    high, sit = rng.uniform(0.85, 1.0), rng.uniform(0.43, 0.47)

    def build(b: Builder) -> None:
        half, thick = width / 2, 0.036
        for x in (-half, half - thick):
            b.box((x, x + thick), (depth - thick, depth), (0, sit - 0.03), stuff)
            b.at(0, 0.1, 0, 0, 0.09).box((x, x + thick), (0, thick), (0, high), stuff)
            b.box((x + 0.005, x + thick - 0.005), (0.05, depth), (0.18, 0.2), stuff)
            b.box((x + 0.005, x + thick - 0.005), (0.02, depth), (sit - 0.08, sit - 0.02), stuff)
        b.box((-half, half), (depth - 0.03, depth - 0.005), (sit - 0.08, sit - 0.02), stuff)
        padded = cover.material in ("fabric", "leather", "stripes", "plaid", "print")
        b.cushion(
            (0, depth / 2 + 0.015, sit),
            (width, depth - 0.03, 0.05 if padded else 0.025),
            cover,
            0.02 if padded else 0.008,
            0.012 if padded else 0.0,
        )
        back = b.at(0, 0.1, 0, 0, 0.09)
        if style == "padded":
            back.at(0, 0.02, (sit + high) / 2 + 0.06, 0, math.pi / 2).cushion(
                (0, 0, 0), (width - 0.02, high - sit - 0.12, 0.05), cover, 0.022, 0.01
            )
        elif style == "ladder":
            for z in (0.35, 0.62, 0.88):
                top = sit + (high - sit) * z
                back.box((-half + 0.02, half - 0.02), (0.008, 0.026), (top, top + 0.05), stuff)
        else:
            for k in range(5):
                x = -half + 0.06 + k * (width - 0.14) / 4
                back.box((x, x + 0.02), (0.01, 0.025), (sit, high - 0.05), stuff)
            back.box((-half, half), (0.0, 0.036), (high - 0.08, high), stuff, 0.01)

    return Piece(width, depth + 0.05, high, build)


def shell_chair(rng: random.Random, colour: Finish | None = None) -> Piece:
    """A school or canteen chair: a moulded seat on steel tubes."""
    stuff = colour or palette.bright(rng)
    steel = palette.metal(rng)

    def build(b: Builder) -> None:
        def seat(u: float, v: float) -> Vector:
            x = (u - 0.5) * 0.42
            if v < 0.55:
                y, z = 0.48 - v / 0.55 * 0.36, 0.44 - 0.02 * math.sin(math.pi * v / 0.55)
            else:
                t = (v - 0.55) / 0.45
                y, z = 0.12 - 0.09 * t, 0.44 + 0.38 * t
            return x * (1 - 0.15 * max(0.0, v - 0.6)), y + 0.12 * x * x, z + 0.2 * x * x

        def under(u: float, v: float) -> Vector:
            x, y, z = seat(u, v)
            return x, y - (0.012 if v > 0.55 else 0.0), z - (0.012 if v <= 0.55 else 0.0)

        b.sheet(seat, stuff, 8, 14)
        b.sheet(under, stuff, 8, 14)
        for side in (-1, 1):
            x = side * 0.19
            b.tube(
                [(x, 0.5, 0.01), (x, 0.42, 0.42), (x, 0.12, 0.42), (x, 0.02, 0.01)], 0.011, steel
            )
        b.tube([(-0.19, 0.42, 0.41), (0.19, 0.42, 0.41)], 0.011, steel)
        b.tube([(-0.19, 0.12, 0.41), (0.19, 0.12, 0.41)], 0.011, steel)

    return Piece(0.46, 0.52, 0.84, build)


def office_chair(rng: random.Random) -> Piece:
    """A swivel chair on castors."""
    cover = palette.upholstery(rng) if rng.random() < 0.4 else Finish("fabric", (0.03, 0.03, 0.035))
    arms, tall = rng.random() < 0.7, rng.uniform(0.45, 0.7)
    base = palette.BLACK if rng.random() < 0.7 else palette.STEEL

    def build(b: Builder) -> None:
        c = b.at(0, 0.31)
        for k in range(5):
            angle = 0.3 + k * 2 * math.pi / 5
            dx, dy = math.cos(angle), math.sin(angle)
            c.tube([(0.03 * dx, 0.03 * dy, 0.11), (0.27 * dx, 0.27 * dy, 0.075)], 0.019, base)
            c.tube(
                [
                    (0.27 * dx - 0.02 * dy, 0.27 * dy + 0.02 * dx, 0.03),
                    (0.27 * dx + 0.02 * dy, 0.27 * dy - 0.02 * dx, 0.03),
                ],
                0.029,
                palette.BLACK,
                12,
            )
        c.tube([(0, 0, 0.08), (0, 0, 0.42)], 0.028, palette.STEEL, 12)
        c.cushion((0, 0.01, 0.47), (0.49, 0.47, 0.09), cover, 0.04, 0.015)
        back = c.at(0, -0.22, 0.5, 0, math.pi / 2 + 0.14)
        back.cushion((0, 0.08 + tall / 2, 0), (0.45, tall, 0.075), cover, 0.035, 0.02)
        c.tube([(0, -0.05, 0.43), (0, -0.25, 0.44), (0, -0.285, 0.66)], 0.02, base)
        if arms:
            for x in (-0.27, 0.27):
                c.tube([(x * 0.85, 0, 0.44), (x, -0.02, 0.5), (x, -0.04, 0.66)], 0.016, base)
                c.box((x - 0.035, x + 0.035), (-0.14, 0.13), (0.66, 0.69), palette.BLACK, 0.012)

    return Piece(0.62, 0.64, 0.6 + tall, build)


def sofa(rng: random.Random, seats: int | None = None, cover: Finish | None = None) -> Piece:
    """An armchair (one seat) or sofa with loose cushions."""
    count = seats or rng.choice((2, 3, 3))
    stuff = cover or palette.upholstery(rng)
    arm, one = rng.uniform(0.14, 0.24), rng.uniform(0.56, 0.68)
    width, depth = 2 * arm + count * one, rng.uniform(0.85, 0.98)
    sit, high, arms = rng.uniform(0.4, 0.46), rng.uniform(0.78, 0.95), rng.uniform(0.55, 0.66)
    leg = rng.uniform(0.04, 0.14)
    seam = stuff.tinted(palette.near(rng, stuff.colour, 0.05))

    def build(b: Builder) -> None:
        half = width / 2
        for x in (-half + 0.06, half - 0.06):
            for y in (0.08, depth - 0.08):
                b.tube([(x, y, 0), (x, y, leg + 0.02)], 0.022, palette.wood(b.rng))
        b.cushion(
            (0, depth / 2, (leg + sit - 0.1) / 2 + 0.01),
            (width - 0.04, depth - 0.04, sit - 0.1 - leg),
            stuff,
            0.03,
        )
        for x in (-half + arm / 2, half - arm / 2):
            b.cushion(
                (x, depth / 2, (arms + leg) / 2),
                (arm, depth, arms - leg),
                stuff,
                min(0.07, arm * 0.42),
                0.01,
            )
        b.cushion(
            (0, 0.13, (high - 0.08 + leg) / 2),
            (width - 2 * arm + 0.04, 0.24, high - 0.08 - leg),
            stuff,
            0.08,
        )
        for k in range(count):
            x = -half + arm + one * (k + 0.5)
            b.cushion(
                (x, depth / 2 + 0.1, sit - 0.03),
                (one * 0.985, depth - 0.22, 0.15),
                seam,
                0.05,
                0.02,
                0.003,
            )
            b.at(x, 0.36, sit + 0.03, 0, math.pi / 2 + 0.15).cushion(
                (0, (high - sit) / 2, 0.02),
                (one * 0.97, high - sit - 0.02, 0.16),
                seam,
                0.06,
                0.03,
                0.004,
            )
        _throws(b, width - 2 * arm, sit + 0.05)

    return Piece(width, depth, high, build)


def _throws(b: Builder, width: float, sit: float) -> None:
    rng = b.rng
    for _ in range(rng.choice((0, 1, 2, 2, 3))):
        x = rng.choice((-1, 1)) * width * rng.uniform(0.2, 0.42)
        size = rng.uniform(0.36, 0.48)
        own = b.at(x, 0.52, sit + 0.02, rng.uniform(-0.4, 0.4), math.pi / 2 + 0.35)
        own.cushion(
            (0, size / 2, 0),
            (size, size, 0.09),
            palette.cloth(rng, palette.BRIGHT, 0.5),
            0.04,
            0.045,
        )
    if rng.random() < 0.25:
        b.at(rng.uniform(-0.3, 0.3) * width, 0.6, sit + 0.03, rng.uniform(0, 3)).cushion(
            (0, 0, 0.02),
            (0.7, 0.5, 0.06),
            palette.cloth(rng, palette.LINEN, 0.6),
            0.025,
            0.02,
            0.02,
        )


def stool(rng: random.Random) -> Piece:
    """A bar stool or footstool."""
    tall = rng.choice((0.42, 0.65, 0.72))
    stuff, cover = palette.metal(rng), palette.upholstery(rng)
    if rng.random() < 0.5:
        stuff = palette.wood(rng)

    def build(b: Builder) -> None:
        c = b.at(0, 0.19)
        for k in range(4):
            angle = math.pi / 4 + k * math.pi / 2
            dx, dy = math.cos(angle), math.sin(angle)
            c.tube([(0.2 * dx, 0.2 * dy, 0), (0.13 * dx, 0.13 * dy, tall - 0.03)], 0.016, stuff)
        c.turned([(0.165, 0.24), (0.185, 0.24), (0.185, 0.26), (0.165, 0.26)], stuff, 20)
        c.turned(
            [
                (0, tall - 0.04),
                (0.17, tall - 0.04),
                (0.18, tall - 0.01),
                (0.16, tall),
                (0, tall + 0.01),
            ],
            cover,
            24,
        )

    return Piece(0.4, 0.4, tall, build)


def ottoman(rng: random.Random, width: float | None = None) -> Piece:
    """A padded bench or pouffe."""
    w, d, h = width or rng.uniform(0.45, 1.2), rng.uniform(0.4, 0.5), rng.uniform(0.38, 0.46)
    cover = palette.upholstery(rng)
    legs = palette.wood(rng)

    def build(b: Builder) -> None:
        for x in (-w / 2 + 0.05, w / 2 - 0.05):
            for y in (0.05, d - 0.05):
                b.tube([(x, y, 0), (x, y, 0.2)], 0.02, legs)
        b.cushion((0, d / 2, h - 0.12), (w, d, 0.22), cover, 0.045, 0.02)

    return Piece(w, d, h, build)
