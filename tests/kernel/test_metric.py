"""The metric: it finds the directions that matter, and nothing but scale and rotation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.kernel.metric import Metric, learn_metric, metric_bytes, typical
from neardepth.kernel.mirror import kernels

EVENS, EVEN_TARGETS, RELEVANT = 6, 3, 3
Matrix = NDArray[np.float32]


def points(count: int = 300, dim: int = 10) -> Matrix:
    return np.random.default_rng(0).normal(size=(count, dim)).astype(np.float32)


def depth(x: Matrix) -> Matrix:
    """Three even numbers and an odd one that only three directions decide, one of them odd."""
    a, b, odd = x[:, 0], x[:, 1], x[:, EVENS]
    return np.stack([np.sin(a), b, a * b, 1.5 * np.sin(odd)], axis=1)


def learned(x: Matrix, kept: int, scale: float = 1.0) -> Metric:
    return learn_metric(x, EVENS, np.float32(scale) * depth(x), EVEN_TARGETS, kept)


def error(train: Matrix, evens: int, unseen: Matrix, truth: Matrix, wanted: Matrix) -> float:
    width = 2 / typical(train, evens)
    own, other = kernels(train, train, evens, width), kernels(unseen, train, evens, width)
    found = np.concatenate(
        [
            new @ np.linalg.solve(kernel + 0.1 * np.eye(len(train)), part)
            for kernel, new, part in zip(
                own, other, np.split(wanted, [EVEN_TARGETS], axis=1), strict=True
            )
        ],
        axis=1,
    )
    return float(np.abs(found - truth).mean())


def test_what_depth_depends_on_is_kept() -> None:
    metric = learned(points(), RELEVANT)
    assert (metric.even.shape[1], metric.odd.shape[1]) == (2, 1)
    for part, relevant in ((metric.even, 2), (metric.odd, 1)):
        strength = np.linalg.norm(part, axis=1)
        assert strength[:relevant].min() > 3 * strength[relevant:].max()


def test_unseen_points_are_predicted_better_by_it() -> None:
    train, unseen = points(), points(900)[300:]
    metric = learned(train, 10)
    evens = metric.even.shape[1]
    plain = error(train, EVENS, unseen, depth(unseen), depth(train))
    turned = error(metric.turned(train), evens, metric.turned(unseen), depth(unseen), depth(train))
    assert turned < 0.75 * plain


def test_it_turns_and_shortens() -> None:
    metric = learned(points(), 6)
    evens = metric.even.shape[1]
    assert evens + metric.odd.shape[1] == len(metric.stretch) == 6
    for part, stretch in (
        (metric.even, metric.stretch[:evens]),
        (metric.odd, metric.stretch[evens:]),
    ):
        turn = part / stretch
        np.testing.assert_allclose(turn.T @ turn, np.eye(turn.shape[1]), atol=1e-5)
    assert metric.stretch.max() == pytest.approx(1)
    x = points(20)
    new = metric.turned(x)
    np.testing.assert_allclose(new[:, :evens], x[:, :EVENS] @ metric.even, rtol=1e-5)


def test_depth_in_other_units_gives_the_same_metric() -> None:
    one, other = (learned(points(), 4, scale) for scale in (1, 1000))
    for mine, theirs in zip(one[:2], other[:2], strict=True):
        np.testing.assert_allclose(np.abs(mine), np.abs(theirs), atol=2e-3)


@pytest.mark.parametrize("codes", [points(1), np.zeros((8, 3), np.float32), points(40)])
@pytest.mark.parametrize("evens", [0, 1, 3])
def test_constant_depth_leaves_codes_as_long_as_they_are(codes: Matrix, evens: int) -> None:
    metric = learn_metric(codes, evens, np.zeros((len(codes), 2), np.float32), 1, 99)
    assert (metric.stretch == 1).all()
    lengths = [np.linalg.norm(values, axis=1) for values in (metric.turned(codes), codes)]
    np.testing.assert_allclose(*lengths, rtol=1e-4)


def test_rounding_makes_no_directions() -> None:
    """A few points differ along fewer directions than they have numbers."""
    assert len(learned(points(20, 60), 60).stretch) < 40


def test_memory_falls_where_only_every_third_image_is_looked_at() -> None:
    assert metric_bytes(4096) == 24 * 4096**2
    assert metric_bytes(4097) == 24 * 1366**2
    assert metric_bytes(0) == 0
