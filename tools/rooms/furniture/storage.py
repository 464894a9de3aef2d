"""Bookcases, cupboards, chests of drawers, wardrobes and filing cabinets."""

from __future__ import annotations

import random

from rooms import palette
from rooms.builder import Builder, Finish
from rooms.furniture import clutter
from rooms.furniture.tables import screen
from rooms.plan import Piece


def knob(b: Builder, x: float, y: float, z: float, stuff: Finish, *, bar: float = 0.0) -> None:
    """A handle on a front that faces +y: a knob, or an upright bar of that length."""
    if bar:
        b.tube([(x, y + 0.025, z - bar / 2), (x, y + 0.025, z + bar / 2)], 0.006, stuff)
        for end in (z - bar / 2 + 0.01, z + bar / 2 - 0.01):
            b.tube([(x, y, end), (x, y + 0.025, end)], 0.005, stuff, 6)
    else:
        b.at(x, y + 0.012, z).cushion((0, 0, 0), (0.026, 0.026, 0.026), stuff, 0.012)


def front(
    b: Builder,
    x: tuple[float, float],
    z: tuple[float, float],
    y: float,
    stuff: Finish,
    *,
    framed: bool,
) -> None:
    """A door or drawer front, plain or with a raised frame."""
    gap = 0.003
    x0, x1, z0, z1 = x[0] + gap, x[1] - gap, z[0] + gap, z[1] - gap
    b.box((x0, x1), (y, y + 0.018), (z0, z1), stuff, 0.003)
    edge = 0.055
    if framed and x1 - x0 > 3 * edge and z1 - z0 > 3 * edge:
        b.rim((x0, x1), (y + 0.0175, y + 0.027), (z0, z1), edge, stuff)


def drawers(
    rng: random.Random,
    columns: int = 1,
    rows: int = 3,
    width: float = 0.9,
    high: float = 0.85,
    depth: float = 0.46,
    top: float = 0.6,
) -> Piece:
    """A chest of drawers; `top` are the odds that things stand on it."""
    stuff = palette.lacquer(rng)
    grip = palette.metal(rng)
    framed, bar = rng.random() < 0.4, rng.random() < 0.4

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0, depth - 0.02), (0.05, high - 0.025), stuff)
        b.box(
            (-width / 2 - 0.012, width / 2 + 0.012),
            (0, depth + 0.012),
            (high - 0.025, high),
            stuff,
            0.006,
        )
        for x in (-width / 2 + 0.02, width / 2 - 0.06):
            for y in (0.02, depth - 0.08):
                b.box((x, x + 0.04), (y, y + 0.04), (0, 0.06), stuff)
        wide, tall = (width - 0.03) / columns, (high - 0.1) / rows
        for i in range(columns):
            for j in range(rows):
                x0, z0 = -width / 2 + 0.015 + i * wide, 0.065 + j * tall
                front(b, (x0, x0 + wide), (z0, z0 + tall), depth - 0.02, stuff, framed=framed)
                for x in (
                    (x0 + wide / 2,) if wide < 0.55 or bar else (x0 + wide * 0.25, x0 + wide * 0.75)
                ):
                    knob(b, x, depth, z0 + tall / 2, grip)
        if rng.random() < top:
            clutter.strew(
                b.at(0, 0, high),
                (-width * 0.42, width * 0.42),
                (0.1, depth - 0.1),
                clutter.SHELF,
                rng.randint(1, 2 + int(4 * width)),
            )

    return Piece(width, depth + 0.02, high, build)


def wardrobe(rng: random.Random, doors: int | None = None, high: float | None = None) -> Piece:
    """A tall cupboard with doors."""
    count = doors or rng.choice((2, 2, 3, 4))
    width, depth = count * rng.uniform(0.4, 0.55), rng.uniform(0.45, 0.6)
    tall = high or rng.uniform(1.85, 2.2)
    stuff, grip, framed = palette.lacquer(rng), palette.metal(rng), rng.random() < 0.5
    glass = Finish("mirror", (0.8, 0.8, 0.8)) if rng.random() < 0.15 else None

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0, depth - 0.02), (0.0, tall), stuff, 0.005)
        if rng.random() < 0.5:
            b.box(
                (-width / 2 - 0.02, width / 2 + 0.02),
                (0, depth + 0.015),
                (tall - 0.05, tall),
                stuff,
                0.015,
            )
        one = width / count
        for k in range(count):
            x0 = -width / 2 + k * one
            front(b, (x0, x0 + one), (0.08, tall - 0.05), depth - 0.02, stuff, framed=framed)
            if glass and k == count // 2:
                b.box(
                    (x0 + 0.06, x0 + one - 0.06),
                    (depth - 0.002, depth + 0.009),
                    (0.2, tall - 0.15),
                    glass,
                    0.001,
                )
            hinge = k % 2
            knob(b, x0 + (0.04 if hinge else one - 0.04), depth + 0.007, 1.02, grip, bar=0.14)
        if rng.random() < 0.3 and tall < 2.1:
            for x in (-width * 0.25, width * 0.2):
                clutter.carton(b.at(x, depth / 2, tall), 0.4)

    return Piece(width, depth + 0.03, tall, build)


def bookcase(
    rng: random.Random,
    width: float | None = None,
    high: float | None = None,
    filling: str = "books",
) -> Piece:
    """Open shelves with books, boxes and odds and ends; or with binders for an office."""
    wide, depth = width or rng.uniform(0.6, 1.2), rng.uniform(0.26, 0.36)
    tall = high or rng.choice((0.85, 1.2, 1.8, 2.0, 2.1))
    stuff = palette.lacquer(rng)
    count = max(2, round(tall / rng.uniform(0.32, 0.4)))
    full = rng.uniform(0.45, 0.95)

    def build(b: Builder) -> None:
        thick = 0.02
        for x in (-wide / 2, wide / 2 - thick):
            b.box((x, x + thick), (0, depth), (0, tall), stuff)
        b.box((-wide / 2, wide / 2), (0, 0.008), (0, tall), stuff, 0.001)
        step = (tall - 0.07) / count
        for k in range(count + 1):
            z = 0.05 + k * step
            b.box(
                (-wide / 2 + thick, wide / 2 - thick),
                (0.008, depth - 0.004),
                (z, z + thick - 0.0005),
                stuff,
                0.003,
            )
            if k < count:
                _fill(
                    b.at(0, 0.03, z + thick),
                    wide - 2 * thick,
                    step - thick,
                    depth - 0.04,
                    filling,
                    full,
                )
        if tall < 1.5:
            clutter.strew(
                b.at(0, 0, tall - 0.0),
                (-wide * 0.4, wide * 0.4),
                (0.1, depth - 0.08),
                clutter.SHELF,
                3,
            )
        elif rng.random() < 0.4 and tall < 2.05:
            clutter.carton(b.at(rng.uniform(-0.2, 0.2) * wide, depth / 2, tall), 0.34)

    return Piece(wide, depth, tall, build)


def _fill(b: Builder, width: float, height: float, depth: float, filling: str, full: float) -> None:
    rng = b.rng
    if filling == "binders":
        x = -width / 2
        tone = palette.bright(rng)
        while x < width / 2 - 0.09:
            if rng.random() < full:
                if rng.random() < 0.3:
                    tone = palette.bright(rng)
                b.box((x, x + 0.075), (0, depth), (0, min(0.32, height - 0.02)), tone, 0.003)
                b.box(
                    (x + 0.015, x + 0.06),
                    (depth, depth + 0.001),
                    (0.1, min(0.26, height - 0.05)),
                    Finish("paper", palette.WHITE, palette.DARK),
                    0.0003,
                )
            x += 0.08
        return
    pick = rng.random()
    if pick < full * 0.75:
        clutter.books_upright(b.at(0, depth * 0.15), width * rng.uniform(0.6, 1.0), height, depth)
    elif pick < 0.85:
        clutter.strew(
            b,
            (-width * 0.42, width * 0.42),
            (0.06, depth - 0.06),
            clutter.SHELF,
            max(2, int(width * 5)),
            0.16,
        )
    else:
        for k in range(max(1, int(width / 0.32))):
            b.box(
                (-width / 2 + 0.02 + 0.32 * k, -width / 2 + 0.31 + 0.32 * k),
                (0, depth - 0.02),
                (0, min(0.24, height - 0.03)),
                palette.bright(rng, "fabric"),
                0.008,
            )


def cubby(rng: random.Random) -> Piece:
    """Low shelves of boxes, as in classrooms and nurseries."""
    return bookcase(rng, rng.uniform(1.0, 1.8), rng.choice((0.75, 0.9, 1.1)), "books")


def sideboard(rng: random.Random, tv: bool = False) -> Piece:
    """A low cupboard, with a television on it if `tv`."""
    width, depth = rng.uniform(1.1, 1.8), rng.uniform(0.38, 0.48)
    high = rng.uniform(0.42, 0.6) if tv else rng.uniform(0.72, 0.9)
    stuff, grip = palette.lacquer(rng), palette.metal(rng)
    wide = rng.uniform(0.85, 1.2)

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0, depth - 0.02), (0.06, high), stuff, 0.006)
        b.box((-width / 2 + 0.03, width / 2 - 0.03), (0.02, depth - 0.06), (0, 0.06), stuff)
        count = 3
        for k in range(count):
            x0 = -width / 2 + 0.01 + k * (width - 0.02) / count
            x1 = x0 + (width - 0.02) / count
            if tv and k == 1:
                b.box(
                    (x0 + 0.01, x1 - 0.01),
                    (depth - 0.021, depth - 0.019),
                    (0.1, high - 0.04),
                    palette.BLACK,
                    0.0005,
                )
                b.box(
                    (x0 + 0.05, x1 - 0.05),
                    (depth - 0.02, depth - 0.005),
                    (0.12, 0.17),
                    palette.BLACK,
                    0.004,
                )
            else:
                front(b, (x0, x1), (0.08, high - 0.02), depth - 0.02, stuff, framed=k % 2 == 0)
                knob(b, (x0 + x1) / 2, depth, high * 0.6, grip)
        onto = b.at(0, 0, high)
        if tv:
            screen(onto.at(0, depth * 0.5), wide, wide * 0.58, 0.06, lit=rng.random() < 0.25)
            for x in (-width / 2 + 0.12, width / 2 - 0.12):
                rng.choice(clutter.SHELF)(onto.at(x, depth * 0.5))
        else:
            clutter.strew(
                onto,
                (-width * 0.45, width * 0.45),
                (0.1, depth - 0.1),
                (*clutter.SHELF, clutter.plant),
                rng.randint(3, 7),
            )

    return Piece(width, depth, high + (0.06 + wide * 0.58 if tv else 0), build)


def filing_cabinet(rng: random.Random) -> Piece:
    """A steel cabinet of drawers."""
    rows = rng.choice((2, 3, 4))
    stuff = Finish("plastic", palette.of(rng, ("8a8c8a", "c9c6ba", "3a3c40", "a89f8c", "55606a")))
    high = rows * 0.33 + 0.03

    def build(b: Builder) -> None:
        b.box((-0.21, 0.21), (0, 0.58), (0, high), stuff, 0.004)
        for k in range(rows):
            z0 = 0.02 + 0.33 * k
            b.box((-0.2, 0.2), (0.58, 0.6), (z0, z0 + 0.32), stuff, 0.006)
            b.box((-0.05, 0.05), (0.6, 0.615), (z0 + 0.22, z0 + 0.24), palette.STEEL, 0.004)
            b.box(
                (-0.04, 0.04),
                (0.6, 0.603),
                (z0 + 0.26, z0 + 0.29),
                Finish("plastic", palette.WHITE),
                0.001,
            )
        clutter.strew(
            b.at(0, 0, high),
            (-0.1, 0.1),
            (0.15, 0.45),
            (clutter.book_pile, clutter.papers, clutter.plant, clutter.carton),
            1,
        )

    return Piece(0.42, 0.62, high, build)


def nightstand(rng: random.Random) -> Piece:
    """A bedside chest."""
    return drawers(rng, 1, 2, rng.uniform(0.4, 0.52), rng.uniform(0.5, 0.62), 0.4, top=0.0)
