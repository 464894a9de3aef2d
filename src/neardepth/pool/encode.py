"""Descriptors of a whole pool: computed once, kept beside the pairs, loaded when they are there."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder
from neardepth.errors import PoolError
from neardepth.pool.build import BuildReport
from neardepth.pool.descriptors import Describer, DescriptorColumn, load_descriptors
from neardepth.pool.pipeline import Described, Loaded, Outcome, Progress, describe_all
from neardepth.pool.store import Pool
from neardepth.pool.writer import PoolWriter

Keep = Callable[[dict[str, str], NDArray[np.float32]], None]
"""Takes the SHA-256 of photos by id, and their descriptors, N×dim."""


def ensure_descriptors(
    pool: Pool, encoder: Encoder, grid: tuple[int, int], progress: Progress | None = None
) -> NDArray[np.float32]:
    """Return the descriptors of a pool, computing and keeping those that are missing.

    Where the pool cannot be written, or another process is writing to it, they are computed all
    the same, with a warning that they are not kept.

    Args:
        pool: an open pool.
        encoder: the network that describes tiles.
        grid: rows and columns of tiles.
        progress: told the number of pairs done and in all, where some must be computed.

    Returns:
        N×D float32 in the order of ``pool.ids``; D is tiles times features.

    Raises:
        PoolError: the pool's descriptors of this encoder were made with other weights or another
            preprocessing, or a photo of the pool is damaged.
    """
    describer = Describer(encoder, grid)
    descriptors, known = _load(pool, describer)
    if known.all():
        return descriptors
    if not pool.column_path(describer.key).is_dir():
        _refuse_stale(pool, describer)
    row_of = {pair_id: row for row, pair_id in enumerate(pool.ids)}
    with ExitStack() as stack:
        writer = _try_to_write(pool, stack)

        def keep(hashes: dict[str, str], matrix: NDArray[np.float32]) -> None:
            nonlocal writer
            rows = [row_of[pair_id] for pair_id in hashes]
            descriptors[rows] = matrix
            try:
                if writer is not None:
                    writer.append_descriptors(describer, hashes, matrix)
            except PoolError as error:
                writer = None
                _warn(error)

        missing = [pair_id for pair_id, have in zip(pool.ids, known, strict=True) if not have]
        outcome = _compute(pool, describer, missing, keep, progress)
    if outcome.failed:
        raise PoolError(
            f"{pool.path}: {outcome.failed[0][1].rstrip('.')}; see `neardepth pool check "
            f"{pool.path}` and remove what is damaged"
        )
    return descriptors


def encode_pool(
    path: str | os.PathLike[str],
    encoder: Encoder,
    grid: tuple[int, int],
    progress: Progress | None = None,
) -> BuildReport:
    """Add a descriptor column to a pool, or complete it; stale ones of the same encoder go.

    Raises:
        PoolError: there is no pool, or it cannot be written.
        KeyboardInterrupt: after everything complete has been committed.
    """
    start = time.perf_counter()
    describer = Describer(encoder, grid)
    with PoolWriter(path) as writer:
        pool = writer.pool()
        _, known = _load(pool, describer)

        def keep(hashes: dict[str, str], matrix: NDArray[np.float32]) -> None:
            writer.append_descriptors(describer, hashes, matrix)

        missing = [pair_id for pair_id, have in zip(pool.ids, known, strict=True) if not have]
        outcome = _compute(pool, describer, missing, keep, progress)
        for column in _stale(pool, describer):
            writer.drop_descriptors(column.key)
        setting = pool.encoder_setting
        if setting is not None and setting["name"] == encoder.name:
            writer.update_settings(encoder=encoder.info())
    return BuildReport(
        added=outcome.done,
        skipped=int(known.sum()),
        failed=tuple(outcome.failed),
        seconds=time.perf_counter() - start,
    )


def _load(pool: Pool, describer: Describer) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    path = pool.column_path(describer.key)
    if path.is_dir():
        return load_descriptors(path, pool.image_hashes)
    return np.zeros((len(pool), describer.dim), np.float32), np.zeros(len(pool), np.bool_)


def _compute(
    pool: Pool,
    describer: Describer,
    missing: Sequence[str],
    keep: Keep,
    progress: Progress | None,
) -> Outcome:
    before = len(pool) - len(missing)
    report: Callable[[int, int], None] = progress or (lambda done, total: None)
    if missing:
        report(before, len(pool))

    def commit(items: list[Described[str]]) -> None:
        hashes = {item.subject: pool.image_hashes[item.subject] for item in items}
        keep(hashes, np.stack([item.descriptors[0] for item in items]))

    return describe_all(
        [(pair_id, pair_id) for pair_id in missing],
        lambda pair_id: Loaded(pool.photo(pair_id), pair_id),
        [describer],
        commit,
        lambda done: report(before + done, len(pool)),
    )


def _stale(pool: Pool, describer: Describer) -> list[DescriptorColumn]:
    """List the columns of an encoder of the same name that is another by now."""
    return [
        column
        for column in pool.descriptor_columns()
        if column.encoder["name"] == describer.encoder.name
        and column.fingerprint != describer.fingerprint
    ]


def _refuse_stale(pool: Pool, describer: Describer) -> None:
    stale = _stale(pool, describer)
    if stale:
        info, known = describer.encoder.info(), stale[0].encoder
        what = "weights" if known["weights_hash"] != info["weights_hash"] else "preprocessing"
        raise PoolError(
            f"{pool.path} was described by {info['name']} with other {what}; describe it anew "
            f"with `neardepth pool encode {pool.path} --encoder {info['source']}`"
        )


def _try_to_write(pool: Pool, stack: ExitStack) -> PoolWriter | None:
    try:
        return stack.enter_context(PoolWriter(pool.path))
    except PoolError as error:
        _warn(error)
        return None


def _warn(error: PoolError) -> None:
    warnings.warn(f"descriptors are computed but not kept: {error}", stacklevel=4)
