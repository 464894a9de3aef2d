"""How far apart eyes see things: cameras, screens and limits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neardepth.errors import MethodError
from neardepth.geometry.rig import Rig, choose_rig, middle_depth


def test_parallax_is_that_of_two_cameras() -> None:
    # Projecting a point 0.5 m right of the middle at 2 m into cameras at -31.5 and +31.5 mm.
    rig = Rig.of_camera(63, 500, math.inf)
    left, right = (500 * (0.5 - eye) / 2 for eye in (-0.0315, 0.0315))
    parallax = rig.parallax(np.full((1, 1), 2.0, np.float32))
    assert parallax.item() == pytest.approx(left - right)


@given(depth=st.floats(0.2, 100), distance=st.floats(0.3, 10), screen=st.floats(0.1, 5))
def test_on_a_screen_lines_of_sight_meet_at_the_true_depth(
    depth: float, distance: float, screen: float
) -> None:
    rig = Rig.of_screen(63, 1920, screen, distance)
    parallax = float(rig.parallax(np.full((1, 1), depth, np.float32)).item())
    metres = -parallax * screen / 1920  # the right eye's point right of the left one's
    seen = 0.063 * distance / (0.063 - metres)  # similar triangles
    assert seen == pytest.approx(depth, rel=1e-3)


@given(
    seed=st.integers(0, 1000),
    percent=st.floats(0, 20),
    convergence=st.floats(0.3, 20),
)
def test_a_limit_is_kept_and_reached(seed: int, percent: float, convergence: float) -> None:
    depth = np.random.default_rng(seed).uniform(0.3, 20, (20, 50)).astype(np.float32)
    depth[0, :5] = np.nan
    parallax = Rig.of_limit(percent, depth, convergence).parallax(depth)
    assert np.isnan(parallax[0, :5]).all()
    assert np.nanmax(np.abs(parallax)) == pytest.approx(percent / 100 * 50, rel=1e-4, abs=1e-6)


def test_one_plane_on_the_screen_has_no_parallax_to_enlarge() -> None:
    depth = np.full((4, 4), 2.0, np.float32)
    assert Rig.of_limit(3, depth, 2.0).strength == 0


def test_the_middle_is_the_median_of_what_is_known() -> None:
    assert middle_depth(np.array([[1, np.nan, 3, 9]], np.float32)) == 3
    with pytest.raises(MethodError, match="no depth is known"):
        middle_depth(np.full((2, 2), np.nan, np.float32))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Rig(-1.0, 2.0), "strength"),
        (lambda: Rig(math.nan, 2.0), "strength"),
        (lambda: Rig(1.0, 0.0), "convergence"),
        (lambda: Rig(1.0, math.nan), "convergence"),
        (lambda: Rig.of_camera(-3, 500, 2.0), "mm apart"),
        (lambda: Rig.of_screen(63, 1920, 0, 2.0), "screen's width"),
        (lambda: Rig.of_limit(50, np.ones((2, 2), np.float32), 2.0), "parallax"),
    ],
)
def test_numbers_out_of_range_are_refused(make: object, says: str) -> None:
    with pytest.raises(MethodError, match=says):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    "settings", [{}, {"eye_mm": 30}, {"max_disparity": 3}, {"screen": (1.2, 2.5), "eye_mm": 60}]
)
def test_the_rig_of_a_smaller_photo_is_that_of_the_photo_scaled(settings: dict[str, Any]) -> None:
    depth = np.tile(np.linspace(1, 5, 40, dtype=np.float32), (6, 1))
    large = np.repeat(depth, 4, axis=1)
    small = choose_rig(depth, 50.0, **settings).scaled(4)
    whole = choose_rig(large, 200.0, **settings)
    assert small.strength == pytest.approx(whole.strength)
    assert (small.convergence, small.limit) == (whole.convergence, whole.limit)
