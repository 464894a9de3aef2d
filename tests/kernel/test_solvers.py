"""Nyström's solution beside the exact one, and leaving out beside fitting without."""

from __future__ import annotations

import numpy as np
import pytest

from neardepth.kernel import solvers
from neardepth.kernel.solvers import Solver, make_solver
from neardepth.steps.ridge import gaussian, squared_distances

WIDTH, RIDGE, VIEWS = 0.3, 0.1, 2


@pytest.fixture(params=["exact", "nystrom"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "nystrom":
        monkeypatch.setattr(solvers, "LARGEST", 10)
    return str(request.param)


@pytest.fixture
def codes() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)


@pytest.fixture
def targets(codes: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 0.05, (60, 3))
    return (np.sin(codes[:, :3]) + noise).astype(np.float32)


def predict(
    solver: Solver, codes: np.ndarray, weights: np.ndarray, queries: np.ndarray
) -> np.ndarray:
    kernel = gaussian(squared_distances(queries, codes[solver.centres]), WIDTH)
    return np.asarray(kernel @ weights)


def test_with_every_view_a_centre_both_are_the_textbook_solution(
    kind: str, codes: np.ndarray, targets: np.ndarray
) -> None:
    solver = make_solver(codes, WIDTH, RIDGE)
    kernel = np.exp(-WIDTH * ((codes[:, None] - codes[None]) ** 2).sum(axis=2))
    expected = kernel @ np.linalg.solve(kernel + RIDGE * np.eye(60), targets)
    found = predict(solver, codes, solver.solve(targets), codes)
    np.testing.assert_allclose(found, expected, atol=5e-3)


def test_few_centres_come_near(
    codes: np.ndarray, targets: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    exact = make_solver(codes, WIDTH, RIDGE)
    whole = predict(exact, codes, exact.solve(targets), codes)
    monkeypatch.setattr(solvers, "LARGEST", 10)
    monkeypatch.setattr(solvers, "CENTRES", 30)
    few = make_solver(codes, WIDTH, RIDGE)
    assert len(few.centres) == 30
    near = predict(few, codes, few.solve(targets), codes)
    assert np.abs(near - whole).mean() < 0.2 * np.abs(targets).mean()


def test_leaving_out_is_a_solution_without(
    kind: str, codes: np.ndarray, targets: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [np.arange(start, start + 4) for start in range(0, 60, 4)]
    found = make_solver(codes, WIDTH, RIDGE).left_out(targets, groups)
    rest = np.setdiff1d(np.arange(60), groups[3])
    monkeypatch.setattr(solvers, "LARGEST", 100)
    smaller = make_solver(codes[rest], WIDTH, RIDGE)
    expected = predict(smaller, codes[rest], smaller.solve(targets[rest]), codes[groups[3]])
    # A group's own views stay centres of Nyström's, with nothing to learn from there.
    np.testing.assert_allclose(found[groups[3]], expected, atol=1e-3 if kind == "exact" else 0.02)


def test_shares_add_up_to_the_prediction(kind: str, codes: np.ndarray, targets: np.ndarray) -> None:
    solver = make_solver(codes, WIDTH, RIDGE)
    # Views of one pair have one target here: then a pair's share times its target is its part.
    targets = targets[::VIEWS].repeat(VIEWS, axis=0)
    query = np.ones((1, 4), np.float32)
    kernel = gaussian(squared_distances(query, codes[solver.centres]), WIDTH)
    shares = solver.shares(VIEWS) @ kernel[0]
    np.testing.assert_allclose(
        shares @ targets[::VIEWS], (kernel @ solver.solve(targets))[0], atol=2e-3
    )
