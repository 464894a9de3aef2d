from __future__ import annotations

import numpy as np
import pytest

from neardepth.steps.selection import select


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
