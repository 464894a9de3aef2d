"""How much each of several descriptors counts, learned from a pool's own depth maps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from neardepth.steps.neighbours import standardise

_STEPS = 4  # parts that a unit of weight is handed out in
_NEIGHBOURS = 10  # whose mean is the estimate that shares are judged by


def learn_shares(
    descriptors: Sequence[NDArray[np.float32]], log_depth: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Learn the shares of the descriptors at which the nearest images are most alike in depth.

    Every way of handing out four quarters of weight is tried: correlations of each kind, divided by
    their deviation over the pool, are added up, and each image's log depth is estimated by the mean
    of its ten nearest others. The way of least mean absolute error wins.

    Args:
        descriptors: N×D of each kind, of the same images.
        log_depth: N×rows×columns, NaN where unknown.

    Returns:
        Kinds: what to multiply correlations by; the shares sum to 1.
    """
    maps = log_depth.reshape(len(log_depth), -1)
    known = np.isfinite(maps).astype(np.float32)
    filled = np.where(known > 0, maps, 0)
    scaled = [_scaled(rows) for rows in map(standardise, descriptors)]
    ways = [way for way in product(range(_STEPS + 1), repeat=len(scaled)) if sum(way) == _STEPS]
    best = min(ways, key=lambda way: _error(way, [s for s, _ in scaled], maps, filled, known))
    shares = np.array([part / scale for part, (_, scale) in zip(best, scaled, strict=True)])
    return np.asarray(shares / shares.sum())


def _scaled(rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Return correlations divided by their deviation, N×N, and that deviation."""
    correlations = rows @ rows.T
    apart = correlations[np.triu_indices(len(rows), 1)]
    scale = float(apart.std()) if len(apart) > 1 else 0.0
    return correlations / (scale or 1.0), scale or 1.0


def _error(
    way: Sequence[int],
    scaled: Sequence[NDArray[np.float32]],
    maps: NDArray[np.float32],
    filled: NDArray[np.float32],
    known: NDArray[np.float32],
) -> float:
    """Return how far the mean of the nearest others is off, of log depth; ∞ where none knows."""
    likeness = sum(part * correlations for part, correlations in zip(way, scaled, strict=True))
    likeness = np.array(likeness)
    np.fill_diagonal(likeness, -np.inf)
    order = np.argsort(-likeness, axis=1, kind="stable")[:, : min(_NEIGHBOURS, len(maps) - 1)]
    chosen = np.zeros_like(likeness)
    np.put_along_axis(chosen, order, 1, axis=1)
    count = chosen @ known
    estimate = np.divide(chosen @ filled, count, out=np.full_like(filled, np.nan), where=count > 0)
    apart = np.abs(estimate - maps)
    return float(np.nanmean(apart)) if np.isfinite(apart).any() else np.inf
