"""Small things that lie and stand about: books, cups, bottles, boxes, papers, plants."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rooms import palette
from rooms.builder import Builder, Finish
from rooms.shapes import Vector


def books_upright(b: Builder, width: float, height: float, depth: float) -> None:
    """Fill a shelf's width with standing books, now and then a gap or a leaning one."""
    rng = b.rng
    x = -width / 2
    while x < width / 2 - 0.06:
        thick = rng.uniform(0.012, 0.05)
        tall = min(height - 0.02, rng.uniform(0.17, 0.3))
        deep = min(depth - 0.02, rng.uniform(0.13, 0.22))
        book = palette.bright(rng, "spine")
        if rng.random() < 0.05:
            x += rng.uniform(0.05, 0.2)
        if rng.random() < 0.04:
            leaning = b.at(x + 0.05, 0.0, 0.0)
            leaning.box((0.0, thick), (0.0, deep), (0.0, tall * 0.9), book, 0.002)
            x += 0.06
        else:
            b.box((x, x + thick * 0.94), (0.0, deep), (0.0, tall), book, 0.002)
        x += thick


def book_pile(b: Builder, count: int = 3) -> None:
    """Stack a few lying books."""
    rng = b.rng
    z = 0.0
    for _ in range(rng.randint(1, count)):
        thick = rng.uniform(0.012, 0.045)
        wide, long = rng.uniform(0.12, 0.2), rng.uniform(0.18, 0.29)
        own = b.at(0.0, 0.0, z, rng.uniform(-0.4, 0.4))
        own.box(
            (-wide / 2, wide / 2),
            (-long / 2, long / 2),
            (0.0, thick),
            palette.bright(rng, "spine"),
            0.002,
        )
        z += thick


def papers(b: Builder) -> None:
    """Strew a few sheets of paper."""
    rng = b.rng
    for number in range(rng.randint(1, 4)):
        own = b.at(
            rng.uniform(-0.06, 0.06),
            rng.uniform(-0.06, 0.06),
            0.001 + 0.001 * number,
            rng.uniform(-0.5, 0.5),
        )
        own.sheet(
            lambda u, v: (0.21 * u - 0.1, 0.297 * v - 0.15, 0.0),
            Finish("paper", palette.WHITE, (0.05, 0.05, 0.07)),
        )


def cup(b: Builder) -> None:
    """A mug with its handle."""
    rng = b.rng
    r, h = rng.uniform(0.035, 0.045), rng.uniform(0.08, 0.11)
    glaze = palette.bright(rng, "ceramic") if rng.random() < 0.6 else palette.CERAMIC
    b.turned(
        [
            (0.0, 0.0),
            (r * 0.9, 0.0),
            (r, 0.01),
            (r, h),
            (r - 0.004, h),
            (r - 0.006, 0.012),
            (0.0, 0.012),
        ],
        glaze,
        18,
    )
    own = b.at(0, 0, 0, rng.uniform(0, 6.3))
    own.tube(
        [
            (r, 0, h * 0.8),
            (r + 0.022, 0, h * 0.75),
            (r + 0.026, 0, h * 0.5),
            (r + 0.018, 0, h * 0.3),
            (r, 0, h * 0.22),
        ],
        0.005,
        glaze,
        6,
    )


def bottle(b: Builder) -> None:
    """A bottle or jar."""
    rng = b.rng
    r, h = rng.uniform(0.025, 0.045), rng.uniform(0.12, 0.3)
    neck, shoulder = rng.uniform(0.3, 0.8), rng.uniform(0.55, 0.75)
    stuff = palette.bright(rng, "gloss")
    b.turned(
        [
            (0.0, 0.0),
            (r, 0.0),
            (r, h * shoulder),
            (r * neck, h * (shoulder + 0.15)),
            (r * neck, h * 0.92),
        ],
        stuff,
        16,
    )
    b.turned(
        [(r * neck + 0.003, h * 0.9), (r * neck + 0.003, h), (0.0, h)], palette.bright(rng), 16
    )
    b.turned(
        [(r + 0.0006, h * 0.15), (r + 0.0006, h * shoulder * 0.85)],
        palette.bright(rng, "spine"),
        16,
    )


def bowl(b: Builder) -> None:
    """A bowl, at times with fruit."""
    rng = b.rng
    r, h = rng.uniform(0.09, 0.16), rng.uniform(0.05, 0.09)
    b.turned(
        [
            (0.0, 0.0),
            (r * 0.45, 0.0),
            (r * 0.8, h * 0.45),
            (r, h),
            (r * 0.96, h),
            (r * 0.75, h * 0.5),
            (0.0, 0.01),
        ],
        palette.CERAMIC if rng.random() < 0.4 else palette.bright(rng, "ceramic"),
        24,
    )
    if rng.random() < 0.6:
        for _ in range(rng.randint(3, 6)):
            angle, away = rng.uniform(0, 6.3), rng.uniform(0, r * 0.5)
            own = b.at(away * math.cos(angle), away * math.sin(angle), h * 0.75)
            ball(
                own,
                rng.uniform(0.033, 0.042),
                Finish("gloss", palette.of(rng, ("b3262b", "d9a520", "7fa03a", "d96f2b"))),
            )


def ball(b: Builder, radius: float, finish: Finish, flat: float = 1.0) -> None:
    """A ball about the origin, `flat`tened in height."""
    steps = 8
    b.turned(
        [
            (
                radius * math.sin(math.pi * i / steps) + 1e-4,
                -flat * radius * math.cos(math.pi * i / steps),
            )
            for i in range(steps + 1)
        ],
        finish,
        14,
    )


def carton(b: Builder, size: float = 0.35) -> None:
    """A cardboard or plastic box."""
    rng = b.rng
    w, d, h = (size * rng.uniform(0.55, 1.0) for _ in range(3))
    stuff = Finish("paper", palette.of(rng, ("b08a5a", "a87f50", "c09a6a")), (0.2, 0.12, 0.06))
    if rng.random() < 0.4:
        stuff = palette.bright(rng)
    b.box((-w / 2, w / 2), (-d / 2, d / 2), (0.0, h), stuff, 0.004)
    if rng.random() < 0.5:
        lid = stuff.tinted(palette.near(rng, stuff.colour, 0.2))
        b.box(
            (-w / 2 - 0.005, w / 2 + 0.005),
            (-d / 2 - 0.005, d / 2 + 0.005),
            (h - 0.04, h + 0.01),
            lid,
            0.004,
        )
    else:
        b.box(
            (-w / 2, w / 2), (-0.03, 0.03), (h, h + 0.001), stuff.tinted((0.45, 0.35, 0.2)), 0.0004
        )


def cloth_heap(b: Builder, size: float = 0.4) -> None:
    """A heap of clothes or a dropped towel."""
    rng = b.rng
    for _ in range(rng.randint(1, 3)):
        own = b.at(rng.uniform(-0.1, 0.1), rng.uniform(-0.1, 0.1), 0.0, rng.uniform(0, 6.3))
        w, d, h = size * rng.uniform(0.6, 1), size * rng.uniform(0.5, 0.9), rng.uniform(0.06, 0.14)
        own.cushion(
            (0, 0, h * 0.4), (w, d, h), palette.cloth(rng, palette.BRIGHT, 0.3), 0.045, 0.03, 0.018
        )


def leaf(b: Builder, length: float, width: float, droop: float, finish: Finish) -> None:
    """A leaf that grows along y from the origin and droops."""

    def surface(u: float, v: float) -> Vector:
        half = width * math.sin(math.pi * min(1.0, 0.06 + 0.94 * v)) ** 0.8
        fold = abs(u - 0.5) * 0.25 * width
        return (u - 0.5) * half, v * length, fold + length * (0.45 * v - droop * v * v)

    b.sheet(surface, finish, 4, 6)


def plant(b: Builder, height: float = 0.5) -> None:
    """A potted plant; `height` includes the pot."""
    rng = b.rng
    pot = height * rng.uniform(0.25, 0.35)
    r = pot * rng.uniform(0.45, 0.6)
    glaze = Finish(
        rng.choice(("ceramic", "plastic", "speckled")),
        palette.of(rng, ("a8593a", "e4e0d6", "5f6b66", "3a3a3a", "c9b89a")),
        (0.3, 0.2, 0.1),
    )
    b.turned(
        [
            (0.0, 0.0),
            (r * 0.75, 0.0),
            (r, pot),
            (r * 0.92, pot),
            (r * 0.88, pot * 0.85),
            (0.0, pot * 0.85),
        ],
        glaze,
        20,
    )
    green = Finish("foliage", palette.of(rng, palette.LEAVES))
    count = rng.randint(14, 26)
    broad = rng.uniform(0.12, 0.5)
    for number in range(count):
        share = number / count
        turn = 2.4 * number + rng.uniform(-0.4, 0.4)
        rise = (height - pot) * (0.05 + 0.6 * share)
        reach = (height - pot) * rng.uniform(0.45, 0.75)
        b.tube(
            [(0, 0, pot * 0.8), (0.02 * math.cos(turn), 0.02 * math.sin(turn), pot + rise)],
            0.004,
            green,
            5,
        )
        own = b.at(0.0, 0.0, pot + rise, turn, rng.uniform(0.0, 0.9) * (0.4 + share))
        leaf(
            own,
            reach,
            reach * broad,
            rng.uniform(0.3, 0.9),
            green.tinted(palette.near(rng, green.colour, 0.25)),
        )


def plant_small(b: Builder) -> None:
    """A plant for a sill or table."""
    plant(b, b.rng.uniform(0.2, 0.4))


def vase(b: Builder) -> None:
    """A vase, at times with twigs."""
    rng = b.rng
    h, r = rng.uniform(0.14, 0.32), rng.uniform(0.04, 0.08)
    b.turned(
        [
            (0.0, 0.0),
            (r * 0.6, 0.0),
            (r, h * 0.4),
            (r * 0.4, h * 0.8),
            (r * 0.55, h),
            (r * 0.45, h),
        ],
        palette.bright(rng, "ceramic"),
        20,
    )
    if rng.random() < 0.5:
        for _ in range(rng.randint(4, 9)):
            turn = rng.uniform(0, 6.3)
            own = b.at(0, 0, h * 0.9, turn, rng.uniform(0.5, 1.3))
            leaf(
                own,
                rng.uniform(0.15, 0.3),
                0.05,
                0.4,
                Finish("foliage", palette.of(rng, (*palette.LEAVES, "c94f7c", "d9a520", "e8e4da"))),
            )


def photo_frame(b: Builder) -> None:
    """A small standing picture."""
    rng = b.rng
    w, h = rng.choice(((0.13, 0.18), (0.18, 0.13), (0.2, 0.25)))
    own = b.at(0, 0, 0.0, rng.uniform(-0.4, 0.4), 0.2)
    own.box((-w / 2, w / 2), (-0.015, 0.0), (0, h), palette.lacquer(rng), 0.003)
    own.box((-w / 2 + 0.02, w / 2 - 0.02), (0.0, 0.001), (0.02, h - 0.02), picture(b), 0.0003)


def picture(b: Builder) -> Finish:
    """What is painted on a picture."""
    rng = b.rng
    return Finish(
        rng.choice(("abstract", "scenery")),
        palette.of(rng, palette.BRIGHT),
        palette.of(rng, (*palette.BRIGHT, *palette.WALLS)),
    )


def tissue_box(b: Builder) -> None:
    """A box of tissues."""
    b.box((-0.11, 0.11), (-0.06, 0.06), (0, 0.09), palette.bright(b.rng, "spine"), 0.003)
    b.at(0, 0, 0.09).cushion(
        (0, 0, 0.02), (0.09, 0.05, 0.06), Finish("fabric", palette.WHITE), 0.02, 0.02, 0.01
    )


def clock(b: Builder) -> None:
    """A small alarm clock or radio."""
    b.box((-0.09, 0.09), (-0.04, 0.04), (0, 0.08), palette.BLACK, 0.01)
    b.box(
        (-0.07, 0.07),
        (0.04, 0.041),
        (0.02, 0.06),
        Finish("glow", (0.5, 0.05, 0.02), scale=0.6),
        0.0003,
    )


def basket(b: Builder, size: float = 0.3) -> None:
    """A round waste or laundry basket."""
    rng = b.rng
    r, h = size * rng.uniform(0.4, 0.5), size * rng.uniform(0.9, 1.4)
    stuff = palette.metal(rng) if rng.random() < 0.5 else palette.wood(rng)
    if rng.random() < 0.4:
        stuff = palette.bright(rng)
    b.turned(
        [(0.0, 0.005), (r * 0.8, 0.0), (r, h), (r * 0.95, h), (r * 0.77, 0.02), (0, 0.02)],
        stuff,
        24,
    )
    if rng.random() < 0.5:
        b.at(0, 0, h * 0.8).cushion(
            (0, 0, 0),
            (r * 1.3, r * 1.3, 0.12),
            palette.cloth(rng, palette.LINEN),
            0.05,
            0.03,
            0.015,
        )


def bag(b: Builder) -> None:
    """A rucksack or bag on the floor."""
    rng = b.rng
    stuff = palette.cloth(rng, palette.BRIGHT, 0.1)
    w, d, h = rng.uniform(0.28, 0.4), rng.uniform(0.16, 0.24), rng.uniform(0.3, 0.45)
    own = b.at(0, 0, h / 2, rng.uniform(0, 6.3))
    own.cushion((0, 0, 0), (w, d, h), stuff, 0.07, 0.0, 0.0)
    own.cushion((0, d / 2, -h * 0.15), (w * 0.7, 0.1, h * 0.5), stuff, 0.045)
    own.tube(
        [
            (-0.06, 0, h / 2 - 0.01),
            (-0.05, 0, h / 2 + 0.06),
            (0.05, 0, h / 2 + 0.06),
            (0.06, 0, h / 2 - 0.01),
        ],
        0.01,
        stuff,
    )


def shoes(b: Builder) -> None:
    """A pair of shoes."""
    rng = b.rng
    stuff = palette.bright(rng, "leather")
    for x in (-0.07, 0.07):
        own = b.at(x, rng.uniform(-0.05, 0.05), 0, rng.uniform(-0.3, 0.3))
        own.cushion((0, 0, 0.035), (0.095, 0.27, 0.07), stuff, 0.034)
        own.cushion((0, -0.07, 0.07), (0.085, 0.12, 0.08), stuff, 0.034)


def strew(
    b: Builder,
    x: tuple[float, float],
    y: tuple[float, float],
    things: Sequence[Callable[[Builder], None]],
    count: int,
    gap: float = 0.15,
) -> None:
    """Put things about a surface, each at some distance from the others."""
    rng = b.rng
    placed: list[tuple[float, float]] = []
    for _ in range(4 * count):
        px, py = rng.uniform(*x), rng.uniform(*y)
        if len(placed) < count and all(math.hypot(px - a, py - c) > gap for a, c in placed):
            placed.append((px, py))
            rng.choice(things)(b.at(px, py, 0.0, rng.uniform(-0.5, 0.5)))


DESK: Sequence[Callable[[Builder], None]] = (
    cup,
    papers,
    papers,
    book_pile,
    book_pile,
    bottle,
    photo_frame,
    tissue_box,
)
SHELF: Sequence[Callable[[Builder], None]] = (
    vase,
    photo_frame,
    bowl,
    book_pile,
    bottle,
    clock,
    tissue_box,
)
KITCHEN: Sequence[Callable[[Builder], None]] = (bottle, bottle, bottle, cup, bowl, cup)
FLOOR: Sequence[Callable[[Builder], None]] = (
    carton,
    bag,
    shoes,
    cloth_heap,
    basket,
    book_pile,
    carton,
)
