"""A pool on disk, opened for reading: photos, depth maps and descriptors by id."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from neardepth import __version__
from neardepth.datasets.pair import RgbdPair
from neardepth.errors import PoolError
from neardepth.imaging.depthmaps import EncodedDepth, decode_depth
from neardepth.imaging.photos import Photo, decode_photo
from neardepth.pool.descriptors import (
    DescriptorColumn,
    Descriptors,
    list_column_paths,
    load_descriptors,
    read_column,
)
from neardepth.pool.schema import (
    FORMAT,
    INTRINSICS_COLUMNS,
    PAIRS_SCHEMA,
    RECORD_COLUMNS,
    PairRecord,
    intrinsics_of,
)
from neardepth.pool.snapshot import Snapshot
from neardepth.pool.storage import create_table, errors_of, read_json, write_json

SETTINGS = "pool.json"
PAIRS = "pairs.lance"
DESCRIPTORS = "descriptors"
LOCK = ".lock"

_DECODERS = min(4, os.cpu_count() or 1)


class Pool:
    """A snapshot of a pool: what others add or remove later does not show in it.

    Reading needs no lock and may be done from several threads. Use `Pool.open`; to change a pool
    see `build_pool`, `add_pairs`, `remove_pairs` and `encode_pool`.
    """

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self.settings = settings
        """Content of pool.json."""
        self._snapshot = Snapshot.newest(path / PAIRS)
        self.version = self._snapshot.version
        self.image_hashes = self._snapshot.hashes
        """SHA-256 of each photo's file by id, in the order of `ids`."""
        self.ids = list(self.image_hashes)
        """Sorted, so that the order in which pairs were added never matters."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Pool:
        """Open a pool.

        Raises:
            PoolError: there is no pool, it is damaged or it was made by a newer NearDepth.
        """
        folder = Path(path)
        if not (folder / SETTINGS).is_file():
            what = "is not a pool: it has no pool.json" if folder.exists() else "does not exist"
            raise PoolError(f"{folder} {what}; build a pool with `neardepth pool build`")
        settings = read_json(folder / SETTINGS)
        made_with = settings.get("format")
        if not isinstance(made_with, int):
            raise PoolError(f"{folder / SETTINGS} is damaged: it does not state the pool's format")
        if made_with > FORMAT:
            raise PoolError(f"{folder} was made by a newer NearDepth: upgrade to read it")
        return cls(folder, settings)

    @classmethod
    def create(
        cls, path: str | os.PathLike[str], encoder_setting: dict[str, Any] | None = None
    ) -> Pool:
        """Create an empty pool; at any instant it is either whole or not there.

        Args:
            path: a folder that does not exist yet, or is empty.
            encoder_setting: `Encoder.info` of the encoder chosen for this pool; None leaves the
                choice to each method.

        Raises:
            PoolError: something is there already, or the folder cannot be written.
        """
        folder = Path(path)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise PoolError(f"{folder} is there already and is no empty folder")
        target = folder.resolve()
        temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        settings = {
            "format": FORMAT,
            "created_by": f"neardepth {__version__}",
            "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "encoder": encoder_setting,
        }
        try:
            with errors_of(folder, "created"):
                temporary.mkdir(parents=True)
                create_table(temporary / PAIRS, PAIRS_SCHEMA)
                write_json(temporary / SETTINGS, settings)
                temporary.rename(target)
        except PoolError as error:
            raise PoolError(str(error).replace(str(temporary), str(folder))) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        return cls.open(folder)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, pair_id: object) -> bool:
        return pair_id in self.image_hashes

    def __repr__(self) -> str:
        return f"<Pool {self.path}: {len(self)} pairs, version {self.version}>"

    @property
    def encoder_setting(self) -> dict[str, Any] | None:
        """`Encoder.info` of the encoder the pool was built with by choice, else None."""
        return self.settings.get("encoder")

    def photo(self, pair_id: str) -> Photo:
        """Decode a photo, with the intrinsics that are known.

        Raises:
            PoolError: the id is not in the pool, or the pool cannot be read.
            PhotoError: the photo is damaged.
        """
        row = self._take([pair_id], ["image", *INTRINSICS_COLUMNS])[0]
        with errors_of(self.path, "read"):
            intrinsics = intrinsics_of(row)
        return replace(decode_photo(row["image"], pair_id), intrinsics=intrinsics)

    def depth(self, pair_id: str) -> NDArray[np.float32]:
        """Decode a depth map: H×W float32 metres, NaN where unknown.

        Raises:
            PoolError: the id is not in the pool, or the pool cannot be read.
            DepthMapError: the depth map is damaged.
        """
        return self.depths([pair_id])[0]

    def depths(self, ids: Sequence[str]) -> list[NDArray[np.float32]]:
        """Decode several depth maps at once; see `depth`."""
        rows = self._take(ids, ["depth", "depth_unit"])
        jobs = [
            (row["depth"], row["depth_unit"], pair_id)
            for row, pair_id in zip(rows, ids, strict=True)
        ]
        if len(jobs) < 2:
            return [decode_depth(*job) for job in jobs]
        return list(self._decoders.map(lambda job: decode_depth(*job), jobs))

    def pair(self, pair_id: str) -> RgbdPair:
        """Return a pair as it was given: the files' bytes and where they come from.

        Raises:
            PoolError: the id is not in the pool, or the pool cannot be read.
        """
        return self.entry(pair_id)[0]

    def entry(self, pair_id: str) -> tuple[RgbdPair, PairRecord]:
        """Return a pair with its record; see `pair`."""
        row = self._take([pair_id], PAIRS_SCHEMA.names)[0]
        with errors_of(self.path, "read"):
            record = PairRecord.from_row(row)
        pair = RgbdPair(
            id=pair_id,
            source=record.source,
            image=row["image"],
            depth=EncodedDepth(row["depth"], record.depth_unit),
            depth_kind=record.depth_kind,
            split=record.split,
            scene=record.scene,
            intrinsics=record.intrinsics,
        )
        return pair, record

    @cached_property
    def records(self) -> dict[str, PairRecord]:
        """What is known of each pair without its photo and depth map, by id."""
        table = self.table(RECORD_COLUMNS)
        with errors_of(self.path, "read"):
            return {row["id"]: PairRecord.from_row(row) for row in table.to_pylist()}

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Place of each id in `ids`."""
        return {pair_id: row for row, pair_id in enumerate(self.ids)}

    @cached_property
    def depth_kind(self) -> str:
        """What the depth maps measure: "z", "ray", or "mixed"."""
        kinds = self.table(["depth_kind"])["depth_kind"].unique().to_pylist()
        return str(kinds[0]) if len(kinds) == 1 else "mixed"

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Return columns of the pairs table in the order of `ids`; see `PAIRS_SCHEMA`."""
        return self._read(self.ids, columns)

    def descriptor_columns(self) -> list[DescriptorColumn]:
        """List the descriptor tables that are there now.

        Raises:
            PoolError: one of them is damaged.
        """
        return [read_column(path) for path in list_column_paths(self.path / DESCRIPTORS)]

    def descriptors(self, key: str) -> Descriptors:
        """Load a descriptor table: N×D in the order of `ids`.

        Raises:
            PoolError: there is no such table, it is damaged, or some pairs are not in it.
        """
        path = self.column_path(key)
        advice = f"compute it with `neardepth pool encode {self.path}`"
        if not path.is_dir():
            raise PoolError(f"{self.path} has no descriptors {key}; {advice}")
        descriptors, known = load_descriptors(path, self.image_hashes)
        if not known.all():
            lacking = int((~known).sum())
            raise PoolError(f"{self.path}: {lacking} of {len(self)} pairs lack {key}; {advice}")
        return descriptors

    def column_path(self, key: str) -> Path:
        """Return where a descriptor table is kept."""
        return self.path / DESCRIPTORS / f"{key}.lance"

    @cached_property
    def _decoders(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_DECODERS, thread_name_prefix="neardepth-depth")

    def _take(self, ids: Sequence[str], columns: Sequence[str]) -> list[dict[str, Any]]:
        for pair_id in ids:
            if pair_id not in self:
                raise PoolError(f"{self.path} has no pair {pair_id}")
        table = self._read(ids, columns)
        with errors_of(self.path, "read"):
            rows: list[dict[str, Any]] = table.to_pylist()
            if any(row[name] is None for row in rows for name in {"image", "depth"} & row.keys()):
                raise PoolError(f"{self.path} is damaged: a file of {', '.join(ids)} is gone")
        return rows

    def _read(self, ids: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Read rows of the snapshot, also after a writer has merged its files into newer ones."""
        snapshot = self._snapshot
        try:
            return self._same(snapshot, ids).read(ids, columns)
        except PoolError:
            newest = Snapshot.newest(snapshot.path)
            if newest.version == snapshot.version:
                raise
            self._snapshot = newest
            return self._same(newest, ids).read(ids, columns)

    def _same(self, snapshot: Snapshot, ids: Sequence[str]) -> Snapshot:
        """Return a snapshot where it still has these pairs as this pool knows them."""
        known = snapshot.hashes
        if known is not self.image_hashes and any(
            known.get(pair_id) != self.image_hashes[pair_id] for pair_id in ids
        ):
            raise PoolError(f"{self.path}: pairs were removed since it was opened; open it again")
        return snapshot
