"""Nyström's solution beside the exact one, and both beside the textbook's on mirror images too."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.kernel import solvers
from neardepth.kernel.mirror import kernels
from neardepth.kernel.solvers import Solver, make_solver
from neardepth.steps.ridge import rational_quadratic
from textbook import squared_distances

WIDTH, RIDGE, IMAGES = 0.3, 0.1, 2
EVENS, EVEN_TARGETS = 3, 2
Matrix = NDArray[np.float32]


@pytest.fixture(params=["exact", "nystrom"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "nystrom":
        monkeypatch.setattr(solvers, "LARGEST", 10)
    return str(request.param)


@pytest.fixture
def codes() -> Matrix:
    return np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)


@pytest.fixture
def targets(codes: Matrix) -> Matrix:
    noise = np.random.default_rng(1).normal(0, 0.05, (60, 3))
    even = np.sin(codes[:, :2])
    odd = codes[:, 3:4] * np.cos(codes[:, :1])
    return (np.concatenate([even, odd], axis=1) + noise).astype(np.float32)


def mirrored(values: Matrix, evens: int) -> Matrix:
    """Return the values of images and, after them, of their mirror images."""
    return np.concatenate([values, np.concatenate([values[:, :evens], -values[:, evens:]], axis=1)])


def textbook(codes: Matrix, targets: Matrix, queries: Matrix) -> Matrix:
    """Kernel ridge regression on images and mirror images, no use made of the symmetry."""
    codes, targets = mirrored(codes, EVENS), mirrored(targets, EVEN_TARGETS)
    kernel = rational_quadratic(squared_distances(codes, codes), WIDTH)
    weights = np.linalg.solve(kernel + RIDGE * np.eye(len(codes)), targets)
    return np.asarray(rational_quadratic(squared_distances(queries, codes), WIDTH) @ weights)


def predict(solver: Solver, codes: Matrix, targets: Matrix, queries: Matrix) -> Matrix:
    weights = solver.solve(targets, EVEN_TARGETS)
    even, odd = kernels(queries, codes[solver.centres], EVENS, WIDTH)
    return np.concatenate([even @ weights[:, :EVEN_TARGETS], odd @ weights[:, EVEN_TARGETS:]], 1)


def test_with_every_image_a_centre_both_are_the_textbook_solution(
    kind: str, codes: Matrix, targets: Matrix
) -> None:
    queries = np.random.default_rng(2).normal(size=(20, 5)).astype(np.float32)
    found = predict(make_solver(codes, EVENS, WIDTH, RIDGE), codes, targets, queries)
    tolerance = 1e-4 if kind == "exact" else 5e-3  # the jitter
    np.testing.assert_allclose(found, textbook(codes, targets, queries), atol=tolerance)


def test_few_centres_come_near(
    codes: Matrix, targets: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = predict(make_solver(codes, EVENS, WIDTH, RIDGE), codes, targets, codes)
    monkeypatch.setattr(solvers, "LARGEST", 10)
    monkeypatch.setattr(solvers, "CENTRES", 30)
    few = make_solver(codes, EVENS, WIDTH, RIDGE)
    assert len(few.centres) == 30
    near = predict(few, codes, targets, codes)
    assert np.abs(near - whole).mean() < 0.2 * np.abs(targets).mean()


def test_leaving_out_is_a_solution_without(kind: str, codes: Matrix, targets: Matrix) -> None:
    groups = [np.arange(start, start + 4) for start in range(0, 60, 4)]
    solver = make_solver(codes, EVENS, WIDTH, RIDGE)
    found = solver.left_out(targets, EVEN_TARGETS, groups)
    rest = np.setdiff1d(np.arange(60), groups[3])
    expected = textbook(codes[rest], targets[rest], codes[groups[3]])
    # A group's own images stay centres of Nyström's, with nothing to learn from there.
    np.testing.assert_allclose(found[groups[3]], expected, atol=1e-3 if kind == "exact" else 0.02)


def test_shares_add_up_to_the_prediction(kind: str, codes: Matrix, targets: Matrix) -> None:
    solver = make_solver(codes, EVENS, WIDTH, RIDGE)
    # Images of one pair have one target here: then a pair's share times its target is its part.
    targets = targets[::IMAGES].repeat(IMAGES, axis=0)
    query = np.ones((1, 5), np.float32)
    even = kernels(query, codes[solver.centres], EVENS, WIDTH).even[0]
    shares = solver.shares(IMAGES) @ even
    found = predict(solver, codes, targets, query)[0, :EVEN_TARGETS]
    np.testing.assert_allclose(shares @ targets[::IMAGES, :EVEN_TARGETS], found, atol=2e-3)


@pytest.mark.parametrize("even_targets", [0, 3])
def test_depth_may_be_all_even_or_all_odd(
    kind: str, codes: Matrix, targets: Matrix, even_targets: int
) -> None:
    solver = make_solver(codes, EVENS, WIDTH, RIDGE)
    assert solver.solve(targets, even_targets).shape == (60, 3)
    found = solver.left_out(targets, even_targets, [np.arange(5)])
    assert np.isfinite(found[:5]).all()
