"""All methods side by side on rendered rooms, with truth and error: docs/study/family.jpg.

python tools/family_picture.py docs/study/family.jpg

The pool is `rooms`, the photos are five of examples/rooms, which it does not hold.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from neardepth import DepthEstimator
from neardepth.cli.progress import progress_bar
from neardepth.datasets import open_source
from neardepth.imaging.colour import colourise, colourise_uncertainty, depth_range
from neardepth.imaging.depthmaps import decode_depth
from neardepth.imaging.drawing import MUTED, canvas, colour_bar, paste_fitted, text
from neardepth.imaging.photos import decode_photo
from neardepth.methods import METHODS

ROOMS = Path(__file__).resolve().parent.parent / "examples" / "rooms"
EVERY = 12  # of its sixty rooms
METHODS_SHOWN = [name for name in METHODS if name not in ("paper", "kernel-fast")]
ERROR = 2.0  # metres at which its colours end
CELL = (200, 150)
GAP, EDGE, BAR, LABELS = 8, 24, 20, 70


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="picture to write")
    target: Path = parser.parse_args().output
    pairs = [ref.load() for ref in open_source(ROOMS).pairs[::EVERY]]
    truths = [decode_depth(p.depth.data, p.depth.unit, "truth") for p in pairs]
    answers: dict[str, list[NDArray[np.float32]]] = {}
    with progress_bar("Estimating", "methods") as progress:
        for done, name in enumerate(METHODS_SHOWN, start=1):
            # The model that ships is not of this pool: every method knows the same.
            solved = METHODS[name].weights == "solved"
            estimator = DepthEstimator("rooms", name, prior="none" if solved else "auto")
            answers[name] = [estimator(pair.image).depth for pair in pairs]
            progress(done, len(METHODS_SHOWN))
    photos = [decode_photo(pair.image, "photo").image for pair in pairs]
    draw(photos, truths, answers).save(target, quality=85)


def draw(
    photos: list[NDArray[np.uint8]],
    truths: list[NDArray[np.float32]],
    answers: dict[str, list[NDArray[np.float32]]],
) -> Image.Image:
    """Draw a row of depth and a row of errors for each photo; the first column is the truth."""
    width, height = CELL
    columns, pitch = 1 + len(answers), 2 * (height + GAP) + GAP
    right = EDGE + columns * (width + GAP)
    sheet, pen = canvas(right + BAR + LABELS + EDGE, 2 * EDGE + 20 + len(photos) * pitch)
    limits = depth_range(*truths)
    colours = partial(colourise, low=limits[0], high=limits[1])
    errors = partial(colourise_uncertainty, high=ERROR)

    def put(picture: NDArray[np.uint8], column: int, line: int) -> None:
        top = EDGE + 24 + line // 2 * pitch + line % 2 * (height + GAP)
        paste_fitted(sheet, picture, (EDGE + column * (width + GAP), top, width, height))

    for column, name in enumerate(["photo, true depth", *answers]):
        text(pen, (EDGE + column * (width + GAP), EDGE + 12), name, 18)
    for row, (photo, truth) in enumerate(zip(photos, truths, strict=True)):
        put(photo, 0, 2 * row)
        put(colours(truth), 0, 2 * row + 1)
        for column, depths in enumerate(answers.values(), start=1):
            put(colours(depths[row]), column, 2 * row)
            put(errors(np.abs(depths[row] - truth)), column, 2 * row + 1)
    top = EDGE + 24
    colour_bar(sheet, (right + GAP, top, BAR, 2 * pitch - GAP), limits, colours, 16)
    text(pen, (right + GAP, top + 2 * pitch + 20), "error", 16, MUTED)
    box = (right + GAP, top + 2 * pitch + 36, BAR, pitch)
    colour_bar(sheet, box, (0.0, ERROR), lambda depth: errors(depth), 16)
    return sheet


if __name__ == "__main__":
    main()
