"""Milliseconds a photo of every method, from file to depth, on a pool of one's own.

python benchmarks/family.py nyu.pool nyuv2-train/rgb
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from neardepth import DepthEstimator
from neardepth.cli.progress import progress_bar
from neardepth.methods import METHODS

PHOTOS = 12


def main() -> None:
    """Time each method on the same photos, each warmed up by one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pool", type=Path)
    parser.add_argument("photos", type=Path, help="folder of photos")
    arguments = parser.parse_args()
    every = sorted(arguments.photos.iterdir())
    photos = every[:: max(1, len(every) // PHOTOS)][:PHOTOS]
    for name, method in METHODS.items():
        if name == "paper":  # its network is fetched
            continue
        with progress_bar("Preparing the pool", "pairs") as progress:
            prior = "none" if method.weights == "solved" else "auto"
            estimator = DepthEstimator(arguments.pool, name, prior=prior, progress=progress)
        estimator(photos[0])
        start = time.perf_counter()
        for photo in photos:
            estimator(photo)
        seconds = (time.perf_counter() - start) / len(photos)
        print(f"{name:16} {seconds * 1000:6.0f} ms a photo")


if __name__ == "__main__":
    main()
