"""Colours and finishes to draw from, as they are met in homes and schools."""

from __future__ import annotations

import random
from collections.abc import Sequence

from rooms.builder import Colour, Finish


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WALLS = _codes(
    """
    efece4 e8e2d2 ddd5c0 e9e4da d8d3c8 cfd6d8 c9d3c4 e3d3b5 d9c49a bcc7cf b9b4a8 f1eee8 e6d9cc
    a9b8a4 c8a98a d7dde0 e0c9c0 8fa3ad
    """
)
CEILINGS = _codes("f2f0ea ece8de f5f5f2")
WOODS = (
    ("b98a58", "8a5d33"),
    ("a8713f", "6f4423"),
    ("7a4a28", "45260f"),
    ("5a3420", "2e190e"),
    ("d3b183", "ad8553"),
    ("c49a6a", "99703f"),
    ("8c5a3a", "5c3420"),
    ("e2cba4", "c3a272"),
    ("6e5a48", "483828"),
    ("3b2a22", "221712"),
)
FABRICS = _codes(
    """
    8a8378 5b6670 3f4a5a 7a3b36 9a8468 b8a98f 4c5b49 6b5a72 2f3338 a05a3c c7bba6 36506e 8c2f34
    556b5d d8cfbf 746455 233a5e 4a3428
    """
)
BRIGHT = _codes(
    """
    b3262b 1f5fa8 d9a520 2f8045 d96f2b 7b3f8c e8e4da 1c2f4f c94f7c 3fa0a8 f0d060 8a1f2d 9fb83a
    dcdcd4 303030 6a4a30 c0563a 4a7fb0
    """
)
LINEN = _codes(
    """
    eae6dc d5d8dc c9bda8 b7c3cf e2d3c6 8d9bb0 a3563f 4f5f7a 7c8f78 d9cdb8 6d3540 3c4a63
    """
)
CARPETS = (
    ("b5a78f", "8f8068"),
    ("9a8f80", "746a5c"),
    ("7d7f86", "5c5e66"),
    ("a68d6d", "7f6848"),
    ("c4b9a6", "a0937d"),
    ("5f6b7a", "454f5c"),
    ("6d5a4c", "4c3d33"),
    ("8b8f84", "676b60"),
)
TILES = _codes("e6e2d8 d6cbb8 c5b59c b9b3a8 e9e9e6 a39a8c cfc4b3 b7a084 8a8f92 d9d2c8")
STONES = (
    ("b8ab9a", "4a4038"),
    ("2d2b2b", "6a645c"),
    ("8c7a66", "2f2722"),
    ("d9d5cc", "a8a299"),
    ("5e5c5a", "23211f"),
    ("a58c70", "5a4636"),
    ("e4e0d8", "bcb4a6"),
)
LEAVES = _codes("3f6b2a 2f5524 55803a 6b8f45 28482a")
METALS = _codes("c9c9c6 b5b2ac 8e8c88 d6d4cf a08a5c")

WHITE: Colour = (0.8, 0.8, 0.78)
DARK: Colour = (0.02, 0.02, 0.022)
CHROME = Finish("chrome", (0.8, 0.8, 0.8))
STEEL = Finish("metal", (0.55, 0.55, 0.54))
WHITE_PLASTIC = Finish("plastic", WHITE)
BLACK = Finish("plastic", DARK)
CERAMIC = Finish("ceramic", (0.82, 0.81, 0.78))


def hexa(code: str) -> Colour:
    """Return the linear colour of an sRGB code."""
    red, green, blue = (
        ((value + 0.055) / 1.055) ** 2.4 if value > 0.04045 else value / 12.92
        for value in (int(code[i : i + 2], 16) / 255 for i in (0, 2, 4))
    )
    return red, green, blue


def near(rng: random.Random, colour: Colour, spread: float = 0.12) -> Colour:
    """Return a colour a little lighter or darker, and a little off in hue."""
    light = rng.uniform(1 - spread, 1 + spread)
    red, green, blue = (
        min(0.9, max(0.004, value * light * rng.uniform(1 - spread / 3, 1 + spread / 3)))
        for value in colour
    )
    return red, green, blue


def of(rng: random.Random, codes: Sequence[str], spread: float = 0.12) -> Colour:
    """Draw a colour."""
    return near(rng, hexa(rng.choice(codes)), spread)


def _pair(rng: random.Random, material: str, pairs: Sequence[tuple[str, str]]) -> Finish:
    first, second = rng.choice(pairs)
    light = rng.uniform(0.8, 1.2)
    colours = [tuple(min(0.9, v * light) for v in hexa(code)) for code in (first, second)]
    return Finish(material, colours[0], colours[1])  # type: ignore[arg-type]


def wood(rng: random.Random) -> Finish:
    """Draw a wood."""
    return _pair(rng, "wood", WOODS)


def carpet(rng: random.Random) -> Finish:
    """Draw a carpet."""
    return _pair(rng, "carpet", CARPETS)


def stone(rng: random.Random) -> Finish:
    """Draw a worktop's stone."""
    return _pair(rng, "stone", STONES)


def planks(rng: random.Random) -> Finish:
    """Draw a wooden floor."""
    return _pair(rng, "planks", WOODS[:8])


def tile(rng: random.Random, material: str = "tile", side: float | None = None) -> Finish:
    """Draw tiles; `side` is their height in metres."""
    size = side or rng.choice((0.2, 0.3, 0.33, 0.45))
    joint = near(rng, hexa(rng.choice(("8f8a80", "b8b4aa", "6d675e"))))
    return Finish(material, of(rng, TILES), joint, size)


def lacquer(rng: random.Random) -> Finish:
    """Draw what furniture is faced with: wood for the most part, else white or a colour."""
    pick = rng.random()
    if pick < 0.6:
        return wood(rng)
    if pick < 0.88:
        return Finish("gloss" if rng.random() < 0.4 else "plastic", near(rng, WHITE, 0.08))
    return Finish("plastic", of(rng, FABRICS))


def cloth(rng: random.Random, codes: Sequence[str] = FABRICS, patterned: float = 0.25) -> Finish:
    """Draw a fabric, with a pattern at the given odds."""
    colour = of(rng, codes)
    if codes is not FABRICS and codes is not LINEN:
        colour = _faded(colour, rng.uniform(0.1, 0.6))
    if rng.random() < patterned:
        return Finish(
            rng.choice(("stripes", "plaid", "print")),
            colour,
            of(rng, LINEN if codes is FABRICS else FABRICS),
        )
    return Finish("fabric", colour)


def upholstery(rng: random.Random) -> Finish:
    """Draw a seat's cover."""
    if rng.random() < 0.28:
        return Finish(
            "leather",
            near(
                rng, hexa(rng.choice(("1c1816", "4a2a1a", "6b3a22", "2a2a2c", "8a6a48", "c9bca4")))
            ),
        )
    return cloth(rng)


def metal(rng: random.Random) -> Finish:
    """Draw a metal, or black painted steel."""
    if rng.random() < 0.35:
        return Finish("plastic", (0.025, 0.025, 0.027))
    return Finish("metal", of(rng, METALS))


def bright(rng: random.Random, material: str = "plastic") -> Finish:
    """Draw something colourful, faded more or less, as things in use are."""
    fade = rng.uniform(0.1, 0.75)
    first, second = (_faded(of(rng, BRIGHT), fade) for _ in range(2))
    return Finish(material, first, second)


def _faded(colour: Colour, share: float) -> Colour:
    grey = 0.3 * colour[0] + 0.6 * colour[1] + 0.1 * colour[2]
    red, green, blue = (share * (0.8 * grey + 0.02) + (1 - share) * value for value in colour)
    return red, green, blue
