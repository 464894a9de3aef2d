"""What a pool's depth maps are like as a whole: their mean, and which photos are alike in depth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.linalg import eigh

from neardepth.imaging.resize import resize_depth
from neardepth.pool import Pool
from neardepth.steps.combination import learn_shares
from neardepth.steps.dense import CELLS

_AT_ONCE = 64  # depth maps decoded together
_LEARNERS = 400  # pool images that shares are learned from; four numbers need no more
_COMPONENTS = 64  # of descriptors, that clusters are found in
_ROUNDS = 20


class Structure:
    """The pool's depth maps on 30×40 cells; read when first needed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @cached_property
    def log_depth(self) -> NDArray[np.float32]:
        """N×30×40, NaN where unknown, in the order of ``pool.ids``."""
        maps = np.empty((len(self._pool), *CELLS), np.float32)
        for start in range(0, len(maps), _AT_ONCE):
            ids = self._pool.ids[start : start + _AT_ONCE]
            for offset, depth in enumerate(self._pool.depths(ids)):
                maps[start + offset] = resize_depth(np.log(depth), CELLS)
        return maps

    def mean(self, excluded: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the mean of the depth maps of those that are not excluded, 30×40 metres."""
        maps = np.exp(self.log_depth[~excluded])
        known = np.isfinite(maps)
        total, count = np.where(known, maps, 0).sum(axis=0), known.sum(axis=0)
        unknown = np.full(CELLS, np.nan, np.float32)
        return np.asarray(np.divide(total, count, out=unknown, where=count > 0))

    def shares(self, tables: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Learn from the pool how much each descriptor says about depth; see `learn_shares`."""
        rows = self._ordered(np.linspace(0, len(self._pool) - 1, _LEARNERS).astype(int))
        return learn_shares([table[rows] for table in tables], self.log_depth[rows])

    def clusters(self, vectors: NDArray[np.float32], size: int) -> NDArray[np.intp]:
        """Divide the pool into clusters of alike photos by k-means.

        Args:
            vectors: N×D, whose inner products say how alike photos are.
            size: images of a cluster, on average.

        Returns:
            N: the number of each image's cluster.
        """
        order = self._ordered(np.arange(len(self._pool)))
        count = len(order)
        span = [max(0, count - _COMPONENTS), count - 1]
        values, axes = eigh(vectors[order] @ vectors[order].T, subset_by_index=span)
        codes = axes * np.sqrt(np.maximum(values, 0))
        _, labels = kmeans2(
            codes, max(1, round(count / size)), _ROUNDS, minit="++", rng=np.random.default_rng(0)
        )
        found = np.empty(count, np.intp)
        found[order] = labels
        return found

    def _ordered(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return rows by the order of their ids: that of the pool depends on its history."""
        order = np.argsort(np.array(self._pool.ids))
        return np.unique(order[np.unique(places)])
