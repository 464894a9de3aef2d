"""The pictures behind an answer, read only when somebody looks at them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from neardepth.datasets.pair import PairRef, Source
from neardepth.imaging.depthmaps import decode_depth
from neardepth.imaging.panels import Pictures
from neardepth.imaging.photos import decode_photo
from neardepth.kernel.shared import SharedModel
from neardepth.pool import Pool
from neardepth.result import Evidence, Neighbour


def pool_evidence(pool: Pool, ids: Sequence[str]) -> Callable[[], Evidence]:
    """Photos and depth maps of pool images."""

    def read() -> Evidence:
        photos = [pool.photo(pair_id).image for pair_id in ids]
        return list(zip(photos, pool.depths(ids), strict=True))

    return read


def prior_evidence(
    pool: Pool | None,
    shared: SharedModel,
    frames: Source | None,
    neighbours: Sequence[Neighbour],
) -> Callable[[], Evidence]:
    """Photos and depth maps of pool images, and of a model's own where ``frames`` has them."""

    def pictures(name: str) -> Pictures | None:
        if pool is not None and name in pool:
            return pool.photo(name).image, pool.depth(name)
        ref = _find(frames, name.removeprefix(f"{shared.name}:"))
        if ref is None:
            return None
        pair = ref.load()
        depth = decode_depth(pair.depth.data, pair.depth.unit, pair.id)
        return decode_photo(pair.image, pair.id).image, depth

    return lambda: [pictures(neighbour.id) for neighbour in neighbours]


def _find(frames: Source | None, pair_id: str) -> PairRef | None:
    """Find a pair by its id, or by set and number: "nyuv2-train/0045" is "nyuv2/0045"."""
    pairs = () if frames is None else frames.pairs
    number = _number(pair_id)
    return next(
        (ref for ref in pairs if ref.id == pair_id),
        next((ref for ref in pairs if number and _number(ref.id) == number), None),
    )


def _number(pair_id: str) -> tuple[str, str] | None:
    found = re.match(r"([^-/]+)[^/]*/(?:.*\D)?0*(\d+)$", pair_id)
    return (found.group(1), found.group(2)) if found else None
