"""A contact sheet of a rendered folder: each photo beside its coloured depth.

    python tools/rooms/sheet.py OUT sheet.jpg

Depth runs from red (near) to blue (far), 0.5 m to 6 m, by the inverse of distance.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_NEAR, _FAR = 0.5, 6.0
_LIMIT = 600_000  # bytes
_STOPS = np.array(
    [
        *((48, 18, 59), (65, 69, 171), (57, 162, 252), (27, 229, 181), (116, 254, 93)),
        *((201, 239, 52), (251, 185, 56), (245, 105, 24), (201, 41, 3), (122, 4, 3)),
    ]
)


def colour(depth: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return an H×W×3 image of depth in metres, black where it is 0."""
    with np.errstate(divide="ignore"):
        share = (1 / depth - 1 / _FAR) / (1 / _NEAR - 1 / _FAR)
    # The square root spreads the far half of the rooms over more of the colours.
    place = np.sqrt(np.clip(share, 0, 1)) * (len(_STOPS) - 1)
    channels = [np.interp(place, np.arange(len(_STOPS)), stops) for stops in _STOPS.T]
    image = np.stack(channels, axis=-1) * (depth > 0)[..., None]
    return np.asarray(np.rint(image), dtype=np.uint8)


def contact_sheet(folder: Path, count: int, columns: int, width: int) -> Image.Image:
    """Return the sheet of `count` scenes, evenly over the folder."""
    names = sorted(path.stem for path in (folder / "scenes").glob("*.json"))
    if not names:
        raise SystemExit(f"{folder} holds no rendered scene")
    count = min(count, len(names))
    picked = [names[i * len(names) // count] for i in range(count)]
    height = width * 3 // 4
    rows = -(-len(picked) // columns)
    sheet = Image.new("RGB", (columns * (2 * width + 6), rows * (height + 6)), "white")
    for number, name in enumerate(picked):
        x, y = number % columns * (2 * width + 6), number // columns * (height + 6)
        with Image.open(folder / "rgb" / f"{name}.jpg") as photo:
            sheet.paste(photo.resize((width, height), Image.Resampling.LANCZOS), (x, y))
        with Image.open(folder / "depth" / f"{name}.png") as depth:
            picture = Image.fromarray(colour(np.asarray(depth) / 1000))
        sheet.paste(picture.resize((width, height), Image.Resampling.NEAREST), (x + width, y))
    return sheet


def main() -> None:
    """Write the sheet in the best quality that keeps it under 600 kB."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path, help="a folder that tools/rooms has written")
    parser.add_argument("sheet", type=Path, help="JPEG to write")
    parser.add_argument("--count", type=int, default=40, help="rooms (%(default)s)")
    parser.add_argument("--columns", type=int, default=4, help="rooms in a row (%(default)s)")
    parser.add_argument("--width", type=int, default=200, help="of a photo (%(default)s)")
    options = parser.parse_args()
    sheet = contact_sheet(options.folder, options.count, options.columns, options.width)
    for quality in (88, 82, 75, 65, 50):
        buffer = io.BytesIO()
        sheet.save(buffer, "JPEG", quality=quality, optimize=True)
        if buffer.tell() <= _LIMIT:
            break
    options.sheet.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main()
