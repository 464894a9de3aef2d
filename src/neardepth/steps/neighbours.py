"""Step 3, find neighbours: exact k-nearest search by Pearson correlation of descriptors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def standardise(descriptors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Subtract each descriptor's own mean and divide by its norm.

    The inner product of two standardised descriptors is their Pearson correlation, so exact
    search is one matrix product. A constant descriptor has no correlation: it becomes zero.

    Args:
        descriptors: N×D, float32.

    Returns:
        N×D, float32.
    """
    mean = descriptors.mean(axis=1, keepdims=True, dtype=np.float64)
    centred: NDArray[np.float32] = descriptors - mean.astype(np.float32)
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    # Rounding leaves a constant descriptor not quite at zero: its direction would be noise.
    noise = np.finfo(np.float32).eps * np.abs(mean) * descriptors.shape[1]
    constant = norm <= noise
    np.divide(centred, norm, out=centred, where=~constant)
    centred[constant[:, 0]] = 0
    return centred


def correlate(
    queries: NDArray[np.float32], standardised_pool: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the Pearson correlation of each query descriptor with each of the pool's.

    Args:
        queries: Q×D raw descriptors.
        standardised_pool: N×D, as `standardise` returns it.

    Returns:
        Q×N correlations in −1…1, float32.
    """
    standardised = standardise(queries)
    if len(standardised) == 1:  # a matrix-vector product reads the pool once, at memory speed
        return np.asarray(standardised_pool @ standardised[0])[None]
    return np.asarray(standardised @ standardised_pool.T)


def nearest(
    correlations: NDArray[np.float32], k: int, excluded: NDArray[np.bool_] | None = None
) -> NDArray[np.intp]:
    """Return the indices of the ``k`` most correlated pool images, best first.

    Equal correlations keep the pool's order. Fewer than ``k`` are returned where fewer remain.

    Args:
        correlations: N, one query's correlation with each pool image.
        k: how many to return.
        excluded: N, True where a pool image must not be used: the query itself in
            leave-one-out, its whole scene in scene-disjoint leave-one-out.
    """
    candidates = np.arange(len(correlations))
    if excluded is not None:
        candidates = candidates[~excluded]
    if len(candidates) > k:
        values = correlations[candidates]
        worst = np.partition(values, len(values) - k)[len(values) - k]
        candidates = candidates[values >= worst]
    order = np.argsort(-correlations[candidates], kind="stable")
    return candidates[order[:k]]
