"""What a prior says of each photo of a pool, beside the truth; kept beside the pool."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Collection, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder
from neardepth.errors import NearDepthError, PoolError
from neardepth.imaging.photos import Photo
from neardepth.imaging.resize import resize_depth
from neardepth.kernel.arrays import read_arrays, write_arrays
from neardepth.kernel.photo_maps import framed, photo_maps
from neardepth.kernel.pool_fit import FITS, ordered
from neardepth.kernel.shared import SharedModel
from neardepth.pool import Pool, Progress
from neardepth.pool.pipeline import read_ahead
from neardepth.steps.dense import CELLS

Matrix = NDArray[np.float32]

KIND = "neardepth_prior"
LARGEST = 2000
"""Pairs of a pool that a prior is compared with, at most: evenly spaced ones of a larger pool."""

_READ_AHEAD = 4
_FIELDS = ("truth", "log_depth", "spread", "codes", "residual")
_RECIPE = 2
"""Counted up whenever the same model says something else of the same photo."""


@dataclass(frozen=True, eq=False)
class PriorOnPool:
    """Of each pair, in the natural order of ids; log depth in the model's canonical camera."""

    ids: tuple[str, ...]
    truth: Matrix
    """N×cells, NaN where unknown."""
    log_depth: Matrix
    """N×cells."""
    spread: Matrix
    """N×cells."""
    codes: Matrix
    """N×P."""
    residual: Matrix
    """N, see `Prediction.residual`."""

    def without(self, exclude: Collection[str]) -> PriorOnPool:
        """Return the same for the other pairs only."""
        kept = [place for place, pair_id in enumerate(self.ids) if pair_id not in exclude]
        return PriorOnPool(
            tuple(self.ids[place] for place in kept),
            *(getattr(self, name)[kept] for name in _FIELDS),
        )


def pool_prior(
    pool: Pool,
    shared: SharedModel,
    encoders: Sequence[Encoder],
    progress: Progress | None = None,
) -> PriorOnPool:
    """Ask the prior for every pair's depth; pairs that it was asked for before are read.

    Raises:
        PoolError: the pool cannot be read.
        PhotoError: a photo of it is damaged.
    """
    ids = ordered(pool)
    ids = [ids[i] for i in np.linspace(0, len(ids) - 1, min(len(ids), LARGEST)).astype(int)]
    keys = [_key(pool, pair_id) for pair_id in ids]
    path = pool.path / FITS / f"prior-{shared.digest}-{_RECIPE}.safetensors"
    known = _read(path)
    missing = [place for place, key in enumerate(keys) if key not in known]
    if missing:
        photos = (ids[place] for place in missing)
        try:
            with closing(read_ahead(partial(_load, pool), photos, _READ_AHEAD)) as read:
                for done, (place, (_, loaded)) in enumerate(zip(missing, read, strict=True), 1):
                    if isinstance(loaded, NearDepthError):
                        raise loaded
                    known[keys[place]] = _asked(shared, encoders, *loaded)
                    if progress is not None:
                        progress(done, len(missing))
        finally:  # an interrupted run goes on from here
            _keep(path, {key: known[key] for key in keys if key in known})
    fields = (np.stack([known[key][i] for key in keys]) for i in range(len(_FIELDS)))
    return PriorOnPool(tuple(ids), *(values.astype(np.float32) for values in fields))


def _load(pool: Pool, pair_id: str) -> tuple[Photo, Matrix]:
    depth = pool.depth(pair_id)
    return pool.photo(pair_id), np.asarray(resize_depth(np.log(depth), CELLS), np.float32)


def _asked(
    shared: SharedModel, encoders: Sequence[Encoder], photo: Photo, truth: Matrix
) -> tuple[NDArray[np.float16], ...]:
    maps = photo_maps(encoders, framed(photo.image))
    prediction = shared.model.predict(maps)
    residual = np.array(prediction.residual)
    maps_of = (truth.ravel(), prediction.log_depth.ravel(), prediction.spread.ravel())
    return tuple(part.astype(np.float16) for part in (*maps_of, prediction.codes[0], residual))


def _key(pool: Pool, pair_id: str) -> str:
    record = pool.records[pair_id]
    text = f"{record.image_sha256} {record.depth_sha256} {record.depth_unit}"
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: Path) -> dict[str, tuple[NDArray[np.float16], ...]]:
    try:
        if not path.is_file():
            return {}
        arrays, content = read_arrays(path, KIND)
        rows = zip(*(arrays[name] for name in _FIELDS), strict=True)
        return dict(zip(content["keys"], rows, strict=True))
    except (OSError, ValueError, KeyError) as error:
        warnings.warn(f"asking the prior anew: {path} is damaged ({error})", stacklevel=3)
        return {}


def _keep(path: Path, known: dict[str, tuple[NDArray[np.float16], ...]]) -> None:
    if not known:
        return
    arrays = {name: np.stack([row[i] for row in known.values()]) for i, name in enumerate(_FIELDS)}
    try:
        path.parent.mkdir(exist_ok=True)
        write_arrays(path, KIND, arrays, {"keys": list(known)}, PoolError)
    except (OSError, PoolError) as error:
        warnings.warn(f"what the prior says is not kept: {error}", stacklevel=3)
