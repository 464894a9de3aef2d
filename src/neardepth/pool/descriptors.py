"""Descriptor tables: a cache beside the pairs, one table an encoder and tiling."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

from neardepth.encoders import Encoder
from neardepth.errors import PoolError
from neardepth.imaging.photos import Photo
from neardepth.pool.storage import (
    append_rows,
    create_table,
    errors_of,
    open_table,
    persistently,
    read_rows,
)
from neardepth.steps.description import describe

Result = TypeVar("Result")

Descriptors = NDArray[np.float32] | NDArray[np.float16]
"""N×dim: float32 of tiles, float16 of views."""

_RECIPE = 1
"""Counted up whenever tiling or description changes its numbers: older columns then are stale."""

_METADATA = b"neardepth"
_BATCH = 64


@dataclass(frozen=True)
class DescriptorColumn:
    """A descriptor table of a pool: which encoder and tiling, and for how many rows."""

    path: Path
    encoder: Mapping[str, Any]
    """What `Encoder.info` gave: name, weights_hash, preprocessing, dim and source."""
    fingerprint: str
    grid: tuple[int, int] | None
    """Rows and columns of tiles; None for the views of the kernel method."""
    dim: int
    """Numbers in a descriptor."""
    count: int
    whole: slice
    """The numbers that describe the photo itself, rather than parts of it."""

    @property
    def key(self) -> str:
        """Name of the table, as `table_name` gives it."""
        return self.path.stem

    @property
    def what(self) -> str:
        """What a photo is described by, for people."""
        return f"{self.grid[0]}x{self.grid[1]} tiles" if self.grid else "views"


class AnyDescriber(Protocol):
    """What a pool needs of that which describes its photos: `Describer` and `ViewDescriber`."""

    @property
    def encoder(self) -> Encoder:
        """The network."""

    @property
    def fingerprint(self) -> str:
        """Changes with everything that changes the numbers."""

    @property
    def key(self) -> str:
        """Name of the table."""

    @property
    def grid(self) -> tuple[int, int] | None:
        """Rows and columns of tiles, where there are tiles."""

    @property
    def tiles(self) -> int:
        """Images the network sees of a photo."""

    @property
    def dim(self) -> int:
        """Numbers in a descriptor."""

    @property
    def whole(self) -> tuple[int, int]:
        """First and last (exclusive) of the numbers that describe the photo itself."""

    @property
    def dtype(self) -> type[np.floating[Any]]:
        """Of the numbers."""

    def prepare(self, photo: Photo) -> Any:
        """Make a photo ready for the network; called in reader threads."""

    def describe(self, prepared: Sequence[Any]) -> Descriptors:
        """Run the network on prepared photos; N×dim."""


@dataclass(frozen=True, eq=False)
class Describer:
    """Steps 1 and 2 with one encoder and tiling: from a photo to its descriptor."""

    encoder: Encoder
    grid: tuple[int, int]

    dtype = np.float32

    @property
    def fingerprint(self) -> str:
        """Eight hexadecimal digits that change with weights, preprocessing and recipe."""
        info = self.encoder.info()
        facts = json.dumps([info["weights_hash"], info["preprocessing"], _RECIPE], sort_keys=True)
        return hashlib.sha256(facts.encode()).hexdigest()[:8]

    @property
    def key(self) -> str:
        """Name of the table of these descriptors."""
        return table_name(self.encoder, self.fingerprint, f"{self.grid[0]}x{self.grid[1]}")

    @property
    def tiles(self) -> int:
        """Number of tiles a photo is cut into."""
        return self.grid[0] * self.grid[1]

    @property
    def dim(self) -> int:
        """Numbers in a descriptor."""
        return self.tiles * self.encoder.dim

    @property
    def whole(self) -> tuple[int, int]:
        """All numbers describe the photo itself."""
        return 0, self.dim

    def prepare(self, photo: Photo) -> NDArray[np.float32]:
        """Cut a photo into tiles and make them the network's input, T×3×H×W."""
        return self.encoder.prepare(self.encoder.cut(photo.image, self.grid))

    def describe(self, prepared: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Run the network on prepared photos; N×dim."""
        tiles = prepared[0] if len(prepared) == 1 else np.concatenate(prepared)
        return describe(self.encoder.run(tiles), self.tiles)


def table_name(encoder: Encoder, fingerprint: str, what: str) -> str:
    """Name a table after its encoder: "<encoder>-<fingerprint>-<what>"."""
    slug = re.sub(r"[^a-z0-9.]+", "-", encoder.name.lower()).strip("-.")[:40] or "encoder"
    return f"{slug}-{fingerprint}-{what}"


def same_network(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two `Encoder.info`, perhaps read from JSON, are of one network, wherever it is."""
    facts = ("weights_hash", "preprocessing")
    return json.dumps([one[key] for key in facts]) == json.dumps([other[key] for key in facts])


def list_column_paths(folder: Path) -> list[Path]:
    """List the descriptor tables in a pool's folder of descriptors, by key."""
    return sorted(folder.glob("[!.]*.lance"))


def read_column(path: Path) -> DescriptorColumn:
    """Read what a descriptor table says of itself.

    Raises:
        PoolError: it is missing or damaged.
    """

    def read(table: Any) -> DescriptorColumn:
        facts = json.loads(table.schema.metadata[_METADATA])
        grid = facts["grid"]
        return DescriptorColumn(
            path=path,
            encoder=facts["encoder"],
            fingerprint=facts["fingerprint"],
            grid=(int(grid[0]), int(grid[1])) if grid else None,
            dim=table.schema.field("descriptor").type.list_size,
            count=table.count_rows(),
            whole=slice(*facts.get("whole", (None, None))),
        )

    return _read(path, read)


def create_column(path: Path, describer: AnyDescriber) -> None:
    """Create the empty table of a describer.

    Raises:
        PoolError: it cannot be written.
    """
    facts = {
        "encoder": describer.encoder.info(),
        "fingerprint": describer.fingerprint,
        "grid": describer.grid and list(describer.grid),
        "whole": list(describer.whole),
    }
    with errors_of(path.parent, "created"):
        path.parent.mkdir(exist_ok=True)
    create_table(
        path,
        _schema(describer.dim, describer.dtype).with_metadata(
            {_METADATA: json.dumps(facts).encode()}
        ),
    )


def append_descriptors(
    path: Path,
    ids: Sequence[str],
    image_hashes: Sequence[str],
    descriptors: Descriptors,
) -> None:
    """Append the descriptors (N×dim) of these photos to a table in one step.

    Raises:
        PoolError: they cannot be written.
    """
    flat = np.ascontiguousarray(descriptors)
    columns = {
        "id": ids,
        "image_sha256": image_hashes,
        "crc32": pa.array([zlib.crc32(row) for row in flat], pa.uint32()),
        "descriptor": pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), flat.shape[1]),
    }
    append_rows(path, pa.table(columns, schema=_schema(flat.shape[1], flat.dtype)))


def load_descriptors(
    path: Path, wanted: Mapping[str, str], *, verify: bool = False
) -> tuple[Descriptors, NDArray[np.bool_]]:
    """Load descriptors in the order that is wanted.

    A descriptor counts only for the very photo it was computed from, so that one left over from
    another photo of the same id is never used.

    Args:
        path: the table.
        wanted: SHA-256 of each photo by id.
        verify: compare the checksum of each descriptor, and leave out those that differ.

    Returns:
        N×dim, and N booleans: which of them the table has. The others are zero.

    Raises:
        PoolError: the table is missing or damaged.
    """
    row_of = {item: row for row, item in enumerate(wanted.items())}

    def read(table: Any) -> tuple[Descriptors, NDArray[np.bool_]]:
        kind, count = table.schema.field("descriptor").type, table.count_rows()
        dim = kind.list_size
        descriptors = np.zeros((len(wanted), dim), kind.value_type.to_pandas_dtype())
        known = np.zeros(len(wanted), np.bool_)
        for start in range(0, count, _BATCH):
            chunk = range(start, min(start + _BATCH, count))
            batch = read_rows(table, chunk, table.schema.names)
            keys = zip(batch["id"].to_pylist(), batch["image_sha256"].to_pylist(), strict=True)
            values = batch["descriptor"].combine_chunks().flatten().to_numpy().reshape(-1, dim)
            sums = batch["crc32"].to_pylist()
            for key, value, checksum in zip(keys, values, sums, strict=True):
                row = row_of.get(key)
                if row is not None and not (verify and zlib.crc32(value) != checksum):
                    descriptors[row] = value
                    known[row] = True
        return descriptors, known

    return _read(path, read)


def load_described(path: Path) -> dict[str, str]:
    """Load the SHA-256 of each photo that a descriptor table covers, by id.

    Raises:
        PoolError: it is missing or damaged.
    """

    def read(table: Any) -> dict[str, str]:
        rows = read_rows(table, range(table.count_rows()), ["id", "image_sha256"])
        return dict(zip(rows["id"].to_pylist(), rows["image_sha256"].to_pylist(), strict=True))

    return _read(path, read)


def _read(path: Path, read: Callable[[Any], Result]) -> Result:
    """Open a table and read it, saying in the error that it is safe to delete.

    A writer may merge the files of an opened version into newer ones at any moment: it is opened
    again for every attempt.
    """

    def attempt() -> Result:
        with errors_of(path, "read"):
            return read(open_table(path))

    try:
        return persistently(attempt)
    except PoolError as error:
        raise PoolError(f"{error}; delete {path}, it is computed anew when needed") from error


def _schema(dim: int, dtype: DTypeLike) -> pa.Schema:
    return pa.schema(
        [
            pa.field("id", pa.string(), nullable=False),
            ("image_sha256", pa.string()),
            ("crc32", pa.uint32()),
            ("descriptor", pa.list_(pa.from_numpy_dtype(dtype), dim)),
        ]
    )
