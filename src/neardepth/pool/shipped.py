"""`rooms`, the pool of rendered rooms that ships with the package."""

from __future__ import annotations

import json
import os
from pathlib import Path

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
    """Open a pool, or the one that ships where it is called "rooms" and no such path is there.

    Raises:
        PoolError: see `Pool.open`.
    """
    if str(pool) != ROOMS or Path(pool).exists():
        return Pool.open(pool)
    return Pool.open(_rooms())


def _rooms() -> Path:
    """Make the pool of rooms in the cache where it is not there yet: a package is never changed."""
    facts = json.loads((FOLDER / FACTS).read_text())
    path = cache_folder() / "pools" / f"rooms-{facts['version']}.pool"
    finished = path.with_suffix(".done")
    if finished.is_file() and path.is_dir():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            report = build_pool(open_source(FOLDER), path, [], None)
            if report.failed:
                raise PoolError(f"{report.failed[0][1]}; install NearDepth anew")
            _describe(path)
            finished.touch()
    except OSError as error:
        raise PoolError(f"{path} cannot be made: {error.strerror or error}") from error
    return path


def _describe(path: Path) -> None:
    """Give the pool the descriptors that ship with it; other networks' are computed when needed."""
    describer = Describer(load_encoder(ENCODER), GRID)
    with np.load(FOLDER / DESCRIPTORS, allow_pickle=False) as arrays:
        if str(arrays["fingerprint"]) != describer.fingerprint:
            return
        values = arrays["values"] * arrays["scale"]
    with PoolWriter(path) as writer:
        hashes = writer.pool().image_hashes
        writer.append_descriptors(describer, hashes, values.astype(np.float32))
