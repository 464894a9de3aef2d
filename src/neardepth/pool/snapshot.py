"""One version of the pairs table, and where each pair is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from neardepth.pool.storage import errors_of, open_table, persistently, read_rows


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
                return table, read_rows(table, range(table.count_rows()), ["id", "image_sha256"])

        table, keys = persistently(read)
        with errors_of(path, "read"):
            ids = keys["id"].to_pylist()
            hashes = sorted(zip(ids, keys["image_sha256"].to_pylist(), strict=True))
        rows = {pair_id: row for row, pair_id in enumerate(ids)}
        return cls(path, table, rows, dict(hashes))

    @property
    def version(self) -> int:
        """Number of the version, counted up by every change."""
        return int(self.table.version)

    def read(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Read rows in the order of ``ids``.

        Raises:
            PoolError: the table is damaged, or its files were merged into a newer version.
        """
        with errors_of(self.path, "read"):
            return read_rows(self.table, [self.rows[pair_id] for pair_id in ids], columns)
