"""Comparing a source with a pool: which pairs are new, and which differ from what is there."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from neardepth.datasets.pair import PairRef, Source
from neardepth.imaging.depthmaps import decode_depth
from neardepth.pool.pipeline import read_ahead
from neardepth.pool.schema import sha256
from neardepth.pool.store import Pool


def new_pairs(pool: Pool, source: Source) -> tuple[list[PairRef], list[tuple[str, str]]]:
    """Return the pairs that the pool lacks, and those that differ from what it has.

    Pairs that are there are read only where their files have changed since the pool was created.
    """
    columns = ["id", "image_bytes", "depth_bytes"]
    sizes = {row["id"]: row for row in pool.table(columns).to_pylist()} if len(pool) else {}
    created = _created(pool)
    new: list[PairRef] = []
    doubtful: list[PairRef] = []
    changed: list[tuple[str, str]] = []
    seen: set[str] = set()
    for ref in source.pairs:
        size = sizes.get(ref.id)
        if ref.id in seen:
            changed.append((ref.id, f"{ref.id} is twice in {source.name}; the first one is used"))
        elif size is None:
            new.append(ref)
        elif ref.image_bytes not in (None, size["image_bytes"]):
            changed.append((ref.id, _differs(pool, "photo", ref.id)))
        elif ref.depth_bytes not in (None, size["depth_bytes"]):
            changed.append((ref.id, _differs(pool, "depth map", ref.id)))
        elif ref.changed is not None and ref.changed >= created:
            doubtful.append(ref)
        seen.add(ref.id)

    def compare(ref: PairRef) -> str | None:
        return _difference(pool, ref)

    for ref, difference in read_ahead(compare, doubtful, 4):
        if difference is not None:
            changed.append((ref.id, str(difference)))
    return new, changed


def _created(pool: Pool) -> float:
    """When a pool was made, seconds since the epoch; 0 where it does not say."""
    try:
        return datetime.fromisoformat(pool.settings["created"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return 0.0


def _difference(pool: Pool, ref: PairRef) -> str | None:
    """Read a pair anew and say what differs from the pair that the pool has."""
    pair, record = ref.load(), pool.records[ref.id]
    if sha256(pair.image) != record.image_sha256:
        return _differs(pool, "photo", ref.id)
    known = sha256(pair.depth.data) == record.depth_sha256 and pair.depth.unit == record.depth_unit
    if known or np.array_equal(  # compressed by another version, it may be the same
        decode_depth(pair.depth.data, pair.depth.unit, ref.id), pool.depth(ref.id), equal_nan=True
    ):
        return None
    return _differs(pool, "depth map", ref.id)


def _differs(pool: Pool, what: str, pair_id: str) -> str:
    return (
        f"{pool.path} has another {what} as {pair_id}: remove that one first, or give the source "
        "another name"
    )
