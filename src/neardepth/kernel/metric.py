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

from neardepth.kernel.solvers import LARGEST
from neardepth.steps.ridge import gaussian, squared_distances

Matrix = NDArray[np.float32]

_POWER = 0.2  # of M's eigenvalues that codes are multiplied by; s is twice that
_STEP = 3  # of every third view, so of photos and mirror images alike
_DRAWS = 3


class Metric(NamedTuple):
    """What codes are multiplied by."""

    turn: Matrix
    """P×Q: an orthogonal basis, each of its directions stretched."""
    stretch: Matrix
    """Q: by how much, 1 at most."""


def typical(views: Matrix) -> float:
    """Return the median squared distance of two views; 1 where all are alike."""
    some = views[:: (len(views) // 512) | 1]  # odd: photos, mirror images and crops alike
    median = float(np.median(squared_distances(some, some)))
    floor = 1e-3 * float((some**2).sum(axis=1).mean())  # finer than rounding tells apart
    return max(median, floor) if max(median, floor) > 1e-9 else 1.0


def learn_metric(views: Matrix, targets: Matrix, width: float, ridge: float, kept: int) -> Metric:
    """Learn what to multiply codes by so that their distances tell depths apart.

    Args:
        views: n×P codes; of many, evenly spaced ones are looked at.
        targets: n×R, log depth less its mean in a basis of orthogonal maps.
        width: of the Gaussian kernel, in units of the median squared distance.
        ridge: of the regression.
        kept: numbers of the new codes, at most.
    """
    step = -(-len(views) // LARGEST) | 1  # odd: photos and mirror images alike
    views, targets = views[::step], targets[::step]
    width /= typical(views)
    kernel = gaussian(squared_distances(views, views), width)
    damped = kernel.copy()
    damped[np.diag_indices_from(damped)] += np.float32(ridge)
    weights = scipy.linalg.solve(
        damped, targets, assume_a="pos", overwrite_a=True, check_finite=False
    )
    product = _gradient_products(views, kernel, np.asarray(weights, np.float32))
    values, vectors = np.linalg.eigh(product)
    values, vectors = values[::-1][:kept], vectors[:, ::-1][:, :kept]
    if values[0] <= 0:  # depth is the same everywhere
        return Metric(vectors.astype(np.float32), np.ones(len(values), np.float32))
    useful = values > values[0] * 1e-6  # the rest is rounding
    stretch = (values[useful] / values[0]) ** _POWER
    return Metric((vectors[:, useful] * stretch).astype(np.float32), stretch.astype(np.float32))


def _gradient_products(views: Matrix, kernel: Matrix, weights: Matrix) -> NDArray[np.float64]:
    """Return the mean outer product of the regression's gradients but for a factor, P×P.

    The gradient of output r at x is ``−2·width·Σᵢ wᵢᵣ k(x, xᵢ) (x − xᵢ)``. Instead of every
    output's, that of a few sums of outputs with normal weights, drawn anew for each x, is taken:
    its outer product's expectation is the sum over the outputs.
    """
    random = np.random.default_rng(0)
    at, kernel = views[::_STEP], kernel[::_STEP]
    total = np.zeros((views.shape[1], views.shape[1]))
    for _ in range(_DRAWS):
        drawn = random.standard_normal((len(at), weights.shape[1]), np.float32)
        shares = drawn @ weights.T
        shares *= kernel
        gradients = at * shares.sum(axis=1, keepdims=True) - shares @ views
        total += gradients.T @ gradients
    return total
