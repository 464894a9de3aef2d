"""The kernel method: a photo beside its networks alone, and the fit beside its largest products."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.linalg
from common import Row, side_by_side
from numpy.typing import NDArray

from neardepth import DepthEstimator
from neardepth.datasets import open_source
from neardepth.kernel import fitting, projection
from neardepth.kernel.shared import MODELS, load_model
from neardepth.methods import METHODS
from neardepth.pool import build_pool
from neardepth.pool.views import Layout, ViewDescriber
from neardepth.retrieval.encoders import choose_encoders
from neardepth.steps.dense import CELLS, GRIDS
from neardepth.steps.views import IMAGES, SAMPLED_CELLS, ZOOMS, Crop

PAIRS = 795
"""Of the fit that is timed: as many as NYU Depth v2 has for training."""


def measure(source: Path, folder: Path) -> list[Row]:
    """Estimate a photo by both methods, and fit a pool of `PAIRS` pairs."""
    pool = folder / "kernel.pool"
    encoders = choose_encoders(METHODS["kernel"], None)
    build_pool(open_source(source), pool, encoders, None)
    rows = [photo(pool, source, method) for method in ("kernel", "kernel-fast")]
    rows += [photo(None, source, method) for method in ("kernel", "kernel-fast")]
    return [*rows, opening(), fit([ViewDescriber(encoder).layout for encoder in encoders])]


def photo(pool: Path | None, source: Path, method: str) -> Row:
    """From a file to depth, beside the networks on the photo's pixels."""
    estimator = DepthEstimator(pool, method, prior="auto" if pool is None else "none")
    path = next((source / "rgb").iterdir())
    _, pixels = estimator.prepare(path)
    networks, whole = side_by_side(
        lambda: [encoder.maps(pixels, list(GRIDS)) for encoder in estimator.encoders],
        lambda: estimator(path),
        repeats=21,
    )
    by = f"model {METHODS[method].model}" if pool is None else "a pool's fit"
    return Row(f"file to depth, {method}, {by}", whole, networks, "s", "networks alone", "≤ 1.3")


def opening() -> Row:
    """Open the model that ships, beside reading its file."""
    limit, whole = side_by_side(
        (MODELS / "indoor.safetensors").read_bytes, lambda: load_model("indoor"), repeats=5
    )
    return Row("opening indoor", whole, limit, "s", "reading the file", "< 0.2 s")


def fit(layouts: list[Layout]) -> Row:
    """Fit made-up features, which take the time of real ones."""
    random = np.random.default_rng(0)
    crops = [Crop(zoom, 0.5, 0.5) for zoom in ZOOMS]
    cells = np.arange(SAMPLED_CELLS)

    def table(layout: Layout) -> NDArray[np.float16]:
        rows = np.empty((PAIRS, layout.dim), np.float16)
        for row in rows:
            views = random.standard_normal((IMAGES, layout.pooled), np.float32)
            local = random.standard_normal((SAMPLED_CELLS, sum(layout.channels)), np.float32)
            row[:] = layout.row(crops, cells, views, local)
        return rows

    tables = [table(layout) for layout in layouts]
    depth = random.normal(1, 0.4, (PAIRS, IMAGES, CELLS[0] * CELLS[1])).astype(np.float32)
    # Half the features, the even ones or the odd, to half the components; half the kernel twice.
    features = random.random((PAIRS, sum(layout.pooled for layout in layouts) // 2), np.float32)
    directions = random.random((features.shape[1], projection.COMPONENTS // 2), np.float32)
    kernel = np.eye(PAIRS * IMAGES, dtype=np.float32)

    def products() -> None:
        for _ in range(2 * IMAGES):
            features @ directions
        for _ in range(2):
            scipy.linalg.lapack.spotri(scipy.linalg.lapack.spotrf(kernel)[0])

    limit, whole = side_by_side(
        products, lambda: fitting.fit(layouts, tables, depth.copy()), repeats=3
    )
    return Row(f"fit of {PAIRS} pairs", whole, limit, "s", "codes and inverse", "< 10 s")
