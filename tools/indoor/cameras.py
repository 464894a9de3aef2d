"""Error of `indoor` against zoom, with the camera known and unknown: a plot for docs/study.

    python tools/indoor/cameras.py POOL

Every tenth photo is cropped at its middle, which is what a longer lens shows, and judged out of
fold. Unknown: the crop comes without a focal length and is taken for the model's camera.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
from folds import FOCAL_PX, FOLDS, folds

from neardepth import Pool
from neardepth.cli.progress import progress_bar
from neardepth.evaluation.metrics import Sums, accumulate
from neardepth.evaluation.statistics import summarise
from neardepth.imaging.photos import Photo
from neardepth.methods import METHODS
from neardepth.retrieval.camera import with_camera
from neardepth.retrieval.encoders import choose_encoders
from neardepth.retrieval.prior import PriorRetrieval
from neardepth.steps.views import Crop

matplotlib.use("Agg")
import matplotlib.pyplot as plt

PLOT = Path(__file__).resolve().parent.parent.parent / "docs" / "study" / "cameras.png"
ZOOMS = (1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
STEP = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pool", type=Path)
    pool = Pool.open(parser.parse_args().pool)
    method = METHODS["kernel"]
    encoders = choose_encoders(method, None)
    sums: dict[tuple[bool, float], list[Sums]] = defaultdict(list)
    with progress_bar("Cropping", "folds") as progress:
        for done, fold in enumerate(folds(pool, encoders), start=1):
            retrieval = PriorRetrieval(fold.shared, method, encoders, fill=False)
            for pair_id in fold.ids[::STEP]:
                photo, truth = pool.photo(pair_id), pool.depth(pair_id)
                for zoom in ZOOMS:
                    part = Crop(zoom, 0.5, 0.5).of(truth.shape)
                    unknown = replace(photo, image=photo.image[part], intrinsics=None)
                    described = retrieval.describe(retrieval.prepare(unknown))
                    for known in (True, False):
                        camera: Photo = with_camera(unknown, FOCAL_PX, None) if known else unknown
                        depth = retrieval.estimate(camera, described).depth
                        sums[known, zoom].append(accumulate(depth, truth[part]))
            progress(done, FOLDS)
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for known in (True, False):
        figures = [summarise(sums[known, zoom], "image") for zoom in ZOOMS]
        label = "focal length known" if known else "not known"
        for axis, measure in zip(axes, ("rmse", "rel"), strict=True):
            middle = np.array([f[measure].mean for f in figures])
            reach = [
                middle - [f[measure].low for f in figures],
                [f[measure].high for f in figures] - middle,
            ]
            axis.errorbar(ZOOMS, middle, reach, fmt="o-", ms=4, capsize=3, label=label)
        for zoom, f in zip(ZOOMS, figures, strict=True):
            print(f"zoom {zoom:.2f}, {label}: RMSE {f['rmse'].mean:.3f} m, REL {f['rel'].mean:.3f}")
    for axis, label in zip(axes, ("RMSE, m", "REL"), strict=True):
        axis.set(xlabel="zoom", ylabel=label)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.savefig(PLOT, dpi=110)


if __name__ == "__main__":
    main()
