"""Finding what is wrong with a pool: damage, duplicates and implausible pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from neardepth.datasets.pair import RgbdPair
from neardepth.errors import NearDepthError, PoolError
from neardepth.imaging.depthmaps import decode_depth
from neardepth.imaging.photos import decode_photo
from neardepth.pool.descriptors import (
    DescriptorColumn,
    list_column_paths,
    load_descriptors,
    read_column,
)
from neardepth.pool.pipeline import Progress, read_ahead
from neardepth.pool.schema import PairRecord, same_aspect, sha256, size
from neardepth.pool.store import DESCRIPTORS, Pool
from neardepth.steps.neighbours import correlate, standardise

NEAR_DUPLICATE = 0.999
"""Correlation of descriptors from which two photos count as nearly the same."""

FLAT = 0.01
"""A depth map that spans less than this share of its median is flat."""

FEW_KNOWN = 0.01
PLAUSIBLE_MEDIAN = (0.1, 200.0)
"""Metres."""

PLAUSIBLE_MAX = 1000.0
"""Metres."""

_LIKELY_MEDIAN = (0.3, 80.0)
_COMMON_SCALES = (1000, 256, 5000, 4000, 100, 10_000, 65_535, 1)
_BLOCK = 256


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a pair, or with the whole pool where ``id`` is None."""

    id: str | None
    kind: str
    """damaged, duplicate, near-duplicate, flat, implausible, mismatch, few-known, no-descriptor."""
    message: str


def check_pool(pool: Pool, progress: Progress | None = None) -> list[Finding]:
    """Read everything in a pool and list what is wrong, pair by pair, then of the whole.

    Args:
        pool: an open pool.
        progress: told the number of pairs read and in all.

    Returns:
        Empty where all is well.
    """
    report: Callable[[int, int], None] = progress or (lambda done, total: None)
    findings: list[Finding] = []

    def examine(pair_id: str) -> list[Finding]:
        pair, record = pool.entry(pair_id)
        return [*_damage(pair, record), *_implausible(record)]

    for done, (pair_id, result) in enumerate(read_ahead(examine, pool.ids, 4), start=1):
        if isinstance(result, NearDepthError):
            findings.append(Finding(pair_id, "damaged", str(result)))
        else:
            findings += result
        report(done, len(pool))
    return findings + list(_duplicates(pool)) + list(_descriptors(pool))


def _damage(pair: RgbdPair, record: PairRecord) -> Iterator[Finding]:
    """Compare the stored files with their checksums, and decode them."""
    for what, data, expected in (
        ("photo", pair.image, record.image_sha256),
        ("depth map", pair.depth.data, record.depth_sha256),
    ):
        if sha256(data) != expected:
            yield Finding(
                pair.id,
                "damaged",
                f"the {what} of {pair.id} has changed on disk; remove the pair and add it anew",
            )
            return
    decode_photo(pair.image, pair.id)
    decode_depth(pair.depth.data, pair.depth.unit, pair.id)


def _implausible(record: PairRecord) -> Iterator[Finding]:
    """Judge a pair by what is known of it."""
    low, high = PLAUSIBLE_MEDIAN
    if not low <= record.depth_median <= high:
        yield Finding(
            record.id,
            "implausible",
            f"the median depth of {record.id} is {record.depth_median:.4g} m"
            + _likely_scale(record),
        )
    if record.depth_max > PLAUSIBLE_MAX:
        yield Finding(
            record.id,
            "implausible",
            f"the largest depth of {record.id} is {record.depth_max:.4g} m; mark what is unknown "
            "with 0 or NaN and add the pair anew",
        )
    if record.depth_max - record.depth_min < FLAT * record.depth_median:
        yield Finding(
            record.id,
            "flat",
            f"the depth of {record.id} is flat: {record.depth_min:.3f}–{record.depth_max:.3f} m",
        )
    if record.depth_known < FEW_KNOWN:
        yield Finding(
            record.id,
            "few-known",
            f"only {record.depth_known:.2%} of the depth map of {record.id} is known",
        )
    photo, depth = (record.height, record.width), (record.depth_height, record.depth_width)
    if record.depth_kind == "z" and not same_aspect(photo, depth):
        yield Finding(
            record.id,
            "mismatch",
            f"the photo of {record.id} is {size(photo)}, its depth map {size(depth)}: their "
            "aspect ratios differ",
        )


def _likely_scale(record: PairRecord) -> str:
    """Say which depth scale would make the median a likely one, the most common first."""
    counts = record.depth_median / record.depth_unit
    low, high = _LIKELY_MEDIAN
    for scale in _COMMON_SCALES:
        if low <= counts / scale <= high:
            return (
                f"; with a depth scale of {scale} counts per metre instead of "
                f"{1 / record.depth_unit:.6g} it would be {counts / scale:.2f} m"
            )
    return ""


def _duplicates(pool: Pool) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for pair_id, digest in pool.image_hashes.items():
        if digest in first:
            yield Finding(
                pair_id, "duplicate", f"the photo of {pair_id} is the same file as {first[digest]}"
            )
        else:
            first[digest] = pair_id


def _descriptors(pool: Pool) -> Iterator[Finding]:
    """Check every descriptor column, and look for near duplicates in the most complete one."""
    complete: tuple[int, DescriptorColumn] | None = None
    for path in list_column_paths(pool.path / DESCRIPTORS):
        try:
            column = read_column(path)
            descriptors, known = load_descriptors(path, pool.image_hashes, verify=True)
        except PoolError as error:
            yield Finding(None, "damaged", str(error))
            continue
        known &= np.isfinite(descriptors).all(axis=1)
        if not known.all():
            lacking = [pair_id for pair_id, have in zip(pool.ids, known, strict=True) if not have]
            yield Finding(None, "no-descriptor", _lacking(column, lacking))
        if complete is None or known.sum() > complete[0]:
            complete = int(known.sum()), column
    if complete is not None:
        yield from _near_duplicates(pool, complete[1])


def _lacking(column: DescriptorColumn, lacking: Sequence[str]) -> str:
    some = ", ".join(lacking[:3]) + (", …" if len(lacking) > 3 else "")
    return (
        f"{len(lacking)} pairs have no sound descriptor in {column.key} ({some}); if they are not "
        f"computed when needed, delete {column.path}"
    )


def _near_duplicates(pool: Pool, column: DescriptorColumn) -> Iterator[Finding]:
    """Compare all pairs of descriptors, a block of rows at a time."""
    descriptors, known = load_descriptors(column.path, pool.image_hashes)
    whole = descriptors[:, column.whole].astype(np.float32, copy=False)
    standardised = standardise(whole)
    hashes = list(pool.image_hashes.values())
    for start in range(0, len(whole), _BLOCK):
        block = correlate(whole[start : start + _BLOCK], standardised)
        for offset, earlier in zip(*np.nonzero(block >= NEAR_DUPLICATE), strict=True):
            row = start + int(offset)
            if earlier >= row or hashes[row] == hashes[earlier] or not known[[row, earlier]].all():
                continue
            yield Finding(
                pool.ids[row],
                "near-duplicate",
                f"the photo of {pool.ids[row]} is nearly that of {pool.ids[int(earlier)]} "
                f"(correlation {block[offset, earlier]:.4f})",
            )
