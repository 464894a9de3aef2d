"""Text, framed pictures and colour bars for previews and panels."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from neardepth.imaging.colour import UNKNOWN, ticks
from neardepth.imaging.files import printable

INK = (32, 33, 36)
MUTED = (110, 114, 120)
PAPER = (255, 255, 255)
FRAME = (240, 241, 243)
WARNING = (176, 84, 0)
_TICK = 6
_ELLIPSIS = "…"

Colours = Callable[[NDArray[np.float32]], NDArray[np.uint8]]


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the typeface that comes with Pillow."""
    return ImageFont.load_default(size=size)


def canvas(width: int, height: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Make an empty white sheet and its pen."""
    sheet = Image.new("RGB", (width, height), PAPER)
    return sheet, ImageDraw.Draw(sheet)


def text(
    draw: ImageDraw.ImageDraw,
    position: tuple[float, float],
    content: str,
    size: int,
    colour: tuple[int, int, int] = INK,
    *,
    anchor: str = "ls",
    width: float | None = None,
) -> float:
    """Write one line (``position`` is its baseline's start) and return its length.

    A line longer than ``width`` loses its middle: ids and file names differ at both ends.
    """
    face = font(size)
    line = content = printable(content)
    keep = len(content)
    while width is not None and keep > 2 and draw.textlength(line, font=face) > width:
        keep -= 1
        line = content[: (keep + 1) // 2] + _ELLIPSIS + content[len(content) - keep // 2 :]
    draw.text(position, line, fill=colour, font=face, anchor=anchor)
    return float(draw.textlength(line, font=face))


def paste_fitted(
    sheet: Image.Image, picture: NDArray[np.uint8], box: tuple[int, int, int, int]
) -> None:
    """Put the picture into ``box`` (x, y, width, height) whole, on a pale ground."""
    x, y, width, height = box
    size = fitted(picture.shape[:2], (height, width))
    if size != (height, width):
        sheet.paste(FRAME, (x, y, x + width, y + height))
    scaled = Image.fromarray(picture)
    if picture.shape[:2] != size:
        scaled = scaled.resize((size[1], size[0]), Image.Resampling.LANCZOS)
    sheet.paste(scaled, (x + (width - size[1]) // 2, y + (height - size[0]) // 2))


def fitted(size: tuple[int, ...], box: tuple[int, int]) -> tuple[int, int]:
    """Return the largest (H, W) of the same shape as ``size`` that fits in ``box``."""
    scale = min(box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def colour_bar(
    sheet: Image.Image,
    box: tuple[int, int, int, int],
    limits: tuple[float, float],
    colours: Colours,
    size: int,
    *,
    unknown: bool = False,
) -> None:
    """Draw a vertical bar in ``box`` with round numbers of metres to its right.

    Small values are at the bottom. With ``unknown`` a swatch below it names the grey.
    """
    draw = ImageDraw.Draw(sheet)
    x, y, width, height = box
    low, high = limits
    if unknown:
        height -= round(size * 2.2)
        swatch = y + height + round(size * 1.1)
        draw.rectangle((x, swatch, x + width - 1, y + box[3] - 1), fill=UNKNOWN)
        label = (x + width + _TICK + 4, (swatch + y + box[3]) / 2)
        text(draw, label, "unknown", round(size * 0.8), MUTED, anchor="lm")
    ramp = np.linspace(high, low, height, dtype=np.float32)[:, None]
    sheet.paste(Image.fromarray(colours(np.repeat(ramp, width, axis=1))), (x, y))
    marks = ticks(low, high, most=max(2, min(8, height // (3 * size))))
    for mark, label_text in zip(marks, metre_labels(marks), strict=True):
        level = y + (height - 1) * (high - mark) / (high - low)
        draw.line((x + width, level, x + width + _TICK, level), fill=MUTED)
        text(draw, (x + width + _TICK + 4, level), label_text, size, INK, anchor="lm")


def metre_labels(marks: list[float]) -> list[str]:
    """Write the marks with the decimals that tell them apart, and the unit."""
    decimals = next((d for d in range(6) if all(abs(m - round(m, d)) < 1e-9 for m in marks)), 6)
    return [f"{mark:.{decimals}f} m" for mark in marks]
