"""How many frames of my site do I need? Error against frames, without a prior and with one.

    python tools/indoor/frames.py POOL

For each fifth of the pool (runs of consecutive pairs) a model is fitted to the other four. Of the
fifth, N pairs are the user's and the rest are queries, drawn three times. Judged on the 30×40 grid.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from folds import FOLDS, folds
from numpy.typing import NDArray

from neardepth import Pool
from neardepth.cli.progress import progress_bar
from neardepth.encoders import Encoder
from neardepth.evaluation.metrics import Sums, accumulate
from neardepth.evaluation.statistics import Interval, summarise
from neardepth.imaging.resize import resize_depth
from neardepth.kernel.adaptation import adapt
from neardepth.kernel.export import rooms_model
from neardepth.kernel.model import KernelModel
from neardepth.kernel.photo_maps import framed, photo_maps
from neardepth.kernel.pool_fit import pool_fit
from neardepth.methods import METHODS
from neardepth.retrieval.choice import OPTIMISM
from neardepth.retrieval.encoders import choose_encoders
from neardepth.steps.dense import CELLS, Maps

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "study"
FRAMES = (0, 3, 10, 30, 100)
DRAWS = 3
MEAN, NONE, ROOMS, PRIOR, CHOSEN = "mean", "none", "rooms", "indoor", "chosen"
LINES = {
    MEAN: "their mean depth map",
    NONE: "own frames alone",
    ROOMS: "prior rooms",
    PRIOR: "prior indoor",
    CHOSEN: "auto",
}
Matrix = NDArray[np.float32]
Tried = dict[tuple[str, int], list[Sums]]


class Said:
    """What a model says of a block's photos."""

    def __init__(self, model: KernelModel, maps: Sequence[list[Maps]]) -> None:
        self.model = model
        predictions = [model.predict(networks) for networks in maps]
        self.log_depth = np.stack([p.log_depth.ravel() for p in predictions])
        self.spread = np.stack([p.spread.ravel() for p in predictions])
        self.residual = np.array([p.residual for p in predictions], np.float32)
        self.codes = np.concatenate([p.codes for p in predictions])

    def corrected(
        self, truth: Matrix, own: NDArray[np.intp], queries: NDArray[np.intp]
    ) -> tuple[Matrix, float]:
        """Return the queries' log depth, corrected by the errors on ``own``, and the score."""
        if not len(own):
            return self.log_depth[queries], np.inf
        errors = truth[own] - self.log_depth[own]
        adaptation = adapt(
            self.model, self.codes[own], self.residual[own], errors, self.spread[own]
        )
        correction = adaptation.correction(self.codes[queries])
        return self.log_depth[queries] + correction, adaptation.score


class Block:
    """A fold's photos: maps, truth, and what the priors say."""

    def __init__(
        self,
        pool: Pool,
        encoders: Sequence[Encoder],
        ids: list[str],
        priors: dict[str, KernelModel],
    ) -> None:
        self.pool, self.encoders, self.ids = pool, encoders, ids
        self.maps = [photo_maps(encoders, framed(pool.photo(pair_id).image)) for pair_id in ids]
        self.truth = np.stack(
            [resize_depth(np.log(depth), CELLS).ravel() for depth in map(pool.depth, ids)]
        )
        self.said = {name: Said(model, self.maps) for name, model in priors.items()}

    def tried(self, frames: int, seed: int) -> tuple[NDArray[np.intp], dict[str, Matrix]]:
        """Return the queries, and their log depth by each way, with so many frames known."""
        order = np.random.default_rng(seed).permutation(len(self.ids))
        own, queries = np.sort(order[:frames]), np.sort(order[frames:])
        corrected = {
            name: said.corrected(self.truth, own, queries) for name, said in self.said.items()
        }
        found = {name: log_depth for name, (log_depth, _) in corrected.items()}
        found[CHOSEN], score = corrected[PRIOR]
        if frames:
            names = {self.ids[place] for place in own}
            fitted = pool_fit(self.pool, self.encoders, exclude=set(self.pool.ids) - names)
            found[NONE] = np.stack(
                [fitted.model.predict(self.maps[query]).log_depth.ravel() for query in queries]
            )
            mean = np.nanmean(self.truth[own], axis=0)
            found[MEAN] = np.broadcast_to(mean, (len(queries), mean.size))
            if fitted.score * (1 + OPTIMISM / frames) <= score:
                found[CHOSEN] = found[NONE]
        return queries, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pool", type=Path)
    pool = Pool.open(parser.parse_args().pool)
    encoders = choose_encoders(METHODS["kernel"], None)
    with progress_bar("Fitting rooms", "rooms") as progress:
        rooms = rooms_model(encoders, progress).model
    results: Tried = defaultdict(list)
    with progress_bar("Folds", "folds") as progress:
        for done, fold in enumerate(folds(pool, encoders), start=1):
            block = Block(pool, encoders, fold.ids, {PRIOR: fold.shared.model, ROOMS: rooms})
            for frames in FRAMES:
                for seed in range(DRAWS if frames else 1):
                    queries, found = block.tried(frames, seed)
                    truth = np.exp(block.truth[queries])
                    for name, log_depth in found.items():
                        results[name, frames] += map(accumulate, np.exp(log_depth), truth)
            progress(done, FOLDS)
    figures = {key: summarise(sums, "image") for key, sums in results.items()}
    _table(figures)
    _plot(figures)


def _table(figures: dict[tuple[str, int], dict[str, Interval]]) -> None:
    lines = ["| RMSE (m) / REL | " + " | ".join(f"N = {n}" for n in FRAMES) + " |"]
    lines.append("|---" * (len(FRAMES) + 1) + "|")
    for name, label in LINES.items():
        cells = [_cell(figures.get((name, frames))) for frames in FRAMES]
        lines.append(f"| {label} | " + " | ".join(cells) + " |")
    (FOLDER / "frames.md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def _cell(figure: dict[str, Interval] | None) -> str:
    if figure is None:
        return "–"
    rmse, rel = figure["rmse"], figure["rel"]
    return f"{rmse.mean:.3f} [{rmse.low:.3f}, {rmse.high:.3f}] / {rel.mean:.3f}"


def _plot(figures: dict[tuple[str, int], dict[str, Interval]]) -> None:
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for axis, measure, unit in zip(axes, ("rmse", "rel"), ("RMSE, m", "REL"), strict=True):
        for name, label in LINES.items():
            places = [i for i, frames in enumerate(FRAMES) if (name, frames) in figures]
            values = [figures[name, FRAMES[i]][measure] for i in places]
            middle = np.array([value.mean for value in values])
            reach = [middle - [v.low for v in values], [v.high for v in values] - middle]
            style = "--" if name == CHOSEN else "-"
            axis.errorbar(places, middle, reach, fmt="o" + style, ms=4, capsize=3, label=label)
        axis.set_xticks(range(len(FRAMES)), map(str, FRAMES))
        axis.set_xlabel("frames of the site, N")
        axis.set_ylabel(unit)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize=8)
    figure.savefig(FOLDER / "frames.png", dpi=110)


if __name__ == "__main__":
    main()
