"""Beds."""

from __future__ import annotations

import math
import random

from rooms import palette
from rooms.builder import Builder, Finish
from rooms.plan import Piece
from rooms.shapes import Vector


def bed(rng: random.Random) -> Piece:
    """A bed with its head at the wall: frame, mattress, duvet and pillows."""
    double = rng.random() < 0.7
    mattress = rng.choice((1.4, 1.6, 1.8)) if double else rng.choice((0.9, 1.0))
    width, length = mattress + 0.08, 2.08
    frame = palette.wood(rng) if rng.random() < 0.7 else palette.upholstery(rng)
    head, foot = rng.uniform(0.85, 1.2), rng.choice((0.0, 0.0, 0.5, 0.65))
    sheet = palette.cloth(rng, palette.LINEN, 0.2)
    cover = palette.cloth(rng, palette.LINEN + palette.FABRICS + palette.BRIGHT[:6], 0.5)
    top = rng.uniform(0.5, 0.62)
    made = rng.random() < 0.6

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0, 0.06), (0, head), frame, 0.015)
        if rng.random() < 0.4:
            for k in range(4):
                x = -width / 2 + 0.03 + k * (width - 0.06) / 4
                b.box(
                    (x + 0.02, x + (width - 0.06) / 4 - 0.02),
                    (0.06, 0.075),
                    (top, head - 0.06),
                    frame,
                    0.01,
                )
        for x in (-width / 2, width / 2 - 0.03):
            b.box((x, x + 0.03), (0.05, length), (0.16, 0.34), frame, 0.006)
        b.box(
            (-width / 2, width / 2), (length - 0.03, length), (0.16, max(0.34, foot)), frame, 0.01
        )
        for x in (-width / 2 + 0.04, width / 2 - 0.04):
            for y in (0.05, length - 0.05):
                b.tube([(x, y, 0), (x, y, max(0.2, foot))], 0.032, frame)
        b.cushion(
            (0, length / 2 + 0.02, top - 0.13), (mattress, length - 0.1, 0.24), sheet, 0.06, 0.01
        )
        _duvet(b, mattress, length, top, cover, made=made)
        count = 2 if double else 1
        for k in range(count):
            x = (k - (count - 1) / 2) * mattress / 2
            for row in range(rng.choice((1, 1, 2))):
                own = b.at(
                    x + rng.uniform(-0.04, 0.04),
                    0.3 + 0.2 * row,
                    top + 0.06 + 0.02 * row,
                    rng.uniform(-0.15, 0.15),
                    0.1 * row - 0.45,
                )
                own.cushion(
                    (0, 0, 0.02),
                    (min(0.68, mattress / count - 0.04), 0.44, 0.13),
                    palette.cloth(rng, palette.LINEN, 0.3),
                    0.055,
                    0.045,
                    0.006,
                )
        for _ in range(rng.choice((0, 0, 1, 3))):
            b.at(
                rng.uniform(-0.3, 0.3) * mattress, 0.72, top + 0.08, rng.uniform(-0.6, 0.6), -0.8
            ).cushion(
                (0, 0.05, 0.03),
                (0.38, 0.38, 0.1),
                palette.cloth(rng, palette.BRIGHT, 0.6),
                0.045,
                0.04,
            )

    return Piece(width, length, max(head, 0.7), build)


def _duvet(
    b: Builder, mattress: float, length: float, top: float, cover: Finish, *, made: bool
) -> None:
    rng = b.rng
    start = rng.uniform(0.55, 0.75) if made else rng.uniform(0.6, 1.0)
    hang, rough = rng.uniform(0.18, 0.32), 0.008 if made else 0.03
    half, end = mattress / 2 + 0.02, length - 0.02
    phase = [rng.uniform(0, 6.3) for _ in range(6)]

    def drape(u: float, v: float) -> Vector:
        across = (u - 0.5) * 2 * (half + hang)
        over = max(0.0, abs(across) - half)
        x = math.copysign(min(abs(across), half), across) if across else 0.0
        y = start + v * (end - start)
        folds = rough * (
            math.sin(7 * x + 5 * y + phase[0])
            + 0.7 * math.sin(13 * y - 9 * x + phase[1])
            + 0.5 * math.sin(21 * x + 4 * y + phase[2])
        )
        edge = min(1.0, over / 0.08)
        z = top + 0.05 - over + folds * (1 - edge) - 0.03 * edge
        sway = edge * (0.02 + 0.02 * math.sin(9 * y + phase[3]))
        puff = 0.02 * math.sin(math.pi * min(1.0, max(0.0, v)))
        thin = 0.05 * max(0.0, 1 - 12 * v) + 0.03 * max(0.0, 1 - 12 * (1 - v))
        return (
            x + math.copysign(sway, across),
            y,
            z + puff - thin + 0.01 * math.sin(6 * x + phase[4]),
        )

    b.sheet(drape, cover, 44, 28)
    if not made:
        b.at(
            rng.uniform(-0.3, 0.3) * mattress, start + 0.1, top + 0.08, rng.uniform(-0.3, 0.3)
        ).cushion((0, 0, 0), (mattress * 0.7, 0.4, 0.12), cover, 0.055, 0.03, 0.025)


def crib(rng: random.Random) -> Piece:
    """A child's bed with bars."""
    stuff = palette.lacquer(rng)

    def build(b: Builder) -> None:
        for x in (-0.62, 0.62):
            for y in (0.02, 0.66):
                b.box((x - 0.02, x + 0.02), (y, y + 0.04), (0, 0.95), stuff)
        for y in (0.03, 0.67):
            for z in (0.3, 0.88):
                b.box((-0.62, 0.62), (y, y + 0.025), (z, z + 0.04), stuff)
            for k in range(13):
                x = -0.55 + k * 1.1 / 12
                b.box((x - 0.007, x + 0.007), (y + 0.005, y + 0.02), (0.3, 0.9), stuff)
        for x in (-0.62, 0.6):
            b.box((x, x + 0.02), (0.03, 0.68), (0.3, 0.92), stuff)
        b.cushion(
            (0, 0.36, 0.4), (1.2, 0.62, 0.12), palette.cloth(rng, palette.LINEN, 0.5), 0.05, 0.01
        )
        b.cushion(
            (0.1, 0.36, 0.49),
            (0.7, 0.55, 0.08),
            palette.cloth(rng, palette.BRIGHT, 0.8),
            0.035,
            0.02,
            0.015,
        )

    return Piece(1.3, 0.72, 0.95, build)
