"""`rooms`, the pool of rendered rooms that ships with the package."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock

from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.encoders.weights import cache_folder
from neardepth.errors import PoolError
from neardepth.pool.build import build_pool
from neardepth.pool.descriptors import Describer
from neardepth.pool.store import Pool
from neardepth.pool.writer import PoolWriter

ROOMS = "rooms"
FOLDER = Path(__file__).resolve().parent.parent / "rooms"
"""The pairs as a source, `rgb/`, `depth/` and `pairs.csv`, and their descriptors."""

FACTS = "rooms.json"
DESCRIPTORS = "descriptors.npz"
"""Of the tile methods, 8 bits a number: fingerprint, values (N×D, in the order of ids), scale."""
ENCODER, GRID = "efficientnet-lite0", (4, 4)


def open_pool(pool: str | os.PathLike[str]) -> Pool:
    """Open a pool; "rooms" is the one that ships, unless there is a folder of that name.

    Raises:
        PoolError: see `Pool.open`.
    """
    if str(pool) != ROOMS or Path(pool).exists():
        return Pool.open(pool)
    return Pool.open(_rooms())


def _rooms() -> Path:
    """Make the pool of rooms in the cache where it is not there yet: a package is never changed."""
    try:
        version = json.loads((FOLDER / FACTS).read_text())["version"]
    except (OSError, ValueError, KeyError) as error:
        raise PoolError(f"{FOLDER} is damaged ({error}); install NearDepth anew") from error
    path = cache_folder() / "pools" / f"rooms-{version}.pool"
    if path.is_dir():  # it appears whole, by one renaming
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            if path.is_dir():
                return path
            with TemporaryDirectory(dir=path.parent) as folder:
                made = Path(folder) / path.name
                report = build_pool(open_source(FOLDER), made, [], None)
                if report.failed:
                    raise PoolError(f"{report.failed[0][1]}; install NearDepth anew")
                _describe(made)
                made.rename(path)
    except OSError as error:
        raise PoolError(
            f"{path} cannot be made: {error.strerror or error}; name another folder in "
            "NEARDEPTH_CACHE"
        ) from error
    return path


def _describe(path: Path) -> None:
    """Give the pool the descriptors that ship with it; other networks' are computed when needed."""
    describer = Describer(load_encoder(ENCODER), GRID)
    try:
        with np.load(FOLDER / DESCRIPTORS, allow_pickle=False) as arrays:
            if str(arrays["fingerprint"]) != describer.fingerprint:
                return
            values = arrays["values"] * arrays["scale"]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise PoolError(
            f"{FOLDER / DESCRIPTORS} is damaged ({error}); install NearDepth anew"
        ) from error
    with PoolWriter(path) as writer:
        hashes = writer.pool().image_hashes
        writer.append_descriptors(describer, hashes, values.astype(np.float32))
