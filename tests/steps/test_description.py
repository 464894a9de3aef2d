from __future__ import annotations

import numpy as np
import pytest

from neardepth.steps.description import describe


def test_tiles_of_a_photo_stand_side_by_side() -> None:
    features = np.arange(2 * 3 * 4, dtype=np.float32).reshape(6, 4)
    descriptors = describe(features, tiles=3)
    assert descriptors.shape == (2, 12)
    np.testing.assert_array_equal(descriptors[1], np.concatenate(list(features[3:])))


def test_an_incomplete_photo_is_refused() -> None:
    with pytest.raises(ValueError, match="4 tiles"):
        describe(np.zeros((6, 2), np.float32), tiles=4)
