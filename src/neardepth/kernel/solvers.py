"""Kernel ridge regression of a pool's views: exact for small pools, Nyström's way for large ones.

With n views and m centres drawn from them, Nyström's approximation regresses on the features
``Φ = K_nm L⁻ᵀ`` where ``K_mm = L Lᵀ`` (C. Williams, M. Seeger, *Using the Nyström Method to Speed
Up Kernel Machines*, 2001). With every view a centre it is the exact solution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neardepth.steps.ridge import gaussian, inverse, left_out, squared_distances

Matrix = NDArray[np.float32]
Groups = Sequence[NDArray[np.intp]]

LARGEST = 6400
"""Views that are solved for exactly; their matrix takes 164 MB."""
CENTRES = 4096
"""Views that a larger pool's regression is spanned by."""


class Solver(Protocol):
    """From the targets of n views to the weights of m centres."""

    centres: NDArray[np.intp]
    """m: which views they are."""

    def solve(self, targets: Matrix) -> Matrix:
        """Return m×R weights for n×R targets."""

    def left_out(self, targets: Matrix, groups: Groups) -> Matrix:
        """Predict each group of views from all views outside it, n×R; see `steps.ridge`."""

    def shares(self, views: int) -> Matrix:
        """Return (n/views)×m: the weight of each run of views per centre's kernel value."""


def make_solver(codes: Matrix, width: float, ridge: float) -> Solver:
    """Set up the regression on n×P codes; ``width`` and ``ridge`` as in `steps.ridge`."""
    if len(codes) <= LARGEST:
        return _Exact(codes, width, ridge)
    return _Nystrom(codes, width, ridge)


class _Exact:
    def __init__(self, codes: Matrix, width: float, ridge: float) -> None:
        self.centres = np.arange(len(codes))
        self._inverse = inverse(gaussian(squared_distances(codes, codes), width), ridge)

    def solve(self, targets: Matrix) -> Matrix:
        return self._inverse @ targets

    def left_out(self, targets: Matrix, groups: Groups) -> Matrix:
        return left_out(self._inverse, self.solve(targets), targets, groups)

    def shares(self, views: int) -> Matrix:
        return np.asarray(self._inverse.reshape(-1, views, len(self.centres)).sum(axis=1))


class _Nystrom:
    """Holds ``Z = Φ C⁻¹`` with ``ΦᵀΦ + ridge·I = Cᵀ C``: then the hat matrix is ``Z Zᵀ``."""

    def __init__(self, codes: Matrix, width: float, ridge: float) -> None:
        random = np.random.default_rng(0)
        self.centres = np.sort(random.permutation(len(codes))[:CENTRES])
        chosen = codes[self.centres]
        own = gaussian(squared_distances(chosen, chosen), width)
        own[np.diag_indices_from(own)] += np.float32(_JITTER)
        self._lower = scipy.linalg.cholesky(own, lower=True, overwrite_a=True)
        kernel = gaussian(squared_distances(codes, chosen), width)
        features = _right_solve(kernel, self._lower.T)
        square = scipy.linalg.blas.ssyrk(1.0, features.T)
        square[np.diag_indices_from(square)] += np.float32(ridge)
        self._upper = scipy.linalg.cholesky(square, lower=False, overwrite_a=True)
        self._z = _right_solve(features, self._upper)

    def solve(self, targets: Matrix) -> Matrix:
        return self._to_centres(self._z.T @ targets)

    def left_out(self, targets: Matrix, groups: Groups) -> Matrix:
        fitted = self._z @ (self._z.T @ targets)
        predictions = np.full_like(targets, np.nan)
        for rows in groups:
            # Of the group's error with it, by (I − H)⁻¹, its error without it.
            hat = self._z[rows] @ self._z[rows].T
            rest = np.eye(len(rows)) - hat
            error = (targets[rows] - fitted[rows]).astype(np.float64)
            predictions[rows] = targets[rows] - scipy.linalg.solve(rest, error, assume_a="pos")
        return predictions

    def shares(self, views: int) -> Matrix:
        pairs = self._z.reshape(-1, views, len(self.centres)).sum(axis=1)
        return np.asarray(np.ascontiguousarray(self._to_centres(pairs.T).T))

    def _to_centres(self, values: Matrix) -> Matrix:
        inner = scipy.linalg.solve_triangular(self._upper, values)
        outer = scipy.linalg.solve_triangular(self._lower, inner, lower=True, trans="T")
        return np.asarray(outer, np.float32)


_JITTER = 1e-3  # of the kernel's 1 at distance 0: centres may coincide


def _right_solve(left: Matrix, upper: Matrix) -> Matrix:
    """Return ``left · upper⁻¹``."""
    solved = scipy.linalg.solve_triangular(upper, left.T, trans="T", overwrite_b=True)
    return np.asarray(solved.T, np.float32, order="C")
