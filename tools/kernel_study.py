"""What each part of the kernel method gains and costs, out of fold on a pool: docs/study/kernel.md.

    python tools/kernel_study.py POOL

Five runs of consecutive pairs are left out in turn. Stages and pool sizes are judged on the 30×40
grid that depth is regressed on; upsampling at full size on every fourth pair.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth import Pool
from neardepth.cli.progress import progress_bar
from neardepth.evaluation.metrics import Sums, accumulate
from neardepth.evaluation.protocols import blocks
from neardepth.evaluation.statistics import Interval, summarise
from neardepth.imaging.resize import resize_depth
from neardepth.kernel.photo_maps import framed, photo_maps
from neardepth.kernel.pool_fit import ordered, pool_fit
from neardepth.methods import METHODS
from neardepth.retrieval.answers import maps_of
from neardepth.retrieval.encoders import choose_encoders
from neardepth.steps.dense import CELLS
from neardepth.steps.refinement import REFINEMENTS

TABLE = Path(__file__).resolve().parent.parent / "docs" / "study" / "kernel.md"
SIZES = (100, 200, 400)
FULL_STEP = 4
Figures = dict[str, list[Sums]]
Costs = dict[str, list[float]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pool", type=Path)
    pool = Pool.open(parser.parse_args().pool)
    sums: Figures = defaultdict(list)
    costs: Costs = defaultdict(list)
    with progress_bar("Judging", "photos") as progress:
        total = 2 * len(pool)
        for done, _ in enumerate(_judged(pool, sums, costs), start=1):
            progress(done, total)
    lines = [
        "| what | RMSE (m) | pooled RMSE | REL | log10 | δ<1.25 | ms a photo |",
        "|---" * 7 + "|",
    ]
    for name, rows in sums.items():
        pooled = summarise(rows, "pooled")["rmse"].mean
        lines.append(_line(name, summarise(rows, "image"), pooled, costs.get(name, [])))
    TABLE.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def _judged(pool: Pool, sums: Figures, costs: Costs) -> Iterator[None]:
    queries = blocks(list(pool.records.values()), folds=5, margin=0)
    for method in ("kernel-fast", "kernel"):
        encoders = choose_encoders(METHODS[method], None)
        names = "+".join(encoder.name.removeprefix("efficientnet-") for encoder in encoders)
        for excluded in dict.fromkeys(query.exclude for query in queries):
            ids = [query.id for query in queries if query.exclude == excluded]
            model = pool_fit(pool, encoders, exclude=excluded).model
            smaller = {}
            if method == "kernel":
                rest = ordered(pool, excluded)
                for size in SIZES:
                    kept = {rest[i] for i in np.linspace(0, len(rest) - 1, size).astype(int)}
                    without = set(pool.ids) - kept
                    smaller[size] = pool_fit(pool, encoders, exclude=without).model
            for place, pair_id in enumerate(ids):
                photo, depth = pool.photo(pair_id).image, pool.depth(pair_id)
                truth = np.exp(resize_depth(np.log(depth), CELLS))
                image = framed(photo)
                start = time.perf_counter()
                maps = photo_maps(encoders, image)
                costs[f"{names}, stage 1"].append(time.perf_counter() - start)
                start = time.perf_counter()
                prediction = model.predict(maps)
                costs[f"{names}, both stages"].append(time.perf_counter() - start)
                sums[f"{names}, stage 1"].append(_sums(prediction.first, truth))
                sums[f"{names}, both stages"].append(_sums(prediction.log_depth, truth))
                for size, other in smaller.items():
                    log_depth = other.predict(maps).log_depth
                    sums[f"{names}, both stages, {size} pairs"].append(_sums(log_depth, truth))
                if method == "kernel" and place % FULL_STEP == 0:
                    for name in REFINEMENTS:
                        start = time.perf_counter()
                        recipe = METHODS[method].override(refine=name)
                        answer = maps_of(
                            photo, prediction.log_depth, prediction.spread, recipe, fill=False
                        )
                        label = f"upsampling: {name}"
                        costs[label].append(time.perf_counter() - start)
                        sums[label].append(accumulate(answer["depth"], depth))
                yield


def _sums(log_depth: NDArray[np.float32], truth: NDArray[np.float32]) -> Sums:
    return accumulate(np.exp(log_depth), truth)


def _line(name: str, figures: dict[str, Interval], pooled: float, seconds: list[float]) -> str:
    cells = [f"{figures[key].mean:.3f}" for key in ("rmse", "rel", "log10", "delta1")]
    cells[0] += f" [{figures['rmse'].low:.3f}, {figures['rmse'].high:.3f}]"
    cells.insert(1, f"{pooled:.3f}")
    cost = f"{np.median(seconds) * 1000:.0f}" if seconds else "–"
    return f"| {name} | {' | '.join(cells)} | {cost} |"


if __name__ == "__main__":
    main()
