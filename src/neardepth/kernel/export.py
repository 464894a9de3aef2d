"""A pool's fit as a model for others: what it knows without its pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from neardepth.encoders import Encoder
from neardepth.encoders.weights import cache_folder
from neardepth.errors import ModelError
from neardepth.kernel.fitting import RECIPE, SMALLEST
from neardepth.kernel.pool_fit import ordered, pool_fit
from neardepth.kernel.shared import SharedModel, load_model, save_model
from neardepth.pool import Pool, Progress, open_pool
from neardepth.pool.shipped import ROOMS
from neardepth.pool.views import ViewDescriber


def export_model(
    pool: Pool,
    encoders: Sequence[Encoder],
    path: Path,
    name: str,
    facts: Mapping[str, Any],
    *,
    focal_px: float | None = None,
    exclude: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> SharedModel:
    """Fit a pool, where that has not been done yet, and write the fit as a model.

    Args:
        pool: an open pool.
        encoders: the networks.
        path: the file to write.
        name: of the model, for answers that rest on it.
        facts: its origin and terms, plain data for people.
        focal_px: focal length of the pool's photos, where the pool does not record it.
        exclude: ids of pairs that are not fitted, to be judged by the model.
        progress: told how far descriptors and fit are.

    Raises:
        ModelError: the file cannot be written, the pool is too small, or the focal length does
            not apply to it.
        PoolError: the pool cannot be fitted.
    """
    if len(pool) < SMALLEST:
        raise ModelError(
            f"{pool.path} has {len(pool)} pairs; a model needs {SMALLEST} at least, so that its "
            "errors can be told"
        )
    model = pool_fit(pool, encoders, progress, exclude).model
    if focal_px is not None:
        if model.focal is not None:
            raise ModelError(f"{pool.path} records its cameras: leave the focal length out")
        model = replace(model, focal=_relative(pool, focal_px))
    ids = tuple(ordered(pool, exclude))
    shared = SharedModel(
        name=name,
        model=model,
        encoders=tuple(encoder.name for encoder in encoders),
        fingerprints=tuple(ViewDescriber(encoder).fingerprint for encoder in encoders),
        ids=ids,
        hashes=tuple(pool.image_hashes[pair_id] for pair_id in ids),
        facts=facts,
    )
    save_model(path, shared)
    return shared


def rooms_model(encoders: Sequence[Encoder], progress: Progress | None = None) -> SharedModel:
    """Return the model of the rendered rooms that ship; it is fitted on first use, in minutes.

    Raises:
        PoolError, ModelError: it cannot be made, or not be kept.
    """
    pool = open_pool(ROOMS)
    networks = "-".join(ViewDescriber(encoder).fingerprint for encoder in encoders)
    path = cache_folder() / "models" / f"{pool.path.stem}-{networks}-{RECIPE}.safetensors"
    if path.is_file():
        return load_model(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{path.parent} cannot be made: {error.strerror or error}") from error
    facts = {"origin": f"{len(pool)} rendered rooms that ship with NearDepth", "terms": "CC0"}
    export_model(pool, encoders, path, ROOMS, facts, progress=progress)
    return load_model(path)


def _relative(pool: Pool, focal_px: float) -> float:
    """Return the focal length in units of the root of the photos' area."""
    areas = {record.height * record.width for record in pool.records.values()}
    if len(areas) > 1:
        raise ModelError(
            f"{pool.path} holds photos of several sizes: give their focal lengths in pairs.csv"
        )
    return focal_px / math.sqrt(areas.pop())
