"""Kernel ridge regression of a pool's images: exact for small pools, Nyström's way for large ones.

With n images and m centres drawn from them, Nyström's approximation regresses on the features
``Φ = K_nm L⁻ᵀ`` where ``K_mm = L Lᵀ`` (C. Williams, M. Seeger, *Using the Nyström Method to Speed
Up Kernel Machines*, 2001). With every image a centre it is the exact solution. Each image counts
together with its mirror image: see `kernel.mirror`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neardepth.kernel.mirror import Kernels, kernels
from neardepth.steps.ridge import inverse, left_out

Matrix = NDArray[np.float32]
Groups = Sequence[NDArray[np.intp]]

LARGEST = 4096
"""Images that are solved for exactly; their matrices take 134 MB."""
CENTRES = 4096
"""Images that a larger pool's regression is spanned by."""


class Half(Protocol):
    """The regression of even or of odd numbers: from n images' targets to m centres' weights."""

    def solve(self, targets: Matrix) -> Matrix:
        """Return m×R weights for n×R targets."""

    def left_out(self, targets: Matrix, groups: Groups) -> Matrix:
        """Predict each group of images from all outside it, n×R; see `steps.ridge`."""

    def shares(self, images: int) -> Matrix:
        """Return (n/images)×m: the weight of each run of images per centre's kernel value."""


class Solver:
    """From the targets of n images to the weights of m centres."""

    def __init__(self, even: Half, odd: Half, centres: NDArray[np.intp]) -> None:
        self._even, self._odd = even, odd
        self.centres = centres
        """m: which images they are."""

    def solve(self, targets: Matrix, evens: int) -> Matrix:
        """Return m×R weights for n×R targets, of which the first ``evens`` are even."""
        return np.concatenate(
            [self._even.solve(targets[:, :evens]), self._odd.solve(targets[:, evens:])], axis=1
        )

    def left_out(self, targets: Matrix, evens: int, groups: Groups) -> Matrix:
        """Predict each group of images, and their mirror images, from all outside it, n×R."""
        return np.concatenate(
            [
                self._even.left_out(targets[:, :evens], groups),
                self._odd.left_out(targets[:, evens:], groups),
            ],
            axis=1,
        )

    def shares(self, images: int) -> Matrix:
        """Return (n/images)×m: the weight of each run of images per centre's even kernel value.

        Mirror images included: of a run's even and odd depth alike this is the share.
        """
        return self._even.shares(images)


def make_solver(codes: Matrix, evens: int, width: float, ridge: float) -> Solver:
    """Set up the regression on n×P codes; ``evens`` as in `mirror`, the others as in `ridge`.

    It holds half a dozen matrices at a time, of 10,000 images of 164 MB each: see `solver_bytes`.
    """
    if len(codes) <= LARGEST:
        return exact_solver(kernels(codes, codes, evens, width), ridge)
    random = np.random.default_rng(0)
    centres = np.sort(random.permutation(len(codes))[:CENTRES])
    chosen = codes[centres]
    own = kernels(chosen, chosen, evens, width)
    every = kernels(codes, chosen, evens, width)
    return Solver(
        _Nystrom(every.even, own.even, ridge), _Nystrom(every.odd, own.odd, ridge), centres
    )


def solver_bytes(images: int) -> int:
    """Return about how many bytes are held while the regression on so many images is set up."""
    return 6 * 4 * images * min(images, CENTRES)


def exact_solver(values: Kernels, ridge: float) -> Solver:
    """Set up the regression on all images; ``values`` are n×n and overwritten."""
    even, odd = (_Exact(inverse(part, ridge)) for part in values)
    return Solver(even, odd, np.arange(len(values.even)))


class _Exact:
    def __init__(self, inverted: Matrix) -> None:
        self._inverse = inverted

    def solve(self, targets: Matrix) -> Matrix:
        return self._inverse @ targets

    def left_out(self, targets: Matrix, groups: Groups) -> Matrix:
        return left_out(self._inverse, self.solve(targets), targets, groups)

    def shares(self, images: int) -> Matrix:
        return np.asarray(self._inverse.reshape(-1, images, len(self._inverse)).sum(axis=1))


class _Nystrom:
    """Holds ``Z = Φ C⁻¹`` with ``ΦᵀΦ + ridge·I = Cᵀ C``: then the hat matrix is ``Z Zᵀ``."""

    def __init__(self, kernel: Matrix, own: Matrix, ridge: float) -> None:
        own[np.diag_indices_from(own)] += np.float32(_JITTER)
        self._lower = scipy.linalg.cholesky(own, lower=True, overwrite_a=True)
        features = _right_solve(kernel, self._lower.T)
        square = features.T @ features
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
            predictions[rows] = targets[rows] - np.linalg.solve(rest, error)
        return predictions

    def shares(self, images: int) -> Matrix:
        runs = self._z.reshape(-1, images, len(self._lower)).sum(axis=1)
        return np.asarray(np.ascontiguousarray(self._to_centres(runs.T).T))

    def _to_centres(self, values: Matrix) -> Matrix:
        inner = scipy.linalg.solve_triangular(self._upper, values)
        outer = scipy.linalg.solve_triangular(self._lower, inner, lower=True, trans="T")
        return np.asarray(outer, np.float32)


_JITTER = 1e-3  # of the kernel's 1 at distance 0: centres may coincide


def _right_solve(left: Matrix, upper: Matrix) -> Matrix:
    """Return ``left · upper⁻¹``."""
    solved = scipy.linalg.solve_triangular(upper, left.T, trans="T", overwrite_b=True)
    return np.asarray(solved.T, np.float32, order="C")
