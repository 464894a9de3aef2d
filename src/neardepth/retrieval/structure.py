"""What a pool is like as a whole: its mean depth map, its clusters, what its descriptors tell."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_depth
from neardepth.pool import Pool, Progress
from neardepth.steps.combination import learn_shares
from neardepth.steps.dense import CELLS

_AT_ONCE = 64  # depth maps decoded together
_LEARNERS = 400  # pool images that shares are learned from; a few numbers need no more
_DIRECTIONS = 512  # random ones that descriptors are projected on before they are clustered
_ROUNDS = 20


class MeanDepth:
    """The mean of a pool's depth maps on 30×40 cells, without any of them."""

    def __init__(self, pool: Pool, progress: Progress | None) -> None:
        self._maps = np.exp(_log_depth(pool, range(len(pool)), progress))
        self._known = np.isfinite(self._maps)
        self._maps[~self._known] = 0
        self._total, self._count = self._maps.sum(axis=0), self._known.sum(axis=0)

    def without(self, excluded: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Return the mean of those that are not excluded (N), 30×40 metres, NaN where unknown."""
        total = self._total - self._maps[excluded].sum(axis=0)
        count = self._count - self._known[excluded].sum(axis=0)
        unknown = np.full(CELLS, np.nan, np.float32)
        return np.asarray(np.divide(total, count, out=unknown, where=count > 0))


def shares_of(
    pool: Pool, tables: Sequence[NDArray[np.float32]], progress: Progress | None
) -> NDArray[np.float64]:
    """Learn from a pool how much each descriptor says about depth; see `learn_shares`.

    Args:
        pool: N pairs.
        tables: N×D of each descriptor.
        progress: told how many depth maps were read.
    """
    rows = np.unique(np.linspace(0, len(pool) - 1, _LEARNERS).astype(int))
    return learn_shares(
        [table[rows] for table in tables], _log_depth(pool, rows.tolist(), progress)
    )


def clusters_of(vectors: NDArray[np.float32], size: int) -> NDArray[np.intp]:
    """Divide a pool into clusters of alike photos by k-means, the same each time.

    Args:
        vectors: N×D, whose inner products say how alike photos are.
        size: images of a cluster, on average.

    Returns:
        N: the number of each image's cluster.
    """
    from scipy.cluster.vq import kmeans2  # takes half a second to import

    random = np.random.default_rng(0)
    directions = random.standard_normal((vectors.shape[1], _DIRECTIONS), np.float32)
    codes = vectors @ directions / np.float32(_DIRECTIONS**0.5)
    count = max(1, round(len(codes) / size))
    with warnings.catch_warnings(), np.errstate(invalid="ignore", divide="ignore"):
        warnings.simplefilter("ignore")  # equal photos leave clusters empty, which does no harm
        _, labels = kmeans2(codes, count, _ROUNDS, minit="++", rng=random)
    return np.asarray(labels, np.intp)


def _log_depth(pool: Pool, rows: Sequence[int], progress: Progress | None) -> NDArray[np.float32]:
    """Read depth maps of a pool: rows×30×40, logarithm of metres, NaN where unknown."""
    maps = np.empty((len(rows), *CELLS), np.float32)
    for start in range(0, len(rows), _AT_ONCE):
        ids = [pool.ids[row] for row in rows[start : start + _AT_ONCE]]
        for offset, depth in enumerate(pool.depths(ids), start=start):
            maps[offset] = resize_depth(np.log(depth), CELLS)
        if progress is not None:
            progress(min(start + _AT_ONCE, len(rows)), len(rows))
    return maps
