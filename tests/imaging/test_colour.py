"""Colours and round numbers for depth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neardepth.imaging.colour import (
    UNKNOWN,
    colourise,
    colourise_uncertainty,
    depth_range,
    known_sample,
    nice_step,
    thickened,
    ticks,
)
from neardepth.imaging.drawing import metre_labels


def test_near_is_red_far_is_blue_unknown_is_grey() -> None:
    near, middle, far, unknown = colourise(np.array([[1.5, 3, 4.5, np.nan]], np.float32), 1, 5)[0]
    assert near[0] > 150 > near[2]
    assert middle[1] > max(middle[0], middle[2])
    assert far[2] > 150 > far[0]
    assert tuple(unknown) == UNKNOWN


def test_depth_beyond_the_limits_keeps_the_end_colours() -> None:
    row = colourise(np.array([[0.1, 1, 5, 5000]], np.float32), 1, 5)[0]
    assert np.array_equal(row[0], row[1])
    assert np.array_equal(row[2], row[3])


def test_uncertainty_grows_brighter() -> None:
    row = colourise_uncertainty(np.linspace(0, 1, 9, dtype=np.float32)[None], 1.0)[0]
    assert (np.diff(row.astype(int).sum(1)) > 0).all()
    assert colourise_uncertainty(np.zeros((2, 2), np.float32), 0.0).max() < 10


@given(st.floats(1e-3, 1e3), st.floats(1.0, 100.0))
def test_range_is_round_and_holds_the_depth(low: float, ratio: float) -> None:
    depth = np.linspace(low, low * ratio, 1000, dtype=np.float32).reshape(25, 40)
    start, end = depth_range(depth)
    assert 0 <= start < end
    assert start <= np.percentile(depth, 2) * (1 + 1e-5)
    assert end >= np.percentile(depth, 98) * (1 - 1e-5)
    marks = ticks(start, end)
    assert 2 <= len(marks) <= 7
    assert start - 1e-6 <= marks[0]
    assert marks[-1] <= end + 1e-6
    assert len(set(metre_labels(marks))) == len(marks)


def test_range_ignores_single_wrong_pixels_and_joins_maps() -> None:
    depth = np.full((100, 100), 2.0, np.float32)
    depth[0, 0] = 500
    assert depth_range(depth)[1] < 2.1
    assert depth_range(depth, depth + 4, depth * np.nan) == pytest.approx((2.0, 6.0))
    assert depth_range(depth * np.nan) == (0.0, 1.0)


@pytest.mark.parametrize(("least", "step"), [(0.3, 0.5), (0.1, 0.1), (1.01, 2), (6, 10), (70, 100)])
def test_nice_steps(least: float, step: float) -> None:
    assert nice_step(least) == pytest.approx(step)


def test_labels_have_the_decimals_they_need() -> None:
    assert metre_labels([0.0, 1.0]) == ["0 m", "1 m"]
    assert metre_labels([0.5, 1.0]) == ["0.5 m", "1.0 m"]
    assert metre_labels([2.55, 2.6]) == ["2.55 m", "2.60 m"]


def test_sparse_points_become_visible_and_near_wins() -> None:
    depth = np.full((9, 9), np.nan, np.float32)
    depth[4, 4], depth[4, 6] = 5.0, 2.0
    shown = thickened(depth)
    assert np.isfinite(shown).sum() == 15
    assert shown[4, 5] == 2.0
    assert np.isnan(shown[0]).all()  # the border stays unknown
    dense = np.ones((9, 9), np.float32)
    assert thickened(dense) is dense


def test_percentiles_are_taken_from_a_grid_of_what_is_known() -> None:
    depth = np.arange(480 * 640, dtype=np.float32).reshape(480, 640)
    sample = known_sample(depth)
    assert 10_000 < len(sample) <= 20_000
    assert np.median(sample) == pytest.approx(np.median(depth), rel=0.01)
    small = depth[:100, :150]
    np.testing.assert_array_equal(known_sample(small), small.ravel())
    lonely = np.full((480, 640), np.nan, np.float32)
    lonely[0, 0] = 2
    np.testing.assert_array_equal(known_sample(lonely), [2])
    assert known_sample(lonely[:0]).size == 0
