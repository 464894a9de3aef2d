"""Kernel ridge regression with its closed forms for leaving groups out.

With the kernel matrix K of n training inputs and targets Y less their mean, the prediction for
kernel values k is ``kᵀ (K + λI)⁻¹ Y``. Leaving out a group g of the training inputs, the
prediction for g itself needs no new solve: ``Y_g − ((A⁻¹)_gg)⁻¹ (A⁻¹Y)_g`` with ``A = K + λI``
(block form of the inverse; G. C. Cawley, N. L. C. Talbot, *Fast exact leave-one-out
cross-validation of sparse least-squares support vector machines*, 2004).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def rational_quadratic(squared: Matrix, width: float) -> Matrix:
    """Return ``(1 + width · squared / 2)⁻²``, in place: the rational quadratic kernel of order 2.

    A mixture of Gaussian kernels of all widths around ``width`` (C. Rasmussen, C. Williams,
    *Gaussian Processes for Machine Learning*, 2006, 4.2.1): far neighbours still count a little.
    """
    squared *= np.float32(width / 2)
    squared += 1
    squared *= squared
    return np.reciprocal(squared, out=squared)


def inverse(kernel: Matrix, ridge: float) -> Matrix:
    """Return ``(K + ridge·I)⁻¹``, n×n; ``kernel`` is overwritten.

    Raises:
        numpy.linalg.LinAlgError: the matrix is not positive definite.
    """
    kernel[np.diag_indices_from(kernel)] += np.float32(ridge)
    # In Fortran's order LAPACK works in place: at 6,000 inputs a copy takes 150 MB.
    factor, failed = scipy.linalg.lapack.spotrf(kernel.T, lower=1, overwrite_a=1, clean=1)
    if failed:
        raise np.linalg.LinAlgError("the kernel matrix is not positive definite")
    lower, _ = scipy.linalg.lapack.spotri(factor, lower=1, overwrite_c=1)
    upper = lower.T  # the lower triangle in Fortran's order is the upper one in C's
    _mirror(upper)
    return np.ascontiguousarray(upper)


def _mirror(upper: Matrix, block: int = 512) -> None:
    """Copy the upper triangle into the lower one, block by block."""
    n = len(upper)
    for start in range(0, n, block):
        end = min(start + block, n)
        square = upper[start:end, start:end]
        square[:] = np.triu(square) + np.triu(square, 1).T
        upper[end:, start:end] = upper[start:end, end:].T


def left_out(
    inverse: Matrix, weights: Matrix, targets: Matrix, groups: Sequence[NDArray[np.intp]]
) -> Matrix:
    """Predict each group from all inputs outside it.

    Args:
        inverse: n×n, as `inverse` returns it.
        weights: n×C, ``inverse @ targets``.
        targets: n×C.
        groups: rows of each group, no row in two of them; rows in none are not predicted.

    Returns:
        n×C.
    """
    predictions = np.full_like(targets, np.nan)
    for rows in groups:
        block = inverse[np.ix_(rows, rows)].astype(np.float64)
        predictions[rows] = targets[rows] - np.linalg.solve(block, weights[rows])
    return predictions
