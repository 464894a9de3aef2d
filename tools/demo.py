"""The main job on a room that no model has seen: depth by two methods, pictures, true errors."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth import DepthEstimator, NearDepthError
from neardepth.datasets import open_source
from neardepth.imaging.depthmaps import decode_depth
from neardepth.imaging.photos import Photo, decode_photo

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "out"
ROOM = "rooms/100012"


def main() -> None:
    source = open_source(ROOT / "examples" / "rooms")
    pair = next(ref for ref in source.pairs if ref.id == ROOM).load()
    truth = decode_depth(pair.depth.data, pair.depth.unit, pair.id)
    photo = replace(decode_photo(pair.image, pair.id), intrinsics=pair.intrinsics)
    print(f"examples/rooms/rgb/{ROOM.rpartition('/')[2]}.jpg, a rendered room with known depth\n")
    _show("indoor", "`indoor`, the model that ships", DepthEstimator(), photo, truth)
    rooms = DepthEstimator("rooms", "knn")
    _show("rooms", "the paper's six steps on the pool `rooms`", rooms, photo, truth)
    print("\nYour own photo:  .venv/bin/neardepth estimate PHOTO.jpg")


def _show(
    stem: str, title: str, estimator: DepthEstimator, photo: Photo, truth: NDArray[np.float32]
) -> None:
    start = time.perf_counter()
    result = estimator(photo)
    seconds = time.perf_counter() - start
    panel = OUTPUT / f"{stem}.panel.png"
    files = [*result.save(OUTPUT, stem), panel]
    result.save_explanation(panel)
    error = np.abs(result.depth - truth)
    print(f"{title}: depth in metres in {seconds * 1000:.0f} ms")
    print(f"off by {np.nanmean(error):.2f} m on average ({np.nanmean(error / truth):.0%})")
    for path in files:
        print(f"  {path.relative_to(ROOT)}")


if __name__ == "__main__":
    try:
        main()
    except NearDepthError as error:
        sys.exit(f"error: {error}")
