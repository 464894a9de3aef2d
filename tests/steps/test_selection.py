from __future__ import annotations

import numpy as np
import pytest

from neardepth.steps.selection import members, select, select_near_best


def test_only_neighbours_above_the_threshold_are_kept() -> None:
    kept, low_confidence = select(np.array([0.9, 0.51, 0.5, 0.2], np.float32), 0.5)
    assert kept.tolist() == [True, True, False, False]
    assert low_confidence is False


def test_the_best_is_kept_and_flagged_when_none_passes() -> None:
    kept, low_confidence = select(np.array([0.1, 0.3, -0.2], np.float32), 0.5)
    assert kept.tolist() == [False, True, False]
    assert low_confidence is True


def test_nothing_to_select_from_is_an_error() -> None:
    with pytest.raises(ValueError, match="no neighbour"):
        select(np.array([], np.float32), 0.5)


def test_as_many_are_kept_as_are_nearly_as_alike_as_the_best() -> None:
    kept, low_confidence = select_near_best(np.array([0.8, 0.73, 0.72, 0.1], np.float32), 0.9)
    assert kept.tolist() == [True, True, False, False]
    assert low_confidence is False


def test_near_a_best_that_is_not_alike_at_all_only_that_is_kept() -> None:
    kept, low_confidence = select_near_best(np.array([-0.1, -0.2], np.float32), 0.9)
    assert kept.tolist() == [True, False]
    assert low_confidence is True


def test_clusters_of_most_neighbours_are_searched_again() -> None:
    clusters = np.array([0, 0, 1, 1, 1, 2])
    likeness = np.array([0.9, 0.1, 0.8, 0.7, 0.2, 0.6], np.float32)
    found = members(clusters, np.array([0, 2, 3]), likeness, np.zeros(6, bool))
    assert found.tolist() == [2, 3, 4]
    excluded = np.array([False, False, True, False, False, False])
    assert members(clusters, np.array([0, 3, 4]), likeness, excluded).tolist() == [3, 4]
