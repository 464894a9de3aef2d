"""Building a pool beside the bare network on the same batches and threads."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
from common import Row

from neardepth.datasets import open_source
from neardepth.encoders import Encoder
from neardepth.pool import build_pool
from neardepth.pool.pipeline import TILES_A_RUN


def measure(source: Path, folder: Path, encoder: Encoder, rounds: int = 3) -> Row:
    """Time builds and bare network runs in turns; the medians' throughputs are compared."""
    pairs = open_source(source)
    batch = np.random.default_rng(0).random(
        (TILES_A_RUN, 3, *encoder.preprocessing.size), np.float32
    )
    encoder.run(batch)
    built, bare = [], []
    for number in range(rounds):
        start = time.perf_counter()
        for _ in pairs.pairs:
            encoder.run(batch)
        bare.append(time.perf_counter() - start)
        report = build_pool(pairs, folder / f"{encoder.name}-{number}.pool", encoder, (4, 4))
        built.append(report.seconds)
    count = len(pairs.pairs)
    measured, limit = (float(np.median(times)) / count for times in (built, bare))
    what = f"build a pool, a pair, {encoder.name}"
    return Row(what, measured, limit, "s", "bare network", "≤ 1.18 (85 % of its throughput)")
