"""Coverage and sparsification: known distributions have known figures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.evaluation.profiles import PROFILES
from neardepth.evaluation.uncertainty import STEPS, Certainty, certainty, mean_certainty
from neardepth.imaging.photos import Photo
from neardepth.result import DepthResult, Neighbour

SHAPE = (120, 160)
PAPER = PROFILES["paper"]


def result(
    depth: NDArray[np.float32], spread: NDArray[np.float32], factor95: float | None
) -> DepthResult:
    return DepthResult(
        photo=Photo(np.zeros((*SHAPE, 3), np.uint8), "photo"),
        depth=depth,
        fused=depth,
        uncertainty=depth * spread,
        neighbours=(Neighbour("a", 1.0, 1.0, True),),
        low_confidence=False,
        method={},
        pool={},
        evidence=tuple,
        factor95=factor95,
    )


def drawn(factor95: float | None = 1.96) -> tuple[DepthResult, NDArray[np.float32]]:
    """Log errors drawn from the very spread that is stated."""
    random = np.random.default_rng(0)
    depth = random.uniform(1, 8, SHAPE).astype(np.float32)
    spread = random.uniform(0.05, 0.5, SHAPE).astype(np.float32)
    truth = depth * np.exp(spread * random.normal(size=SHAPE)).astype(np.float32)
    return result(depth, spread, factor95), truth


def test_intervals_of_the_true_spread_cover_what_they_say() -> None:
    found = certainty(PAPER, *drawn())
    assert found.covered68 == pytest.approx(0.683, abs=0.01)
    assert found.covered95 == pytest.approx(0.95, abs=0.01)


def test_a_method_without_intervals_has_no_coverage() -> None:
    found = certainty(PAPER, *drawn(None))
    assert np.isnan([found.covered68, found.covered95]).all()
    assert np.isfinite(found.ause)


def test_ranking_by_the_error_itself_is_perfect_and_backwards_is_worst() -> None:
    estimate, truth = drawn()
    error = np.abs(estimate.depth - truth)
    depth = estimate.depth
    best = certainty(PAPER, result(depth, error / depth, 2.0), truth)
    worst = certainty(PAPER, result(depth, (20 - error) / depth, 2.0), truth)
    random = certainty(PAPER, estimate, truth)
    assert best.ause == pytest.approx(0, abs=1e-6)
    assert 0 < random.ause < worst.ause
    assert best.curve[0] == 1
    assert len(best.curve) == STEPS
    assert best.curve == tuple(sorted(best.curve, reverse=True))
    # The oracle's curve by the textbook: sort, drop, root of the mean.
    squares = np.sort(error.astype(np.float64), axis=None) ** 2
    half = np.sqrt(squares[: squares.size // 2].mean() / squares.mean())
    assert best.oracle[STEPS // 2] == pytest.approx(half, rel=1e-6)


def test_unknown_pixels_and_perfect_images_are_left_out() -> None:
    estimate, truth = drawn()
    truth[:60] = np.nan
    assert certainty(PAPER, estimate, truth).covered68 == pytest.approx(0.683, abs=0.02)
    perfect = certainty(PAPER, estimate, estimate.depth)
    assert perfect.covered68 == 1
    assert np.isnan(perfect.ause)
    some = certainty(PAPER, estimate, truth)
    assert mean_certainty([perfect, some]).ause == some.ause


def test_the_mean_of_nothing_known_is_unknown() -> None:
    nothing = Certainty(np.nan, np.nan, np.nan, (np.nan,) * STEPS, (np.nan,) * STEPS)
    assert np.isnan(mean_certainty([nothing]).ause)
