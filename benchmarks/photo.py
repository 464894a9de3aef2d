"""The methods of tiles: steps 3 to 6, and tiling, beside the bare network's time for one photo."""

from __future__ import annotations

from pathlib import Path

from common import Row, side_by_side

from neardepth import DepthEstimator
from neardepth.datasets import open_source
from neardepth.encoders import Encoder
from neardepth.methods import find_method
from neardepth.pool import build_pool


def measure(source: Path, folder: Path, encoder: Encoder, method: str) -> list[Row]:
    """Estimate one photo with a pool of the source, against `encoder.run` on its tiles alone."""
    recipe = find_method(method)
    pool = folder / f"{encoder.name}.pool"
    build_pool(open_source(source), pool, encoder, recipe.tiles)
    estimator = DepthEstimator(pool, recipe, encoder=encoder)
    path = next((source / "rgb").iterdir())
    photo, prepared = estimator.prepare(path)
    descriptor = estimator.describe(prepared)
    network, rest, whole = side_by_side(
        lambda: encoder.run(prepared[0]),
        lambda: estimator.from_descriptor(photo, descriptor),
        lambda: estimator(path),
    )
    name = f"{method}, {encoder.name}"
    return [
        Row(f"steps 3-6, {name}", network + rest, network, "s", "bare network", "≤ 1.15"),
        Row(f"file to depth, {name}", whole, network, "s", "bare network", "≤ 1.15"),
    ]
