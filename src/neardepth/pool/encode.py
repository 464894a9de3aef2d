"""Descriptors of a whole pool: computed once, kept beside the pairs, loaded when they are there."""

from __future__ import annotations

import os
import time
import warnings
from contextlib import ExitStack

from neardepth.encoders import Encoder
from neardepth.errors import PoolError
from neardepth.pool.build import BuildReport
from neardepth.pool.completion import complete, compute, load_known
from neardepth.pool.descriptors import (
    AnyDescriber,
    DescriptorColumn,
    Descriptors,
    same_network,
)
from neardepth.pool.pipeline import Progress
from neardepth.pool.store import Pool
from neardepth.pool.views import make_describer
from neardepth.pool.writer import PoolWriter


def ensure_descriptors(
    pool: Pool,
    encoder: Encoder,
    grid: tuple[int, int] | None,
    progress: Progress | None = None,
) -> Descriptors:
    """Return the descriptors of a pool, computing and keeping those that are missing.

    Where the pool cannot be written, or another process is writing to it, they are computed all
    the same, with a warning that they are not kept.

    Args:
        pool: an open pool.
        encoder: the network that describes tiles.
        grid: rows and columns of tiles; None for the views of the kernel method.
        progress: told the number of pairs done and in all, where some must be computed.

    Returns:
        N×D in the order of ``pool.ids``; of tiles, D is tiles times features.

    Raises:
        PoolError: the pool's descriptors of this encoder were made with other weights or another
            preprocessing, or a photo of the pool is damaged.
    """
    describer = make_describer(encoder, grid)
    descriptors, known = load_known(pool, describer)
    if known.all():
        return descriptors
    if not pool.column_path(describer.key).is_dir():
        _refuse_stale(pool, describer)
    row_of = {pair_id: row for row, pair_id in enumerate(pool.ids)}
    with ExitStack() as stack:
        writer = _try_to_write(pool, stack)
        if writer is not None:  # another process may have described them until a moment ago
            descriptors, known = load_known(pool, describer)

        def keep(hashes: dict[str, str], matrix: Descriptors) -> None:
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
        outcome = compute(pool, describer, missing, keep, progress)
    if outcome.failed:
        raise PoolError(
            f"{pool.path}: {outcome.failed[0][1].rstrip('.')}; see `neardepth pool check "
            f"{pool.path}` and remove what is damaged"
        )
    return descriptors


def encode_pool(
    path: str | os.PathLike[str],
    encoder: Encoder,
    grid: tuple[int, int] | None,
    progress: Progress | None = None,
) -> BuildReport:
    """Add a descriptor column to a pool, or complete it.

    Once every pair is described, columns that the very same source gave before it changed go, and
    a pool that was built with this network, or with this source, remembers it as it is now. An
    encoder of the same name from elsewhere stands beside the one that is there.

    Raises:
        PoolError: there is no pool, or it cannot be written.
        KeyboardInterrupt: after everything complete has been committed.
    """
    start = time.perf_counter()
    describer = make_describer(encoder, grid)
    with PoolWriter(path) as writer:
        pool = writer.pool()
        outcome = complete(writer, describer, progress)
        if not outcome.failed:
            _forget_what_changed(writer, pool, describer)
    return BuildReport(
        added=outcome.done,
        skipped=len(pool) - outcome.done - len(outcome.failed),
        failed=tuple(outcome.failed),
        seconds=time.perf_counter() - start,
    )


def _forget_what_changed(writer: PoolWriter, pool: Pool, describer: AnyDescriber) -> None:
    for column in _stale(pool, describer):
        writer.drop_descriptors(column.key)
    setting, info = pool.encoder_setting, describer.encoder.info()
    if setting is None:
        return
    moved = same_network(setting, info)
    if moved or setting["source"] == info["source"]:
        writer.update_settings(encoder=info)


def _stale(pool: Pool, describer: AnyDescriber) -> list[DescriptorColumn]:
    """List the columns whose encoder came from the same source and is another by now."""
    return [
        column
        for column in pool.descriptor_columns()
        if column.encoder["source"] == describer.encoder.source
        and (column.grid is None) == (describer.grid is None)
        and column.fingerprint != describer.fingerprint
    ]


def _refuse_stale(pool: Pool, describer: AnyDescriber) -> None:
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
