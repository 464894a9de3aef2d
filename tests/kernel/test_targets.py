"""What is regressed, of depth as files have it."""

from __future__ import annotations

import numpy as np

from neardepth.kernel.targets import image_targets
from neardepth.steps.views import Crop


def test_a_marker_near_zero_does_not_outweigh_its_cell() -> None:
    depth = np.full((480, 640), 2, np.float32)
    depth[0, 0] = 1e-30
    depth[240:, 600:] = np.nan
    whole = image_targets(depth, [Crop(1.5, 0.5, 0.5)] * 2)[0]
    assert whole[0] > np.log(2) - 0.05
    np.testing.assert_allclose(whole[1:40], np.log(2), rtol=1e-5)
    assert np.isnan(whole[-1])
