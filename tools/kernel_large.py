"""The kernel method on a pool of 10,000 pairs: real features, repeated with noise.

    python tools/kernel_large.py POOL

Every fifth pair is a query; the others are repeated, each copy with noise of a tenth of a feature's
deviation and 2 % of depth. Prints the time of the fit and of a photo, and the error on the grid.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth import Pool
from neardepth.evaluation.metrics import accumulate
from neardepth.evaluation.statistics import summarise
from neardepth.imaging.resize import resize_depth
from neardepth.kernel.fitting import fit
from neardepth.kernel.photo_maps import framed, photo_maps
from neardepth.kernel.pool_fit import ordered
from neardepth.kernel.targets import image_targets
from neardepth.methods import METHODS
from neardepth.pool import ensure_descriptors
from neardepth.pool.views import Layout, ViewDescriber
from neardepth.retrieval.encoders import choose_encoders
from neardepth.steps.dense import CELLS

QUERIES = 5
NOISE, DEPTH_NOISE = 0.1, 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pool", type=Path)
    parser.add_argument("--pairs", type=int, default=10_000)
    arguments = parser.parse_args()
    pool = Pool.open(arguments.pool)
    encoders = choose_encoders(METHODS["kernel-fast"], None)
    ids = ordered(pool)
    block = len(ids) // QUERIES  # consecutive: frames of one room stay together
    known, queries = ids[block:], ids[:block]
    layouts = [ViewDescriber(encoder).layout for encoder in encoders]
    places = [pool.row_of[pair_id] for pair_id in known]
    rows = [
        np.asarray(ensure_descriptors(pool, encoder, None)[places], np.float16)
        for encoder in encoders
    ]
    targets = np.stack(
        [
            image_targets(pool.depth(pair_id), layouts[0].crops(row))
            for pair_id, row in zip(known, rows[0], strict=True)
        ]
    )
    photos = [(pool.photo(pair_id).image, pool.depth(pair_id)) for pair_id in queries]
    for pairs in (len(known), arguments.pairs):
        copies = np.arange(pairs) % len(known)
        order = np.sort(copies)  # copies of a pair lie side by side, as frames of a room do
        tables = [
            _repeated(layout, table, order) for layout, table in zip(layouts, rows, strict=True)
        ]
        noise = np.random.default_rng(0).normal(0, DEPTH_NOISE, (pairs, 1, 1)).astype(np.float32)
        start = time.perf_counter()
        model = fit(layouts, tables, targets[order] + noise).model
        fitted = time.perf_counter() - start
        sums, seconds = [], []
        for photo, depth in photos:
            maps = photo_maps(encoders, framed(photo))
            start = time.perf_counter()
            prediction = model.predict(maps)
            seconds.append(time.perf_counter() - start)
            truth = np.exp(resize_depth(np.log(depth), CELLS))
            sums.append(accumulate(np.exp(prediction.log_depth), truth))
        figures = summarise(sums, "image")
        print(
            f"{pairs} pairs: fit {fitted:.0f} s, {np.median(seconds) * 1000:.0f} ms a photo after "
            f"the network, RMSE {figures['rmse'].mean:.3f} m, REL {figures['rel'].mean:.3f}",
            flush=True,
        )


def _repeated(
    layout: Layout, table: NDArray[np.float16], order: NDArray[np.intp]
) -> NDArray[np.float16]:
    """Repeat rows with noise on their features, not on the places of crops and cells."""
    start, _ = layout.span(0)
    deviation = table[:, start:].astype(np.float32).std(axis=0)
    random = np.random.default_rng(1)
    rows = np.empty((len(order), table.shape[1]), np.float16)
    for row, place in zip(rows, order, strict=True):
        row[:] = table[place]
        noise = NOISE * deviation * random.standard_normal(len(deviation), np.float32)
        row[start:] += noise.astype(np.float16)
    return rows


if __name__ == "__main__":
    main()
