"""One version of the pairs table, and where each pair is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from neardepth.pool.storage import errors_of, open_table, persistently


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A version of the pairs table; later changes do not show in it."""

    path: Path
    table: Any
    rows: dict[str, int]
    """Row of each id."""
    hashes: dict[str, str]
    """SHA-256 of each photo's file, by id in sorted order."""

    @classmethod
    def newest(cls, path: Path) -> Snapshot:
        """Open the newest version.

        Raises:
            PoolError: the table is missing or damaged.
        """

        def read() -> tuple[Any, pa.Table]:
            table = open_table(path)
            with errors_of(path, "read"):
                return table, table.to_table(columns=["id", "image_sha256"])

        table, keys = persistently(read)
        ids = keys["id"].to_pylist()
        rows = {pair_id: row for row, pair_id in enumerate(ids)}
        hashes = sorted(zip(ids, keys["image_sha256"].to_pylist(), strict=True))
        return cls(path, table, rows, dict(hashes))

    @property
    def version(self) -> int:
        """Number of the version, counted up by every change."""
        return int(self.table.version)

    def take(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Read a few rows in the order of ``ids``.

        Raises:
            PoolError: the table is damaged, or its files were merged into a newer version.
        """
        with errors_of(self.path, "read"):
            return self.table.take([self.rows[pair_id] for pair_id in ids], columns=list(columns))

    def scan(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Read most rows in the order of ``ids``; raises as `take`."""
        with errors_of(self.path, "read"):
            everything = self.table.to_table(columns=list(columns))
            return everything.take([self.rows[pair_id] for pair_id in ids])
