"""`indoor` on photos it has not seen: error by depth, intervals, and who is flagged as unlike.

    python tools/indoor/outside.py POOL [--unlike FOLDER ...]

Out of fold: for each fifth of the pool the model is fitted to the other four. FOLDERs hold photos
of other places, which should be flagged, as should noise, text and black frames.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from folds import folds
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from neardepth import DepthEstimator, Pool
from neardepth.cli.progress import progress_bar
from neardepth.evaluation.metrics import Sums, accumulate
from neardepth.evaluation.statistics import summarise
from neardepth.methods import METHODS
from neardepth.retrieval.encoders import choose_encoders
from neardepth.retrieval.prior import PriorRetrieval

RANGES = (
    (0.0, 1.0),
    (1.0, 2.0),
    (2.0, 3.0),
    (3.0, 4.0),
    (4.0, 6.0),
    (6.0, 8.0),
    (8.0, 10.0),
)  # metres


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pool", type=Path)
    parser.add_argument("--unlike", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    _out_of_fold(Pool.open(arguments.pool))
    estimator = DepthEstimator()
    for folder in arguments.unlike:
        _flagged(
            folder.name, estimator, sorted(folder.rglob("*.jpg")) + sorted(folder.rglob("*.png"))
        )
    for name, images in _made_up().items():
        _flagged(name, estimator, images)


def _out_of_fold(pool: Pool) -> None:
    method = METHODS["kernel"]
    encoders = choose_encoders(method, None)
    sums: list[Sums] = []
    by_depth: dict[tuple[float, float], list[NDArray[np.float32]]] = defaultdict(list)
    inside, flagged = [], 0
    with progress_bar("Out of fold", "pairs") as progress:
        for fold in folds(pool, encoders):
            retrieval = PriorRetrieval(fold.shared, method, encoders, fill=False)
            for pair_id in fold.ids:
                photo, truth = pool.photo(pair_id), pool.depth(pair_id)
                result = retrieval.estimate(photo, retrieval.describe(retrieval.prepare(photo)))
                sums.append(accumulate(result.depth, truth))
                flagged += result.low_confidence
                error = result.depth - truth
                for low, high in RANGES:
                    here = (truth >= low) & (truth < high)
                    by_depth[low, high].append(
                        np.array(
                            [
                                here.sum(),
                                np.abs(error[here]).sum(),
                                (np.abs(error) / truth)[here].sum(),
                                error[here].sum(),
                            ],
                            np.float64,
                        )
                    )
                for coverage in (0.68, 0.95):
                    near, far = result.interval(coverage)
                    within = (near <= truth) & (truth <= far)
                    inside.append(float(within[np.isfinite(truth)].mean()))
                progress(len(sums), len(pool))
    figures = summarise(sums, "image")
    for name in ("rmse", "rel", "log10", "delta1"):
        value = figures[name]
        print(f"{name:8} {value.mean:.3f} [{value.low:.3f}, {value.high:.3f}]")
    print(f"covered  {np.mean(inside[::2]):.1%} by 68 %, {np.mean(inside[1::2]):.1%} by 95 %")
    print(f"flagged  {flagged} of {len(sums)}")
    print("depth, m  share   mean |error|, m   relative   bias, m")
    total = sum(np.sum(rows, axis=0)[0] for rows in by_depth.values())
    for (low, high), rows in by_depth.items():
        count, absolute, relative, bias = np.sum(rows, axis=0)
        print(
            f"{low:.0f}–{high:.0f}       {count / total:5.1%}   {absolute / count:.2f}            "
            f"{relative / count:.1%}      {bias / count:+.2f}"
        )


def _flagged(
    name: str, estimator: DepthEstimator, images: list[Path] | list[NDArray[np.uint8]]
) -> None:
    results = list(estimator.map(images))
    spread = np.median([np.nanmedian(r.uncertainty / r.depth) for r in results])
    flagged = sum(result.low_confidence for result in results)
    print(f"{name}: {flagged} of {len(results)} flagged, ± {spread:.0%} (68 %)")


def _made_up() -> dict[str, list[NDArray[np.uint8]]]:
    random = np.random.default_rng(0)
    shape = (480, 640, 3)
    return {
        "noise": [random.integers(0, 255, shape, dtype=np.uint8) for _ in range(20)],
        "text": list(_pages(random)),
        "black": [np.zeros(shape, np.uint8)],
        "grey": [np.full(shape, level, np.uint8) for level in range(30, 255, 45)],
    }


def _pages(random: np.random.Generator) -> Iterator[NDArray[np.uint8]]:
    for _ in range(20):
        page = Image.new("RGB", (640, 480), "white")
        pen = ImageDraw.Draw(page)
        for line in range(24):
            letters = random.integers(97, 123, 70)
            letters[random.random(70) < 0.2] = 32
            pen.text((20, 10 + 19 * line), bytes(letters.tolist()).decode(), fill="black")
        yield np.asarray(page)


if __name__ == "__main__":
    main()
