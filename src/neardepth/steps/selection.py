"""Step 4, drop outliers: keep the neighbours that are alike enough."""

from __future__ import annotations

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
