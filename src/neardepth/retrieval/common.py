"""What every kind of retrieval does with its pool."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import PoolError
from neardepth.pool import Pool

MAX_WORKING_SIDE = 640
"""Longest side of the grid that depth is fused and refined on, pixels.

RGB-D pools are of VGA size or so: a finer grid knows nothing more, and a 100-megapixel photo
would take gigabytes and minutes. The answer is resized to the photo.
"""


REFITTED = 30
"""Pairs of a pool below which leaving one out is a fit without it."""


def working_size(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Return height and width of the grid that depth is fused and refined on."""
    height, width = image.shape[:2]
    scale = min(1.0, MAX_WORKING_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def rows_of(pool: Pool, ids: Collection[str]) -> list[int]:
    """Look ids up, in the order of ``pool.ids``; a misspelt one would spoil a leave-one-out unseen.

    Raises:
        PoolError: an id is not in the pool.
    """
    if isinstance(ids, str):
        raise PoolError(f"ids to exclude come as a list, not as the text '{ids}'")
    unknown = [pair_id for pair_id in ids if pair_id not in pool]
    if unknown:
        raise PoolError(f"{pool.path} has no pair {unknown[0]} to exclude")
    row = pool.row_of
    return [row[pair_id] for pair_id in ids]


def facts_of(pool: Pool) -> dict[str, Any]:
    """Say which pool was used, in plain data."""
    return {
        "path": str(pool.path),
        "version": pool.version,
        "pairs": len(pool),
        "depth_kind": pool.depth_kind,
    }
