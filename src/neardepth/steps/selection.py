"""Step 4, drop outliers: keep the neighbours that are alike enough."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Selection(NamedTuple):
    """Which neighbours are fused."""

    kept: NDArray[np.bool_]
    """K, True for each neighbour that is kept."""
    low_confidence: bool
    """True where no neighbour passed the threshold and the best one was kept all the same."""


def select(correlations: NDArray[np.float32], threshold: float) -> Selection:
    """Keep the neighbours whose correlation is above the threshold, or else the best one.

    Args:
        correlations: K ≥ 1, one query's neighbours.
        threshold: the paper's is 0.50; the comparison is strict, as in the paper.

    Raises:
        ValueError: there is no neighbour at all.
    """
    if not len(correlations):
        raise ValueError("no neighbour to select from")
    kept = correlations > threshold
    low_confidence = not bool(kept.any())
    if low_confidence:
        kept[np.argmax(correlations)] = True
    return Selection(kept, low_confidence)


def select_near_best(correlations: NDArray[np.float32], threshold: float) -> Selection:
    """Keep the neighbours that are nearly as alike as the best one: as many as there are.

    Args:
        correlations: K ≥ 1, one query's neighbours.
        threshold: share of the best correlation that others must pass.

    Raises:
        ValueError: there is no neighbour at all.
    """
    return select(correlations, threshold * float(max(correlations, default=0)))


SELECTIONS: dict[str, Callable[[NDArray[np.float32], float], Selection]] = {
    "above": select,
    "near-best": select_near_best,
}


def members(
    clusters: NDArray[np.intp],
    found: NDArray[np.intp],
    likeness: NDArray[np.float32],
    excluded: NDArray[np.bool_],
) -> NDArray[np.intp]:
    """Return as many pool images of the clusters that most of the neighbours are in, best first.

    Clusters are taken by the number of neighbours in them, until half of the neighbours are.

    Args:
        clusters: N, the number of each pool image's cluster.
        found: K neighbours.
        likeness: N, how alike each pool image is.
        excluded: N, True where a pool image must not be used.
    """
    numbers, votes = np.unique(clusters[found], return_counts=True)
    order = np.argsort(-votes, kind="stable")
    enough = int(np.searchsorted(np.cumsum(votes[order]), len(found) / 2)) + 1
    inside = np.flatnonzero(np.isin(clusters, numbers[order[:enough]]) & ~excluded)
    return inside[np.argsort(-likeness[inside], kind="stable")][: len(found)]
