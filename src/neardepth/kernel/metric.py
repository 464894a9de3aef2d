"""Which directions of the codes matter for depth: learned, and kept in fewer numbers.

The regression's own gradient says along which directions depth changes. With its mean outer
product ``M = E[∇f ∇fᵀ]``, distances are measured as ``(x − y)ᵀ Mˢ (x − y)`` (A. Radhakrishnan,
D. Beaglehole, P. Pandit, M. Belkin, *Mechanism for feature learning in neural networks and
backpropagation-free machine learning models*, Science 383, 2024). Directions along which depth
hardly changes are dropped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neardepth.kernel.mirror import Kernels, distances
from neardepth.kernel.solvers import LARGEST, solver_bytes
from neardepth.steps.ridge import rational_quadratic

Matrix = NDArray[np.float32]

CODE = 192
"""Numbers of a code: directions of the principal components that matter for depth."""

_POWER = 0.15  # of M's eigenvalues that codes are multiplied by; s is twice that
_WIDTH = 8.0  # of the kernel, in units of the median squared distance: narrower than in stage 1
_RIDGE = 0.2
_STEP = 3  # of every third image, so of photos and crops alike
_DRAWS = 6


class Metric(NamedTuple):
    """What codes are multiplied by: an orthogonal basis, each of its directions stretched."""

    even: Matrix
    """P×Q of the even numbers; see `kernel.mirror`."""
    odd: Matrix
    stretch: Matrix
    """By how much, 1 at most, of the even directions and then of the odd ones."""

    def turned(self, codes: Matrix) -> Matrix:
        """Return the new codes, of codes …×P."""
        evens = len(self.even)
        return np.concatenate([codes[..., :evens] @ self.even, codes[..., evens:] @ self.odd], -1)


def typical(codes: Matrix, evens: int) -> float:
    """Return the median squared distance of two images; 1 where all are alike.

    Args:
        codes: n×P.
        evens: see `kernel.mirror`.
    """
    some = codes[:: (len(codes) // 256) | 1]  # odd: photos and crops alike
    median = float(np.median(distances(some, some, evens)))
    floor = 1e-3 * float((some**2).sum(axis=1).mean())  # finer than rounding tells apart
    return max(median, floor) if max(median, floor) > 1e-9 else 1.0


def learn_metric(
    codes: Matrix, evens: int, targets: Matrix, even_targets: int, kept: int
) -> Metric:
    """Learn what to multiply codes by so that their distances tell depths apart.

    Args:
        codes: n×P; of many, evenly spaced ones are looked at.
        evens: see `kernel.mirror`.
        targets: n×R, log depth less its mean in a basis of orthogonal maps.
        even_targets: how many of these are even.
        kept: numbers of the new codes, at most.
    """
    step = _step(len(codes))
    codes, targets = codes[::step], targets[::step]
    width = _WIDTH / typical(codes, evens)
    near, mirrored = (rational_quadratic(d, width) for d in distances(codes, codes, evens))
    weights = [
        _solved(kernel, targets[:, part])
        for kernel, part in zip(
            Kernels(near + mirrored, near - mirrored),
            (slice(even_targets), slice(even_targets, None)),
            strict=True,
        )
    ]
    products = _gradient_products(codes, evens, near[::_STEP], mirrored[::_STEP], weights)
    values, vectors = zip(*map(np.linalg.eigh, products), strict=True)
    every = np.concatenate(values)
    largest = float(every.max())
    if largest <= 0:  # depth is the same everywhere
        every, largest = np.ones_like(every), 1.0
    chosen = np.argsort(-every, kind="stable")[:kept]
    chosen = np.sort(chosen[every[chosen] > largest * 1e-6])  # the rest is rounding
    stretch = (every[chosen] / largest) ** _POWER
    count = int((chosen < evens).sum())
    even = vectors[0][:, chosen[:count]] * stretch[:count]
    odd = vectors[1][:, chosen[count:] - evens] * stretch[count:]
    return Metric(*(part.astype(np.float32) for part in (even, odd, stretch)))


def metric_bytes(images: int) -> int:
    """Return about how many bytes are held while a metric is learned from so many images."""
    return solver_bytes(-(-images // _step(images)))


def _step(images: int) -> int:
    return -(-images // LARGEST) | 1  # odd: photos and crops alike


def _solved(kernel: Matrix, targets: Matrix) -> Matrix:
    kernel[np.diag_indices_from(kernel)] += np.float32(_RIDGE)
    weights = scipy.linalg.solve(
        kernel, targets, assume_a="pos", overwrite_a=True, check_finite=False
    )
    return np.asarray(weights, np.float32)


def _gradient_products(
    codes: Matrix, evens: int, near: Matrix, mirrored: Matrix, weights: list[Matrix]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean outer product of the regression's gradients but for a factor, by halves.

    The gradient of output r at x is ``−2·width·Σᵢ wᵢᵣ k(x, xᵢ)^1.5 (x − xᵢ)``, over images and
    mirror images. Instead of every output's, that of a few sums of outputs with normal weights,
    drawn anew for each x, is taken: its outer product's expectation is the sum over the outputs.
    Where x and its mirror image both count, nothing is left between even and odd numbers.
    """
    random = np.random.default_rng(0)
    at = codes[::_STEP]
    slopes, mirrored_slopes = (kernel * np.sqrt(kernel) for kernel in (near, mirrored))
    sizes = (evens, codes.shape[1] - evens)
    totals = tuple(np.zeros((size, size)) for size in sizes)
    for _ in range(_DRAWS):
        even, odd = (
            random.standard_normal((len(at), part.shape[1]), np.float32) @ part.T
            for part in weights
        )
        shares, mirror_shares = (even + odd) * slopes, (even - odd) * mirrored_slopes
        both = shares + mirror_shares
        gradients = at * both.sum(axis=1, keepdims=True)
        gradients[:, :evens] -= both @ codes[:, :evens]
        gradients[:, evens:] -= (shares - mirror_shares) @ codes[:, evens:]
        for total, part in zip(totals, (slice(evens), slice(evens, None)), strict=True):
            total += gradients[:, part].T @ gradients[:, part]
    return totals  # type: ignore[return-value]
