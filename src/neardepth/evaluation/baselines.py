"""Baselines to stand beside every method: what is reached without looking at the photo."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import PoolError
from neardepth.evaluation.protocols import Query
from neardepth.imaging.resize import resize_depth

ReadDepth = Callable[[str], NDArray[np.float32]]
"""Gives the depth map (H×W metres, NaN where unknown) of an id, for example `Pool.depth`."""

KEPT_MEANS = 32


class MeanDepth:
    """Predicts the mean of the pool's depth maps, pixel by pixel, the query's exclusions left out.

    Args:
        ids: The pool's.
        read: Gives the depth map of an id; each is read once, and again when it is excluded.
        size: Grid (H, W) that all maps are resized to.
    """

    def __init__(self, ids: Sequence[str], read: ReadDepth, size: tuple[int, int]) -> None:
        self._ids = frozenset(ids)
        self._read = read
        self._size = size
        self._sum, self._count = self._add(ids)
        # Folds and scenes share their exclusions: each is worked out once.
        self._without = lru_cache(maxsize=KEPT_MEANS)(self._mean)

    def __call__(self, query: Query) -> NDArray[np.float32]:
        """Predict H×W metres, NaN where no map that may be used knows the pixel.

        Raises:
            PoolError: The query excludes the whole pool.
        """
        exclude = query.exclude & self._ids
        if exclude == self._ids:
            raise PoolError(f"nothing of the pool is left for {query.id}")
        return self._without(exclude)

    def _mean(self, exclude: frozenset[str]) -> NDArray[np.float32]:
        total, count = self._add(sorted(exclude))
        known = self._count - count
        mean = np.full(self._size, np.nan, np.float32)
        np.divide(self._sum - total, known, out=mean, where=known > 0, casting="same_kind")
        return mean

    def _add(self, ids: Iterable[str]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        total, count = np.zeros(self._size), np.zeros(self._size, np.int64)
        for pair_id in ids:
            depth = resize_depth(self._read(pair_id), self._size)
            known = np.isfinite(depth)
            np.add(total, depth, out=total, where=known)
            count += known
        return total, count


def random_neighbour(query: Query, ids: Iterable[str], seed: int = 0) -> str:
    """Draw the id of a pool image whose depth map is the prediction.

    The draw depends on the query's id, the seed and the pool only, not on the order of queries.

    Raises:
        PoolError: The query excludes the whole pool.
    """
    allowed = sorted(set(ids) - query.exclude)
    if not allowed:
        raise PoolError(f"nothing of the pool is left for {query.id}")
    dice = np.random.default_rng([seed, zlib.crc32(query.id.encode())])
    return allowed[int(dice.integers(len(allowed)))]
