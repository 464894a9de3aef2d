"""Pictures for people: a depth map with its scale, and the evidence behind an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neardepth.imaging.colour import colourise, colourise_uncertainty, depth_range, thickened
from neardepth.imaging.drawing import (
    INK,
    MUTED,
    WARNING,
    canvas,
    colour_bar,
    fitted,
    paste_fitted,
    text,
)
from neardepth.imaging.resize import resize_depth

if TYPE_CHECKING:
    from neardepth.result import DepthResult, Neighbour

Pictures = tuple[NDArray[np.uint8], NDArray[np.float32]]

_PREVIEW_SIDE = (640, 1280)  # of the longer side: small photos grow, large ones shrink
_MARGIN = 20
_BAR = 24
_LABELS = 84
_LETTER = 20

_COLUMNS = 4
_ROWS = 2  # of neighbours; more are counted only
_CELL = 380
_GAP = 20
_EDGE = 40
_ASPECTS = (0.3, 1.6)  # height / width of a cell


def preview(depth: NDArray[np.float32]) -> Image.Image:
    """Draw an H×W map in metres in colour, with a colour bar labelled in metres.

    The picture's longer side is 640 to 1280 pixels, so labels are legible for any photo.
    """
    height, width = depth.shape
    unknown = not bool(np.isfinite(depth).all())
    return PreviewSheet((height, width), depth_range(depth), unknown=unknown).draw(depth)


class PreviewSheet:
    """The frame of previews of one size: a colour bar labelled in metres, and room for the map.

    Args:
        size: height and width of the maps.
        limits: metres at the ends of the bar.
        unknown: whether a swatch below the bar names the grey.
    """

    def __init__(
        self, size: tuple[int, int], limits: tuple[float, float], *, unknown: bool = False
    ) -> None:
        side = min(max(*size, _PREVIEW_SIDE[0]), _PREVIEW_SIDE[1])
        self._size = height, width = fitted(size, (side, side))
        self._colours = partial(colourise, low=limits[0], high=limits[1])
        bar = max(height, 8 * _LETTER)  # a very wide panorama still gets a readable bar
        self._place = _MARGIN, _MARGIN + (bar - height) // 2
        self._sheet, _ = canvas(width + 3 * _MARGIN + _BAR + _LABELS, bar + 2 * _MARGIN)
        box = (width + 2 * _MARGIN, _MARGIN, _BAR, bar)
        colour_bar(self._sheet, box, limits, self._colours, _LETTER, unknown=unknown)

    def draw(self, depth: NDArray[np.float32]) -> Image.Image:
        """Return the sheet with a map of the size given, H×W metres."""
        sheet = self._sheet.copy()
        picture = self._colours(thickened(resize_depth(depth, self._size)))
        sheet.paste(Image.fromarray(picture), self._place)
        return sheet


def explain_panel(result: DepthResult, evidence: Sequence[Pictures | None]) -> Image.Image:
    """Draw what an estimate was made of.

    First row: photo, fused depth, refined depth, uncertainty. Below: each neighbour's photo
    and depth with its correlation, its share of the fusion, and whether it was kept.
    ``evidence`` holds an RGB photo and a depth map in metres for each of
    ``result.neighbours``, None where they are not at hand. All depth shares one colour bar.
    """
    shown = list(zip(result.neighbours, evidence, strict=False))[: _COLUMNS * _ROWS]
    depths = (pictures[1] for _, pictures in shown if pictures is not None)
    limits = depth_range(result.depth, result.fused, *depths)
    return _Panel(result, limits).draw(shown)


class _Panel:
    """The layout of one explanation: a grid of cells and a colour bar at the right."""

    def __init__(self, result: DepthResult, limits: tuple[float, float]) -> None:
        self.result = result
        self.limits = limits
        self.solved = result.method.get("weights") == "solved"
        self.colours = partial(colourise, low=limits[0], high=limits[1])
        height, width = result.depth.shape
        self.cell = round(_CELL * min(max(height / width, _ASPECTS[0]), _ASPECTS[1]))

    def draw(self, shown: list[tuple[Neighbour, Pictures | None]]) -> Image.Image:
        pictured = any(pictures is not None for _, pictures in shown)
        rows = -(-len(shown) // _COLUMNS)
        top = _EDGE + (116 if self.result.low_confidence else 84)
        below = top + 34 + self.cell + 60
        pitch = 2 * self.cell + 8 + 88 if pictured else 96
        width = 2 * _EDGE + _COLUMNS * (_CELL + _GAP) + 16 + _BAR + _LABELS
        self.sheet, self.pen = canvas(width, below + 34 + rows * pitch)
        self._title(width - 2 * _EDGE)
        self._estimate(top)
        text(self.pen, (_EDGE, below + 18), self._heading(len(shown)), 20, INK)
        for place, (neighbour, pictures) in enumerate(shown):
            row, column = divmod(place, _COLUMNS)
            if pictured:
                self._neighbour(column, below + 34 + row * pitch, neighbour, pictures)
            else:  # of a model without its photos: a list
                self._caption(column, below + 60 + row * pitch, neighbour)
        self._bar(width, top + 34, below + 34 + (self.cell * 2 + 8 if pictured else 0))
        return self.sheet

    def _title(self, width: int) -> None:
        result = self.result
        text(self.pen, (_EDGE, _EDGE + 24), result.photo.name, 32, width=width)
        text(self.pen, (_EDGE, _EDGE + 58), _subtitle(result), 18, MUTED, width=width)
        if result.low_confidence:
            text(self.pen, (_EDGE, _EDGE + 90), self._warning(), 18, WARNING, width=width)

    def _warning(self) -> str:
        if self.solved:
            whose = "all that is known" if "prior" in self.result.method else "the pool"
            return f"Low confidence: the photo is unlike {whose}. Its depth may be far off."
        threshold = self.result.method.get("threshold")
        limit = f" {threshold:.2f}" if isinstance(threshold, float) else ""
        return (
            f"Low confidence: no neighbour's correlation is above the threshold{limit}. "
            "The depth is that of the most similar one."
        )

    def _estimate(self, top: int) -> None:
        result = self.result
        spread = depth_range(result.uncertainty)[1]
        known = bool(np.isfinite(result.uncertainty).any())
        self._picture(0, top, "Photo", result.photo.image)
        self._picture(1, top, "Coarse" if self.solved else "Fused", self._in_colour(result.fused))
        answer = "Refined" if result.filled is None else "Refined and filled"
        self._picture(2, top, answer, self._in_colour(result.depth))
        size = fitted(result.uncertainty.shape, (self.cell, _CELL))
        shades = colourise_uncertainty(resize_depth(result.uncertainty, size), spread)
        self._picture(3, top, "Uncertainty", shades)
        if known:
            self._spread_bar(top + 34 + self.cell + 10, spread)
        else:
            note = "needs two neighbours that know a pixel"
            text(self.pen, (self._left(3), top + 34 + self.cell + 24), note, 16, MUTED)

    def _spread_bar(self, top: int, spread: float) -> None:
        left = self._left(3)
        ramp = np.linspace(0, spread, 160, dtype=np.float32)[None].repeat(12, axis=0)
        start = text(self.pen, (left, top + 13), "0", 16, MUTED)
        bar = round(left + start + 8)
        self.sheet.paste(Image.fromarray(colourise_uncertainty(ramp, spread)), (bar, top + 1))
        label = f"{spread:g} m spread"
        text(self.pen, (bar + 168, top + 13), label, 16, MUTED)

    def _neighbour(
        self,
        column: int,
        top: int,
        neighbour: Neighbour,
        pictures: Pictures | None,
    ) -> None:
        left = self._left(column)
        if pictures is None:
            self._absent(left, top)
        else:
            for place, picture in enumerate((pictures[0], self._in_colour(pictures[1]))):
                box = (left, top + place * (self.cell + 8), _CELL, self.cell)
                paste_fitted(self.sheet, picture if neighbour.kept else _faded(picture), box)
        self._caption(column, top + 2 * self.cell + 8 + 26, neighbour)

    def _caption(self, column: int, line: int, neighbour: Neighbour) -> None:
        left = self._left(column)
        text(self.pen, (left, line), neighbour.id, 18, width=_CELL)
        values = f"correlation {neighbour.correlation:.2f}  ·  "
        values += f"weight {neighbour.weight:.0%}" if neighbour.kept else ""
        start = text(self.pen, (left, line + 26), values, 16, MUTED)
        if not neighbour.kept:
            text(self.pen, (left + start, line + 26), "dropped", 16, WARNING)

    def _absent(self, left: int, top: int) -> None:
        """Say that a model ships without the pictures it was fitted on."""
        box = (left, top, left + _CELL - 1, top + 2 * self.cell + 7)
        self.pen.rectangle(box, outline=MUTED)
        middle = top + self.cell
        text(self.pen, (left + 24, middle - 14), "picture not at hand: the model", 18, MUTED)
        text(self.pen, (left + 24, middle + 14), "ships without its photos", 18, MUTED)

    def _picture(self, column: int, top: int, label: str, picture: NDArray[np.uint8]) -> None:
        text(self.pen, (self._left(column), top + 18), label, 20)
        paste_fitted(self.sheet, picture, (self._left(column), top + 34, _CELL, self.cell))

    def _in_colour(self, depth: NDArray[np.float32]) -> NDArray[np.uint8]:
        size = fitted(depth.shape, (self.cell, _CELL))
        return self.colours(thickened(resize_depth(depth, size)))

    def _bar(self, width: int, top: int, bottom: int) -> None:
        box = (width - _EDGE - _LABELS - _BAR, top, _BAR, bottom - top)
        colour_bar(self.sheet, box, self.limits, self.colours, _LETTER, unknown=True)

    def _heading(self, shown: int) -> str:
        total = len(self.result.neighbours)
        kept = sum(neighbour.kept for neighbour in self.result.neighbours)
        if self.solved:
            pairs = self.result.pool.get("pairs")
            prior = self.result.method.get("prior")
            if isinstance(prior, Mapping) and "learned_from" in prior:
                return (
                    f"The images with the largest weight, {shown} of the model's {prior['pairs']} "
                    f"and the pool's {prior['learned_from']}"
                )
            whose = "model" if prior else "pool"
            return f"The {whose}'s images with the largest weight, {shown} of {pairs}"
        more = f", the first {shown} shown" if total > shown else ""
        return f"Neighbours: {kept} of {total} kept{more}"

    def _left(self, column: int) -> int:
        return _EDGE + column * (_CELL + _GAP)


def _subtitle(result: DepthResult) -> str:
    encoder = result.method.get("encoder")
    if isinstance(encoder, Mapping):
        encoder = encoder.get("name")
    pool = result.pool.get("path")
    prior = result.method.get("prior")
    parts = (
        ("method", result.method.get("name")),
        ("encoder", encoder),
        ("model", prior["name"] if isinstance(prior, Mapping) else None),
        ("pool", PurePath(str(pool)).name if pool else None),
    )
    return "   ·   ".join(f"{label} {value}" for label, value in parts if value)


def _faded(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blend towards white: a dropped neighbour took no part."""
    return (picture.astype(np.uint16) * 2 // 5 + 153).astype(np.uint8)
