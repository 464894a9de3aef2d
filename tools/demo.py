"""The main job on real pairs: make a pool, estimate a photo from it, write depth and evidence."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from neardepth import DepthEstimator, Pool

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "out"
PHOTO = "0045"  # a pair of the set: left out of the pool when its own depth is estimated


def main() -> None:
    data = Path(os.environ.get("NEARDEPTH_DATA", ROOT.parent / "shared"))
    source = data / "data" / "nyuv2-train"
    if not source.is_dir():
        sys.exit(
            f"The demo needs RGB-D pairs and found none at {source}: set NEARDEPTH_DATA to a folder "
            "that has data/nyuv2-train/rgb/*.jpg and data/nyuv2-train/depth/*.png (16-bit "
            "millimetres, same names). No pool ships with this version yet."
        )
    ...


if __name__ == "__main__":
    main()
