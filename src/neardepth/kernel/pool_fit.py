"""The fit of a pool: made when first needed, kept beside the pool, made anew when it changes."""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth.datasets.folder import natural
from neardepth.encoders import Encoder
from neardepth.errors import PoolError
from neardepth.kernel.fitting import RECIPE, Fit, fit
from neardepth.kernel.storage import FORMAT, load_fit, save_fit
from neardepth.kernel.targets import image_targets
from neardepth.pool import Pool, Progress, ensure_descriptors
from neardepth.pool.views import ViewDescriber
from neardepth.retrieval.camera import relative_focal
from neardepth.steps.dense import CELLS
from neardepth.steps.views import IMAGES

FITS = "fits"
"""Folder of a pool that its fits are kept in."""

_READING = 0.2  # share of the time that depth maps take
_DECODERS = min(4, os.cpu_count() or 1)


def ordered(pool: Pool, exclude: Collection[str] = ()) -> list[str]:
    """Return the ids that are fitted, in the order that is left out block by block."""
    return sorted((pair_id for pair_id in pool.ids if pair_id not in exclude), key=natural)


def pool_fit(
    pool: Pool,
    encoders: Sequence[Encoder],
    progress: Progress | None = None,
    exclude: Collection[str] = (),
) -> Fit:
    """Return the fit of a pool, from its file where nothing has changed since.

    A fit without some of the pool is never kept: it serves to judge the method.

    Raises:
        PoolError: the pool cannot be read, or its descriptors are stale.
    """
    describers = [ViewDescriber(encoder) for encoder in encoders]
    path = _path(pool, describers)
    if not exclude and _is_there(path):
        try:
            return load_fit(path)
        except PoolError as error:
            warnings.warn(f"fitting anew: {error}", stacklevel=3)
    fitted = _make(pool, describers, progress, frozenset(exclude))
    if not exclude:
        _keep(path, fitted, pool)
    return fitted


def fresh_fit(
    pool: Pool,
    encoders: Sequence[Encoder],
    progress: Progress | None = None,
    exclude: Collection[str] = (),
) -> Fit:
    """Return the fit of a pool as it is before its file rounds it; see `pool_fit`."""
    return _make(pool, list(map(ViewDescriber, encoders)), progress, frozenset(exclude))


def _make(
    pool: Pool,
    describers: Sequence[ViewDescriber],
    progress: Progress | None,
    exclude: frozenset[str],
) -> Fit:
    ids = ordered(pool, exclude)
    places = np.array([pool.row_of[pair_id] for pair_id in ids])

    def table(encoder: Encoder) -> NDArray[np.float16]:
        every = ensure_descriptors(pool, encoder, None, progress)
        return np.asarray(every[places], np.float16)

    rows = [table(describer.encoder) for describer in describers]
    layout = describers[0].layout
    if any(not np.array_equal(layout.sampled(rows[0]), layout.sampled(other)) for other in rows):
        raise PoolError(
            f"{pool.path}: the networks were shown different crops of the photos; describe them "
            f"anew with `neardepth pool encode {pool.path}`"
        )

    def targets(place: int) -> NDArray[np.float32]:
        return image_targets(pool.depth(ids[place]), layout.crops(rows[0][place]))

    def tell(done: float) -> None:
        if progress is not None:
            progress(round(done * len(ids)), len(ids))

    log_depth = np.empty((len(ids), IMAGES, CELLS[0] * CELLS[1]), np.float32)
    with ThreadPoolExecutor(_DECODERS, thread_name_prefix="neardepth-depth") as workers:
        for place, views in enumerate(workers.map(targets, range(len(ids)))):
            log_depth[place] = views
            tell(_READING * place / len(ids))
    focal, shifts = _canonical(pool, ids)
    log_depth += shifts[:, None, None]
    try:
        return fit(
            [describer.layout for describer in describers],
            rows,
            log_depth,
            focal,
            lambda share: tell(_READING + (1 - _READING) * share),
        )
    except np.linalg.LinAlgError as error:
        raise PoolError(
            f"{pool.path}: nothing can be fitted to this pool ({error}): its photos hardly differ; "
            "use a method of tiles (`--method knn`)"
        ) from error


def _canonical(pool: Pool, ids: Sequence[str]) -> tuple[float | None, NDArray[np.float32]]:
    """Return the pool's usual focal length and what to add to log depth to scale each pair to it.

    An object of a given size in the picture is the farther the longer the lens.
    """
    known = focal_lengths(pool, ids)
    if not known:
        return None, np.zeros(len(ids), np.float32)
    usual = float(np.median(list(known.values())))
    shifts = [np.log(usual / known.get(pair_id, usual)) for pair_id in ids]
    return usual, np.array(shifts, np.float32)


def focal_lengths(pool: Pool, ids: Sequence[str]) -> dict[str, float]:
    """Return the focal lengths that are known, by id; see `relative_focal`.

    None at all where most are not known: a few say nothing of the others' cameras.
    """
    records = pool.records
    known = {
        pair_id: focal
        for pair_id in ids
        for record in [records[pair_id]]
        if (focal := relative_focal(record.intrinsics, record.height, record.width))
    }
    return known if 2 * len(known) >= len(ids) else {}


def _path(pool: Pool, describers: Sequence[ViewDescriber]) -> Path:
    """Name the fit's file after everything that it depends on."""
    records = pool.records
    facts = [
        FORMAT,
        RECIPE,
        [describer.key for describer in describers],
        [
            (
                pair_id,
                record.image_sha256,
                record.depth_sha256,
                record.depth_unit,
                record.intrinsics and record.intrinsics.fx,
                record.intrinsics and record.intrinsics.fy,
            )
            for pair_id, record in records.items()
        ],
    ]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]
    names = "+".join(describer.key.removesuffix("-views") for describer in describers)
    return pool.path / FITS / f"{names}-{digest}.safetensors"


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that nobody else may look into
        return False


def _keep(path: Path, fitted: Fit, pool: Pool) -> None:
    """Write the fit, and delete those that the same networks gave for an older pool."""
    try:
        path.parent.mkdir(exist_ok=True)
        save_fit(path, fitted, {"pairs": len(pool), "pool_version": pool.version})
        networks = path.stem.rpartition("-")[0]
        for other in path.parent.glob("*.safetensors"):
            if other != path and other.stem.rpartition("-")[0] == networks:
                other.unlink(missing_ok=True)
    except (OSError, PoolError) as error:
        warnings.warn(f"the fit is not kept: {error}", stacklevel=4)
