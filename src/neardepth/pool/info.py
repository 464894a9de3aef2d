"""What a pool holds: pairs, sizes, sources, encoders and depth statistics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from neardepth.pool.descriptors import DescriptorColumn, load_described
from neardepth.pool.store import DESCRIPTORS, Pool


@dataclass(frozen=True)
class DepthStatistics:
    """Depth of a whole pool: metres, and the mean share of pixels that are known."""

    min: float
    median: float
    """Median of the maps' medians."""
    max: float
    known: float
    units: tuple[float, ...]
    """Metres per count of the stored depth maps."""


@dataclass(frozen=True)
class PoolInfo:
    """What a pool holds; sizes are bytes on disk."""

    path: Path
    pairs: int
    version: int
    format: int
    created_by: str
    created: str
    bytes_photos: int
    bytes_depth: int
    bytes_descriptors: int
    bytes_total: int
    sources: dict[str, int]
    """Pairs of each source."""
    splits: dict[str, int]
    scenes: int
    sizes: dict[str, int]
    """Photos of each size, "640×480" for instance, the most frequent first."""
    columns: tuple[tuple[DescriptorColumn, int], ...]
    """Each descriptor column with the number of pairs it covers."""
    encoder: str | None
    """Name of the encoder that was chosen for the pool, if any."""
    depth: DepthStatistics | None
    seconds_per_image: float | None
    """Of the last build or addition."""


def pool_info(pool: Pool) -> PoolInfo:
    """Sum up a pool.

    Raises:
        PoolError: the pool is damaged.
    """
    records = pool.records.values()
    settings = pool.settings
    last = settings.get("last_build")
    setting = pool.encoder_setting
    sizes = Counter(f"{record.width}×{record.height}" for record in records)
    columns = pool.descriptor_columns()
    return PoolInfo(
        path=pool.path,
        pairs=len(pool),
        version=pool.version,
        format=settings["format"],
        created_by=settings.get("created_by", "unknown"),
        created=settings.get("created", "unknown"),
        bytes_photos=sum(record.image_bytes for record in records),
        bytes_depth=sum(record.depth_bytes for record in records),
        bytes_descriptors=_bytes_below(pool.path / DESCRIPTORS),
        bytes_total=_bytes_below(pool.path),
        sources=dict(Counter(record.source for record in records)),
        splits=dict(Counter(record.split for record in records if record.split is not None)),
        scenes=len({record.scene for record in records if record.scene is not None}),
        sizes=dict(sizes.most_common()),
        columns=tuple((column, _coverage(pool, column)) for column in columns),
        encoder=setting["name"] if setting else None,
        depth=_depth(pool),
        seconds_per_image=last["seconds"] / last["pairs"] if last else None,
    )


def _depth(pool: Pool) -> DepthStatistics | None:
    records = list(pool.records.values())
    if not records:
        return None
    return DepthStatistics(
        min=min(record.depth_min for record in records),
        median=float(np.median([record.depth_median for record in records])),
        max=max(record.depth_max for record in records),
        known=float(np.mean([record.depth_known for record in records])),
        units=tuple(sorted({record.depth_unit for record in records})),
    )


def _coverage(pool: Pool, column: DescriptorColumn) -> int:
    described = load_described(column.path)
    return sum(described.get(pair_id) == digest for pair_id, digest in pool.image_hashes.items())


def _bytes_below(folder: Path) -> int:
    return sum(_bytes_of(path) for path in folder.rglob("*"))


def _bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except FileNotFoundError:  # a writer has just replaced it
        return 0
