"""The one writer of a pool: adds pairs with their descriptors, removes pairs."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout

from neardepth.datasets.pair import RgbdPair
from neardepth.errors import PoolError
from neardepth.pool.descriptors import (
    AnyDescriber,
    Descriptors,
    append_descriptors,
    create_column,
    list_column_paths,
    load_described,
)
from neardepth.pool.schema import PAIRS_SCHEMA, PairRecord
from neardepth.pool.storage import (
    append_rows,
    delete_rows,
    errors_of,
    read_json,
    tidy,
    write_json,
)
from neardepth.pool.store import DESCRIPTORS, LOCK, PAIRS, SETTINGS, Pool

_TIDY_EVERY = 64
"""Commits after which small files are merged."""


class PoolWriter:
    """Holds a pool's lock while it is entered.

    Readers are not disturbed, and a killed writer leaves whole what was there: each step either
    shows in full or not at all.

    Raises:
        PoolError: on entering, where there is no pool, another process is writing to it or it
            cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = FileLock(self.path / LOCK)
        self._commits = 0

    def __enter__(self) -> PoolWriter:
        Pool.open(self.path)
        with errors_of(self.path, "written"):
            try:
                self._lock.acquire(timeout=0)
            except Timeout as error:
                raise PoolError(
                    f"{self.path} is being written by another process: wait until it is done"
                ) from error
        try:
            self._clear_leftovers()
        except BaseException:
            self._lock.release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            # What went wrong before matters more than files left to merge.
            with contextlib.suppress(PoolError) if error else contextlib.nullcontext():
                self._tidy()
        finally:
            self._lock.release()

    def pool(self) -> Pool:
        """Open the pool as it is now; no other process can change it."""
        return Pool.open(self.path)

    def append(
        self,
        pairs: Sequence[tuple[RgbdPair, PairRecord]],
        descriptors: Sequence[tuple[AnyDescriber, Descriptors]] = (),
    ) -> None:
        """Add pairs, descriptors first, so that no reader sees a pair without its own.

        Args:
            pairs: new pairs with their records, of ids that the pool does not have.
            descriptors: for each describer the N×dim descriptors of these pairs.

        Raises:
            PoolError: they cannot be written; the pool is as it was.
        """
        hashes = {record.id: record.image_sha256 for _, record in pairs}
        for describer, matrix in descriptors:
            self.append_descriptors(describer, hashes, matrix)
        rows = [record.row(pair) for pair, record in pairs]
        append_rows(self.path / PAIRS, pa.Table.from_pylist(rows, schema=PAIRS_SCHEMA))
        self._committed()

    def append_descriptors(
        self, describer: AnyDescriber, hashes: Mapping[str, str], matrix: Descriptors
    ) -> None:
        """Add descriptors (N×dim) of photos given by id with their SHA-256.

        Raises:
            PoolError: they cannot be written.
        """
        path = self.path / DESCRIPTORS / f"{describer.key}.lance"
        if not path.is_dir():
            create_column(path, describer)
        append_descriptors(path, list(hashes), list(hashes.values()), matrix)
        self._committed()

    def drop_descriptors(self, key: str) -> None:
        """Delete a descriptor table.

        Raises:
            PoolError: it cannot be deleted.
        """
        path = self.path / DESCRIPTORS / f"{key}.lance"
        with errors_of(path, "deleted"):
            shutil.rmtree(path)

    def remove(self, ids: Sequence[str]) -> None:
        """Remove pairs and their descriptors, and free their space.

        Raises:
            PoolError: an id is not in the pool, or the pool cannot be written.
        """
        pool = self.pool()
        absent = [pair_id for pair_id in ids if pair_id not in pool]
        if absent:
            raise PoolError(
                f"{self.path} has no pair {', '.join(absent[:5])}"
                f"{f' and {len(absent) - 5} more' if len(absent) > 5 else ''}; nothing was removed"
            )
        delete_rows(self.path / PAIRS, list(ids))
        for path in self._descriptor_tables():
            delete_rows(path, list(ids))
        self._tidy(reclaim=True)

    def update_settings(self, **settings: Any) -> None:
        """Replace entries of pool.json.

        Raises:
            PoolError: it cannot be written; the old one stays.
        """
        path = self.path / SETTINGS
        write_json(path, {**read_json(path), **settings})

    def _clear_leftovers(self) -> None:
        """Delete what a killed writer left: unfinished tables, descriptors without their pairs."""
        for unfinished in (self.path / DESCRIPTORS).glob(".*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        pool = self.pool()
        for path in self._descriptor_tables():
            orphans = [pair_id for pair_id in load_described(path) if pair_id not in pool]
            if orphans:
                delete_rows(path, orphans)

    def _descriptor_tables(self) -> list[Path]:
        return list_column_paths(self.path / DESCRIPTORS)

    def _committed(self) -> None:
        self._commits += 1
        if self._commits % _TIDY_EVERY == 0:
            self._tidy()

    def _tidy(self, *, reclaim: bool = False) -> None:
        for path in (self.path / PAIRS, *self._descriptor_tables()):
            tidy(path, reclaim=reclaim)
