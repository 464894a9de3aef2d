"""Kitchen runs: base cupboards with worktop, sink, hob and oven, wall cupboards, fridge."""

from __future__ import annotations

import random
from dataclasses import dataclass

from rooms import palette
from rooms.builder import Builder, Finish
from rooms.furniture import clutter
from rooms.furniture.storage import front, knob
from rooms.plan import Piece

DEPTH, HIGH = 0.6, 0.9
TOP = 0.04


@dataclass(frozen=True)
class Style:
    """What one kitchen's fronts, worktops and handles are made of."""

    fronts: Finish
    top: Finish
    grip: Finish
    appliance: Finish
    framed: bool
    bars: bool


def style(rng: random.Random) -> Style:
    """Draw a kitchen's style."""
    appliance = rng.choice(
        (palette.STEEL, Finish("gloss", palette.WHITE), Finish("gloss", palette.DARK))
    )
    top = palette.stone(rng) if rng.random() < 0.65 else palette.wood(rng)
    return Style(
        palette.lacquer(rng),
        top,
        palette.metal(rng),
        appliance,
        rng.random() < 0.55,
        rng.random() < 0.6,
    )


def run(
    rng: random.Random, look: Style, units: int, *, sink: bool, hob: bool, things: float = 1.0
) -> Piece:
    """A run of base cupboards, each 0.6 m wide."""
    width = 0.6 * units
    places = list(range(units))
    rng.shuffle(places)
    at_sink = places.pop() if sink else -1
    at_hob = places.pop() if hob and places else -1
    washer = places.pop() if sink and places and rng.random() < 0.6 else -1

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0.0, DEPTH - 0.08), (0.0, 0.1), palette.BLACK)
        # Low inside, so that the sink hangs free.
        b.box(
            (-width / 2 + 0.018, width / 2 - 0.018),
            (0.0, DEPTH - 0.02),
            (0.1, HIGH - 0.2),
            look.fronts,
        )
        for x in (-width / 2, width / 2 - 0.018):
            b.box(
                (x, x + 0.018), (0.0, DEPTH - 0.02), (0.1, HIGH - TOP - 0.001), look.fronts, 0.002
            )
        for k in range(units):
            own = b.at(-width / 2 + 0.6 * k + 0.3, 0.0)
            if k == at_hob:
                _oven(own, look)
            elif k == washer:
                _washer(own, look)
            else:
                _unit(own, look, doors_only=k == at_sink)
        _top(b, look, width, -width / 2 + 0.6 * at_sink + 0.3 if at_sink >= 0 else None)
        for k in range(units):
            own = b.at(-width / 2 + 0.6 * k + 0.3, 0.0, HIGH)
            if k == at_hob:
                _hob(own)
            elif k != at_sink and rng.random() < things:
                _worktop_things(own)

    return Piece(width, DEPTH + 0.02, HIGH, build)


def _unit(b: Builder, look: Style, *, doors_only: bool) -> None:
    rng = b.rng
    y = DEPTH - 0.02
    if not doors_only and rng.random() < 0.35:
        for z0, z1 in ((0.1, 0.38), (0.38, 0.66), (0.66, 0.855)):
            front(b, (-0.3, 0.3), (z0, z1), y, look.fronts, framed=look.framed)
            _grip(b, 0.0, (z0 + z1) / 2, look)
        return
    split = 0.7 if rng.random() < 0.6 else 0.855
    for x0, side in ((-0.3, 1), (0.0, -1)):
        front(b, (x0, x0 + 0.3), (0.1, split), y, look.fronts, framed=look.framed)
        x = x0 + (0.26 if side > 0 else 0.04)
        knob(b, x, y + 0.02, split - 0.1, look.grip, bar=0.12 if look.bars else 0.0)
    if split < 0.8:
        front(b, (-0.3, 0.3), (split, 0.855), y, look.fronts, framed=False)
        _grip(b, 0.0, (split + 0.855) / 2, look)


def _grip(b: Builder, x: float, z: float, look: Style) -> None:
    y = DEPTH
    if look.bars:
        b.tube([(x - 0.07, y + 0.025, z), (x + 0.07, y + 0.025, z)], 0.006, look.grip)
        for end in (x - 0.06, x + 0.06):
            b.tube([(end, y - 0.004, z), (end, y + 0.025, z)], 0.005, look.grip, 6)
    else:
        knob(b, x, y, z, look.grip)


def _top(b: Builder, look: Style, width: float, sink: float | None) -> None:
    z = (HIGH - TOP, HIGH)
    if sink is None:
        b.box((-width / 2, width / 2), (0.0, DEPTH + 0.015), z, look.top, 0.006)
        return
    x0, x1, y0, y1 = sink - 0.23, sink + 0.23, 0.12, 0.5
    b.box((-width / 2, x0), (0.0, DEPTH + 0.015), z, look.top, 0.006)
    b.box((x1, width / 2), (0.0, DEPTH + 0.015), z, look.top, 0.006)
    b.box((x0, x1), (0.0, y0), z, look.top, 0.003)
    b.box((x0, x1), (y1, DEPTH + 0.015), z, look.top, 0.006)
    deep = HIGH - 0.18
    steel = palette.STEEL
    for xs, ys in (
        ((x0, x0 + 0.004), (y0, y1)),
        ((x1 - 0.004, x1), (y0, y1)),
        ((x0 + 0.004, x1 - 0.004), (y0, y0 + 0.004)),
        ((x0 + 0.004, x1 - 0.004), (y1 - 0.004, y1)),
    ):
        b.box(xs, ys, (deep, HIGH + 0.004), steel, 0.0)
    b.box((x0, x1), (y0, y1), (deep - 0.003, deep), steel, 0.001)
    tap(b.at(sink, 0.07, HIGH), 0.24)


def tap(b: Builder, high: float) -> None:
    """A tap whose spout reaches towards +y."""
    b.turned([(0.028, 0), (0.028, 0.01), (0.018, 0.02), (0.016, 0.06)], palette.CHROME, 16)
    b.tube(
        [
            (0, 0, 0.04),
            (0, 0, high * 0.8),
            (0, 0.03, high),
            (0, 0.09, high),
            (0, 0.13, high * 0.86),
            (0, 0.135, high * 0.75),
        ],
        0.011,
        palette.CHROME,
    )
    b.tube([(0.016, 0, 0.045), (0.07, 0.01, 0.07)], 0.008, palette.CHROME)


def _oven(b: Builder, look: Style) -> None:
    y = DEPTH - 0.02
    b.box((-0.297, 0.297), (y, y + 0.022), (0.12, 0.855), look.appliance, 0.004)
    b.box(
        (-0.25, 0.25),
        (y + 0.022, y + 0.025),
        (0.22, 0.62),
        Finish("gloss", (0.01, 0.01, 0.011)),
        0.001,
    )
    b.tube([(-0.25, y + 0.06, 0.67), (0.25, y + 0.06, 0.67)], 0.011, palette.STEEL)
    for x in (-0.23, 0.23):
        b.tube([(x, y + 0.02, 0.67), (x, y + 0.06, 0.67)], 0.008, palette.STEEL, 6)
    for k in range(5):
        own = b.at(-0.2 + 0.1 * k, y + 0.02, 0.78, 0, -1.5708)
        own.turned([(0.02, 0), (0.018, 0.025), (0, 0.025)], palette.BLACK, 14)


def _washer(b: Builder, look: Style) -> None:
    y = DEPTH - 0.02
    b.box((-0.297, 0.297), (y, y + 0.02), (0.1, 0.855), look.appliance, 0.006)
    b.box(
        (-0.28, 0.28),
        (y + 0.02, y + 0.024),
        (0.74, 0.84),
        Finish("gloss", (0.04, 0.04, 0.045)),
        0.002,
    )
    b.tube([(-0.22, y + 0.045, 0.71), (0.22, y + 0.045, 0.71)], 0.01, palette.STEEL)


def _hob(b: Builder) -> None:
    rng = b.rng
    b.box((-0.28, 0.28), (0.05, 0.55), (0, 0.008), Finish("gloss", (0.012, 0.012, 0.013)), 0.002)
    spots = [(x, y) for x in (-0.14, 0.14) for y in (0.18, 0.42)]
    for x, y in spots:
        b.at(x, y, 0.008).turned(
            [(0.09, 0), (0.09, 0.002), (0.08, 0.002)], Finish("metal", (0.12, 0.12, 0.12)), 24
        )
    for x, y in rng.sample(spots, rng.choice((0, 1, 2))):
        pot(b.at(x, y, 0.01, rng.uniform(0, 6.3)))


def pot(b: Builder) -> None:
    """A pot, or a kettle's size of pan, with its handle."""
    rng = b.rng
    r, h = rng.uniform(0.08, 0.12), rng.uniform(0.06, 0.18)
    stuff = palette.STEEL if rng.random() < 0.6 else palette.bright(rng, "gloss")
    b.turned([(0, 0), (r, 0), (r, h), (r - 0.003, h), (r - 0.004, 0.005), (0, 0.005)], stuff, 28)
    if rng.random() < 0.5:
        b.turned(
            [(r, h), (r * 0.8, h + 0.015), (0.01, h + 0.025), (0.015, h + 0.045), (0, h + 0.05)],
            stuff,
            28,
        )
    b.tube([(r, 0, h * 0.85), (r + 0.16, 0, h * 0.95)], 0.009, palette.BLACK)


def _worktop_things(b: Builder) -> None:
    rng = b.rng
    pick = rng.random()
    if pick < 0.16:
        microwave(b.at(0, 0.06))
    elif pick < 0.3:
        toaster(b.at(0, 0.22, 0, rng.uniform(-0.4, 0.4)))
    elif pick < 0.42:
        kettle(b.at(0, 0.22, 0, rng.uniform(0, 6.3)))
    elif pick < 0.5:
        dish_rack(b.at(0, 0.3))
    elif pick < 0.56:
        own = b.at(0, 0.03, 0, 0, 0.12)
        own.box((-0.15, 0.15), (0, 0.02), (0, 0.4), palette.wood(rng), 0.006)
    else:
        clutter.strew(
            b,
            (-0.22, 0.22),
            (0.1, 0.46),
            (*clutter.KITCHEN, pot, clutter.papers, clutter.tissue_box, clutter.plant_small),
            rng.randint(1, 6),
            0.12,
        )


def microwave(b: Builder) -> None:
    """A microwave oven."""
    tone = Finish("gloss", b.rng.choice((palette.WHITE, palette.DARK, (0.4, 0.4, 0.4))))
    b.box((-0.25, 0.25), (0, 0.36), (0.01, 0.29), tone, 0.008)
    b.box((-0.22, 0.1), (0.36, 0.364), (0.05, 0.25), Finish("gloss", (0.012, 0.012, 0.013)), 0.001)
    b.tube([(0.13, 0.39, 0.06), (0.13, 0.39, 0.24)], 0.008, palette.STEEL)
    b.box((0.16, 0.23), (0.36, 0.364), (0.05, 0.25), palette.BLACK, 0.001)


def toaster(b: Builder) -> None:
    """A toaster."""
    tone = palette.STEEL if b.rng.random() < 0.6 else palette.bright(b.rng, "gloss")
    b.cushion((0, 0, 0.1), (0.28, 0.17, 0.19), tone, 0.05)
    for y in (-0.03, 0.03):
        b.box((-0.1, 0.1), (y - 0.012, y + 0.012), (0.193, 0.197), palette.BLACK, 0.001)


def kettle(b: Builder) -> None:
    """A kettle."""
    tone = palette.STEEL if b.rng.random() < 0.5 else palette.bright(b.rng, "gloss")
    b.turned([(0, 0), (0.085, 0), (0.085, 0.03), (0.06, 0.2), (0.03, 0.22), (0, 0.23)], tone, 24)
    b.tube(
        [(0.06, 0, 0.19), (0.12, 0, 0.19), (0.13, 0, 0.1), (0.085, 0, 0.05)], 0.012, palette.BLACK
    )


def dish_rack(b: Builder) -> None:
    """A rack with plates."""
    b.box((-0.2, 0.2), (-0.15, 0.15), (0, 0.03), palette.STEEL, 0.01)
    for k in range(7):
        own = b.at(-0.15 + 0.045 * k, 0, 0.14, 1.5708, 1.4)
        own.turned([(0, 0), (0.07, 0), (0.12, 0.015)], palette.CERAMIC, 24)


def wall_cupboards(
    b: Builder, look: Style, units: int, low: float, high: float, hood: int | None
) -> None:
    """Cupboards on the wall, centred about x = 0; `hood` is the unit above the hob."""
    rng = b.rng
    width, depth = 0.6 * units, 0.33
    for k in range(units):
        x0 = -width / 2 + 0.6 * k
        if k == hood:
            _hood(b.at(x0 + 0.3, 0), look, low, high)
            continue
        b.box((x0, x0 + 0.6), (0, depth - 0.02), (low, high), look.fronts)
        if rng.random() < 0.12:
            continue
        for x1, side in ((x0, 1), (x0 + 0.3, -1)):
            front(b, (x1, x1 + 0.3), (low, high), depth - 0.02, look.fronts, framed=look.framed)
            x = x1 + (0.26 if side > 0 else 0.04)
            knob(b, x, depth, low + 0.1, look.grip, bar=0.12 if look.bars else 0.0)


def _hood(b: Builder, look: Style, low: float, high: float) -> None:
    if b.rng.random() < 0.5:
        microwave(b.at(0, 0, low))
        b.box((-0.3, 0.3), (0, 0.31), (low + 0.3, high), look.fronts)
        return
    b.box((-0.3, 0.3), (0, 0.48), (low + 0.1, low + 0.16), palette.STEEL, 0.006)
    b.box((-0.14, 0.14), (0, 0.28), (low + 0.16, high + 0.2), palette.STEEL, 0.004)


def fridge(rng: random.Random, look: Style) -> Piece:
    """A fridge with a freezer."""
    width, depth, high = rng.uniform(0.6, 0.85), rng.uniform(0.62, 0.72), rng.uniform(1.65, 1.85)
    tone = look.appliance
    split = rng.choice((0.62, 1.2))

    def build(b: Builder) -> None:
        b.box((-width / 2, width / 2), (0.02, depth - 0.05), (0.02, high), tone, 0.006)
        for z0, z1 in ((0.06, split), (split + 0.008, high)):
            b.box((-width / 2, width / 2), (depth - 0.045, depth), (z0, z1), tone, 0.012)
            middle, long = (z0 + z1) / 2, min(0.5, (z1 - z0) * 0.6)
            b.tube(
                [
                    (-width / 2 + 0.05, depth + 0.035, middle - long / 2),
                    (-width / 2 + 0.05, depth + 0.035, middle + long / 2),
                ],
                0.011,
                palette.STEEL,
            )
        if rng.random() < 0.5:
            for _ in range(rng.randint(2, 7)):
                x, z = rng.uniform(-0.15, 0.25) * width, rng.uniform(split + 0.1, high - 0.25)
                b.box(
                    (x, x + 0.09),
                    (depth, depth + 0.002),
                    (z, z + 0.12),
                    palette.bright(rng, "spine"),
                    0.0005,
                )
        if rng.random() < 0.5:
            clutter.carton(b.at(0, depth / 2, high), 0.4)

    return Piece(width, depth + 0.045, high, build)


def island(rng: random.Random, look: Style, width: float) -> Piece:
    """A free-standing block with a worktop."""
    depth = rng.uniform(0.7, 0.95)

    def build(b: Builder) -> None:
        b.box(
            (-width / 2 + 0.04, width / 2 - 0.04),
            (0.06, depth - 0.06),
            (0, HIGH - TOP),
            look.fronts,
        )
        count = max(2, int(width / 0.5))
        for k in range(count):
            x0 = -width / 2 + 0.04 + k * (width - 0.08) / count
            front(
                b,
                (x0, x0 + (width - 0.08) / count),
                (0.1, HIGH - TOP - 0.01),
                depth - 0.06,
                look.fronts,
                framed=look.framed,
            )
        b.box((-width / 2, width / 2), (0, depth), (HIGH - TOP, HIGH), look.top, 0.008)
        clutter.strew(
            b.at(0, 0, HIGH),
            (-width * 0.42, width * 0.42),
            (0.15, depth - 0.15),
            (*clutter.KITCHEN, clutter.papers, clutter.vase, pot),
            rng.randint(3, 8),
            0.16,
        )

    return Piece(width, depth, HIGH, build)
