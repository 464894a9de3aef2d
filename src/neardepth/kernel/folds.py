"""Groups of a pool's pairs that are left out in turn, and metrics that never saw them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.metric import CODE, Metric, learn_metric, metric_bytes
from neardepth.kernel.targets import Targets
from neardepth.threads import in_threads

Matrix = NDArray[np.float32]

BLOCKS = 10
"""Runs of consecutive pairs that are left out in turn: neighbouring frames show one room."""
FOLD_IMAGES = 2
"""Of each pair that a fold's metric is learned from: fewer than the fit's, which is quick."""

_FOLDS = 5


class Fold(NamedTuple):
    """Some of N pairs, and a metric learned from the others."""

    own: NDArray[np.bool_]
    """N."""
    others: NDArray[np.bool_]
    """N: the pairs that the metric was learned from."""
    metric: Metric


def blocks_of(pairs: int) -> NDArray[np.intp]:
    """Return the block of each pair, in their natural order."""
    return np.arange(pairs) * min(BLOCKS, pairs) // max(pairs, 1)


def fold_metrics(
    components: Matrix, evens: int, targets: Targets, blocks: NDArray[np.intp]
) -> list[Fold]:
    """Learn a metric without each group of blocks; of a single pair, from itself.

    Args:
        components: N×images×P principal components.
        evens: how many of them are even; see `kernel.mirror`.
        targets: N pairs'.
        blocks: N.
    """
    owns = [blocks % _FOLDS == number for number in range(min(_FOLDS, blocks[-1] + 1))]

    def fold(own: NDArray[np.bool_]) -> Fold:
        others = ~own if len(blocks) > 1 else own
        some = targets._replace(coefficients=targets.coefficients[others, :FOLD_IMAGES])
        codes = components[others, :FOLD_IMAGES].reshape(-1, components.shape[2])
        return Fold(own, others, learn_metric(codes, evens, some.flat, some.evens, CODE))

    learned_from = max(int((~own).sum()) for own in owns) * min(FOLD_IMAGES, components.shape[1])
    return in_threads(fold, owns, metric_bytes(learned_from))
