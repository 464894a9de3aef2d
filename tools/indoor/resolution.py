"""Error of `indoor` on photos of low resolution.

    python tools/indoor/resolution.py POOL

Every sixth photo is made smaller by averaging its pixels, and judged out of fold at its own size.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
from folds import FOLDS, folds

from neardepth import Pool
from neardepth.cli.progress import progress_bar
from neardepth.evaluation.metrics import Sums, accumulate
from neardepth.evaluation.statistics import summarise
from neardepth.imaging.resize import resize_depth, resize_photo
from neardepth.methods import METHODS
from neardepth.retrieval.encoders import choose_encoders
from neardepth.retrieval.prior import PriorRetrieval

SMALLER = (1, 2, 3, 4)
STEP = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pool", type=Path)
    pool = Pool.open(parser.parse_args().pool)
    method = METHODS["kernel"]
    encoders = choose_encoders(method, None)
    sums: dict[int, list[Sums]] = defaultdict(list)
    biases: dict[int, list[float]] = defaultdict(list)
    with progress_bar("Making smaller", "folds") as progress:
        for done, fold in enumerate(folds(pool, encoders), start=1):
            retrieval = PriorRetrieval(fold.shared, method, encoders, fill=False)
            for pair_id in fold.ids[::STEP]:
                whole, truth = pool.photo(pair_id), pool.depth(pair_id)
                height, width = truth.shape
                for factor in SMALLER:
                    size = (height // factor, width // factor)
                    image = resize_photo(whole.image, size)
                    photo = replace(whole, image=image, intrinsics=None)
                    described = retrieval.describe(retrieval.prepare(photo))
                    depth = retrieval.estimate(photo, described).depth
                    smaller = resize_depth(truth, size)
                    sums[factor].append(accumulate(depth, smaller))
                    biases[factor].append(float(np.nanmean(np.log(depth / smaller))))
            progress(done, FOLDS)
    print("| photo | RMSE (m) | REL | bias |\n|---|---|---|---|")
    for factor in SMALLER:
        figures = summarise(sums[factor], "image")
        rmse, rel, bias = figures["rmse"], figures["rel"].mean, np.expm1(np.mean(biases[factor]))
        interval = f"{rmse.mean:.3f} [{rmse.low:.3f}, {rmse.high:.3f}]"
        print(f"| {width // factor}×{height // factor} | {interval} | {rel:.3f} | {bias:+.1%} |")


if __name__ == "__main__":
    main()
