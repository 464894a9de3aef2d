"""A pool's fit as a model for others: what it knows without its pictures."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from neardepth.encoders import Encoder
from neardepth.encoders.weights import cache_folder
from neardepth.errors import ModelError
from neardepth.kernel.fitting import RECIPE, SMALLEST
from neardepth.kernel.pool_fit import focal_lengths, fresh_fit, ordered
from neardepth.kernel.shared import FORMAT, SharedModel, load_model, save_model
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
    """Fit a pool and write the fit as a model.

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
    ids = tuple(ordered(pool, exclude))
    focal = None if focal_px is None else _relative(pool, ids, focal_px)
    # Not the kept fit, whose numbers are rounded: the same pool gives the same model each time.
    model = fresh_fit(pool, encoders, progress, exclude).model
    if not math.isfinite(model.calibration.limit):
        raise ModelError(f"{pool.path} knows too little depth for a model's errors to be told")
    if focal is not None:
        model = replace(model, focal=focal)
    shared = SharedModel(
        name=name,
        model=model,
        encoders=tuple(encoder.name for encoder in encoders),
        fingerprints=tuple(ViewDescriber(encoder).fingerprint for encoder in encoders),
        ids=ids,
        hashes=tuple(pool.image_hashes[pair_id] for pair_id in ids),
        facts=facts,
        depth_kind=pool.depth_kind,
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
    path = cache_folder() / "models" / f"{pool.path.stem}-{networks}-{RECIPE}-{FORMAT}.safetensors"
    try:
        if path.is_file():
            return load_model(path)
    except ModelError as error:
        warnings.warn(f"fitting anew: {error}", stacklevel=2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"{path.parent} cannot be made: {error.strerror or error}") from error
    facts = {"origin": f"{len(pool)} rendered rooms that ship with NearDepth", "terms": "CC0"}
    export_model(pool, encoders, path, ROOMS, facts, progress=progress)
    return load_model(path)


def _relative(pool: Pool, ids: Sequence[str], focal_px: float) -> float:
    """Return the focal length in units of the root of the photos' area."""
    if focal_lengths(pool, ids):
        raise ModelError(f"{pool.path} records its cameras: leave the focal length out")
    sizes = {(record.height, record.width) for record in pool.records.values()}
    if len(sizes) > 1:
        raise ModelError(
            f"{pool.path} holds photos of several sizes: give their focal lengths in pairs.csv"
        )
    height, width = sizes.pop()
    if not 0.1 * width <= focal_px <= 100 * width:
        raise ModelError(f"a focal length of {focal_px:g} px does not fit photos {width} px wide")
    return focal_px / math.sqrt(height * width)
