"""From a photo to what a kernel model reads: the networks' maps of the whole frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder
from neardepth.steps.dense import GRIDS, Maps
from neardepth.steps.views import frame


def framed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize a photo, H×W×3, to what the networks look at, 1×H×W×3."""
    return frame(image)[None]


def photo_maps(encoders: Sequence[Encoder], prepared: NDArray[np.uint8]) -> list[Maps]:
    """Return each network's maps of a framed photo."""
    return [encoder.maps(prepared, list(GRIDS)) for encoder in encoders]
