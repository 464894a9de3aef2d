"""The main job on real pairs: make a pool, estimate a photo from it, write depth and evidence."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from neardepth import DepthEstimator, NearDepthError
from neardepth.cli.progress import progress_bar
from neardepth.datasets import open_source
from neardepth.methods import DEFAULT_METHOD, METHODS
from neardepth.pool import build_pool
from neardepth.retrieval.encoders import choose_encoders

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "out"
PHOTO = "nyuv2-train/0045"
"""A pair of the set, itself left out of the pool when its depth is estimated."""


def main() -> None:
    data = Path(os.environ.get("NEARDEPTH_DATA", ROOT.parent / "shared"))
    source = data / "data" / "nyuv2-train"
    if not source.is_dir():
        sys.exit(
            f"The demo needs RGB-D pairs and found none at {source}. Set NEARDEPTH_DATA to a\n"
            "folder with data/nyuv2-train/rgb/*.jpg and data/nyuv2-train/depth/*.png (16-bit\n"
            "millimetres, the same names). No pool ships with this version yet."
        )
    method = METHODS[DEFAULT_METHOD]
    pool = OUTPUT / "demo.pool"
    with progress_bar("Building the pool (once)", "pairs") as progress:
        networks = choose_encoders(method, None)
        build_pool(open_source(source), pool, networks, method.grid, progress=progress)
    with progress_bar("Preparing the pool (once)", "pairs") as progress:
        estimator = DepthEstimator(pool, method, progress=progress)
    photo, truth = estimator.pool.photo(PHOTO), estimator.pool.depth(PHOTO)
    start = time.perf_counter()
    result = estimator(photo, exclude=[PHOTO])
    seconds = time.perf_counter() - start
    files = result.save(OUTPUT, "demo")
    result.save_explanation(OUTPUT / "demo.panel.png")
    error = np.abs(result.depth - truth)
    print(f"{PHOTO}, left out of {len(estimator.pool)} pairs: depth in {seconds * 1000:.0f} ms")
    print(f"off by {np.nanmean(error):.2f} m on average ({np.nanmean(error / truth):.0%})")
    for path in (*files, OUTPUT / "demo.panel.png"):
        print(f"  {path.relative_to(ROOT)}")
    print("Your own photo:  .venv/bin/neardepth estimate PHOTO --pool out/demo.pool")


if __name__ == "__main__":
    try:
        main()
    except NearDepthError as error:
        sys.exit(f"error: {error}")
