"""Step 5, fuse: combine the neighbours' depth maps pixel by pixel.

Every function takes K depth maps as K×H×W float32 metres with NaN where unknown, and K positive
weights. A pixel is fused from the neighbours that know it; what none knows is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Depths = NDArray[np.float32]
Fusion = Callable[[Depths, NDArray[np.float32]], Depths]


def weighted_mean(depths: Depths, weights: NDArray[np.float32]) -> Depths:
    """Eq. 2 of the paper, ``D = Σ C_i D_i / Σ C_i``, over the neighbours that know the pixel.

    Args:
        depths: K×H×W metres.
        weights: K, the correlations C_i.

    Returns:
        H×W metres.
    """
    weights = _checked(depths, weights)
    total = np.tensordot(weights, depths, axes=1)
    if not np.isnan(total).any():
        return np.asarray(total / weights.sum(), np.float32)
    known = ~np.isnan(depths)
    total = np.tensordot(weights, np.where(known, depths, np.float32(0)), axes=1)
    share = np.tensordot(weights, known.astype(np.float32), axes=1)
    return np.divide(total, share, out=np.full_like(total, np.nan), where=share > 0)


def log_mean(depths: Depths, weights: NDArray[np.float32]) -> Depths:
    """Weighted mean of log depth: errors of scale are multiplicative, and REL punishes the far.

    Arguments and result as for `weighted_mean`.
    """
    return np.exp(weighted_mean(np.log(depths), weights))


def weighted_median(depths: Depths, weights: NDArray[np.float32]) -> Depths:
    """Depth at which half of the weight is nearer and half is farther.

    Where the halves meet exactly between two depths their mean is taken, so that equal weights
    give the plain median. Arguments and result as for `weighted_mean`; weights may differ from
    pixel to pixel, K×H×W.
    """
    weights = _checked(depths, weights)
    # Sorting is several times faster where a pixel's depths lie side by side.
    values = np.ascontiguousarray(np.moveaxis(depths, 0, -1))
    if (weights == weights.flat[0]).all():
        values.sort(axis=-1)  # NaN sorts last
        count = np.count_nonzero(np.isfinite(values), axis=-1)[..., None]
        lower, upper = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(depths) - 1)
    else:
        order = np.argsort(values, axis=-1)
        values = np.take_along_axis(values, order, axis=-1)
        each = np.moveaxis(weights, 0, -1)
        each = each[order] if weights.ndim == 1 else np.take_along_axis(each, order, axis=-1)
        mass = np.where(np.isnan(values), np.float32(0), each)
        below = np.cumsum(mass, axis=-1, dtype=np.float64)
        half = below[..., -1:] / 2
        tolerance = 1e-6 * half
        lower = np.argmax(below >= half - tolerance, axis=-1)[..., None]
        upper = np.argmax(below > half + tolerance, axis=-1)[..., None]
    pick = np.take_along_axis
    return np.asarray((pick(values, lower, axis=-1) + pick(values, upper, axis=-1))[..., 0] / 2)


FUSIONS: dict[str, Fusion] = {
    "weighted-mean": weighted_mean,
    "weighted-median": weighted_median,
    "log-mean": log_mean,
}


def spread(depths: Depths, weights: NDArray[np.float32], fused: Depths) -> Depths:
    """Weighted deviation of the neighbours' depth from the fused: how far they disagree.

    Args:
        depths: K×H×W metres.
        weights: K positive weights.
        fused: H×W metres.

    Returns:
        H×W metres, the root of the weighted mean square; NaN where fewer than two neighbours know
        the pixel. Not calibrated: it tells where the neighbours disagree, not how far off they are.
    """
    variance = weighted_mean((depths - fused) ** 2, weights)
    few = np.count_nonzero(~np.isnan(depths), axis=0) < 2
    return np.where(few, np.float32(np.nan), np.sqrt(variance))


def _checked(depths: Depths, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    weights = np.asarray(weights, np.float32)
    fitting = weights.shape in (depths.shape[:1], depths.shape)
    if depths.ndim != 3 or not fitting or not (weights > 0).all():
        raise ValueError(f"{depths.shape} depth maps need as many positive weights, not {weights}")
    return weights
