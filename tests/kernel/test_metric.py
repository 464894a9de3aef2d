"""The metric: it finds the directions that matter, and nothing but scale and rotation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.kernel.metric import learn_metric, typical
from neardepth.steps.ridge import gaussian, inverse, squared_distances

RELEVANT = 2


def points(count: int = 300, dim: int = 10) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(count, dim)).astype(np.float32)


def depth(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Three numbers that only the first directions decide."""
    return np.stack([np.sin(x[:, 0]), x[:, 1], x[:, 0] * x[:, 1]], axis=1)


def error(train: NDArray[np.float32], unseen: NDArray[np.float32], truth: NDArray[np.float32],
          wanted: NDArray[np.float32]) -> float:  # fmt: skip
    width = 2 / typical(train)
    kernel = gaussian(squared_distances(train, train), width)
    weights = inverse(kernel, 0.1) @ wanted
    found = gaussian(squared_distances(unseen, train), width) @ weights
    return float(np.abs(found - truth).mean())


def test_what_depth_depends_on_is_kept() -> None:
    views = points()
    turn = learn_metric(views, depth(views), 2.0, 0.1, RELEVANT).turn
    strength = np.linalg.norm(turn, axis=1)
    assert strength[:RELEVANT].min() > 3 * strength[RELEVANT:].max()


def test_unseen_points_are_predicted_better_by_it() -> None:
    views, unseen = points(), points(900)[300:]
    turn = learn_metric(views, depth(views), 2.0, 0.1, 10).turn
    plain = error(views, unseen, depth(unseen), depth(views))
    assert error(views @ turn, unseen @ turn, depth(unseen), depth(views)) < 0.7 * plain


def test_it_turns_and_shortens() -> None:
    views = points()
    turn, stretch = learn_metric(views, depth(views), 2.0, 0.1, 6)
    np.testing.assert_allclose((turn / stretch).T @ (turn / stretch), np.eye(6), atol=1e-5)
    assert stretch[0] == pytest.approx(1)
    assert (np.diff(stretch) <= 0).all()


def test_depth_in_other_units_gives_the_same_metric() -> None:
    views = points()
    one, other = (learn_metric(views, s * depth(views), 2.0, 0.1, 4).turn for s in (1, 1000))
    np.testing.assert_allclose(np.abs(one), np.abs(other), atol=1e-3)


@pytest.mark.parametrize("views", [points(1), np.zeros((8, 3), np.float32), points(40)])
def test_constant_depth_leaves_codes_as_long_as_they_are(views: NDArray[np.float32]) -> None:
    turn, stretch = learn_metric(views, np.zeros((len(views), 2), np.float32), 2.0, 0.1, 99)
    assert (stretch == 1).all()
    np.testing.assert_allclose(
        np.linalg.norm(views @ turn, axis=1), np.linalg.norm(views, axis=1), rtol=1e-4
    )


def test_rounding_makes_no_directions() -> None:
    """A few points differ along fewer directions than they have numbers."""
    views = points(20, 60)
    turn = learn_metric(views, depth(views), 2.0, 0.1, 60).turn
    assert turn.shape[1] < 20
