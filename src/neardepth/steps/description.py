"""Step 2, describe: one descriptor a photo, the features of its tiles side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def describe(features: NDArray[np.float32], tiles: int) -> NDArray[np.float32]:
    """Concatenate the feature vectors of each photo's tiles, ``F_i = [f_i1 … f_iT]``.

    Args:
        features: (N·T)×D, the features of the tiles of N photos, photo by photo.
        tiles: T, the number of tiles a photo is cut into.

    Returns:
        N×(T·D) descriptors; with 16 tiles of ResNet-50, N×32768.

    Raises:
        ValueError: the features are not those of a whole number of photos.
    """
    if features.ndim != 2 or len(features) % tiles:
        raise ValueError(f"features of shape {features.shape} are not those of {tiles} tiles each")
    return features.reshape(-1, tiles * features.shape[1])
