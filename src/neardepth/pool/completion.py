"""Describing the pairs that a pool has already: loading what is known, computing the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from neardepth.pool.descriptors import AnyDescriber, Descriptors, load_described, load_descriptors
from neardepth.pool.pipeline import Described, Loaded, Outcome, Progress, describe_all, stacked
from neardepth.pool.store import Pool
from neardepth.pool.writer import PoolWriter

Keep = Callable[[dict[str, str], Descriptors], None]
"""Takes the SHA-256 of photos by id, and their descriptors, N×dim."""


def load_known(pool: Pool, describer: AnyDescriber) -> tuple[Descriptors, NDArray[np.bool_]]:
    """Load the descriptors of a pool, N×dim, and which of them are there; the others are zero.

    Raises:
        PoolError: their table is damaged.
    """
    path = pool.column_path(describer.key)
    if path.is_dir():
        return load_descriptors(path, pool.image_hashes)
    return np.zeros((len(pool), describer.dim), describer.dtype), np.zeros(len(pool), np.bool_)


def complete(writer: PoolWriter, describer: AnyDescriber, progress: Progress | None) -> Outcome:
    """Describe every pair of a pool that lacks it, and keep that.

    Raises:
        PoolError: the pool cannot be read or written.
        KeyboardInterrupt: after everything complete has been committed.
    """
    pool = writer.pool()
    path = pool.column_path(describer.key)
    known = load_described(path) if path.is_dir() else {}
    missing = [key for key, digest in pool.image_hashes.items() if known.get(key) != digest]

    def keep(hashes: dict[str, str], matrix: Descriptors) -> None:
        writer.append_descriptors(describer, hashes, matrix)

    return compute(pool, describer, missing, keep, progress)


def compute(
    pool: Pool,
    describer: AnyDescriber,
    missing: Sequence[str],
    keep: Keep,
    progress: Progress | None,
) -> Outcome:
    """Describe pairs of a pool, given by id, and hand their descriptors to ``keep``.

    Raises:
        NearDepthError: ``keep`` failed.
        KeyboardInterrupt: after everything complete has been handed on.
    """
    before = len(pool) - len(missing)
    report: Callable[[int, int], None] = progress or (lambda done, total: None)
    if missing:
        report(before, len(pool))

    def commit(items: list[Described[str]]) -> None:
        hashes = {item.subject: pool.image_hashes[item.subject] for item in items}
        keep(hashes, stacked(items, 0))

    return describe_all(
        [(pair_id, pair_id) for pair_id in missing],
        lambda pair_id: Loaded(pool.photo(pair_id), pair_id),
        [describer],
        commit,
        lambda done: report(before + done, len(pool)),
    )
