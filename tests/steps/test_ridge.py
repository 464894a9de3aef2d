from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neardepth.steps.ridge import inverse, left_out, rational_quadratic
from textbook import squared_distances


def points(seed: int, count: int, dim: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)


def test_the_kernel_is_one_at_no_distance_and_a_mixture_of_gaussians() -> None:
    squared, width = np.array([0, 1, 2, 30], np.float32), 0.5
    # Of widths drawn from a Gamma distribution of shape 2 with the mean ``width``.
    widths = np.linspace(0, 20, 200_001)
    density = widths * np.exp(-2 * widths / width) * (2 / width) ** 2
    mixture = [np.trapezoid(density * np.exp(-widths * s), widths) for s in squared]
    np.testing.assert_allclose(rational_quadratic(squared, width), mixture, rtol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 40, 700])  # 700: more than one block is mirrored
def test_inverse_is_that_of_the_ridged_kernel(count: int) -> None:
    x = points(2, count)
    kernel = rational_quadratic(squared_distances(x, x), 0.3)
    ridged = kernel + 0.1 * np.eye(count)
    inverted = inverse(kernel.copy(), 0.1)
    np.testing.assert_allclose(inverted @ ridged, np.eye(count), atol=2e-3)
    np.testing.assert_array_equal(inverted, inverted.T)


def test_inverse_refuses_what_is_no_kernel() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        inverse(np.array([[1, 2], [2, 1]], np.float32), 0.1)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000), st.integers(2, 6), st.integers(1, 5))
def test_leaving_out_equals_solving_without(seed: int, groups: int, size: int) -> None:
    x = points(seed, groups * size)
    targets = np.random.default_rng(seed).normal(size=(len(x), 3)).astype(np.float32)
    kernel = rational_quadratic(squared_distances(x, x), 0.2)
    rows = [np.arange(size) + size * group for group in range(groups)]
    inverted = inverse(kernel.copy(), 0.05)
    fast = left_out(inverted, inverted @ targets, targets, rows)
    for own in rows:
        rest = np.setdiff1d(np.arange(len(x)), own)
        matrix = kernel[np.ix_(rest, rest)].astype(float) + 0.05 * np.eye(len(rest))
        slow = kernel[np.ix_(own, rest)] @ np.linalg.solve(matrix, targets[rest])
        np.testing.assert_allclose(fast[own], slow, atol=5e-3)
