"""Small scenes of flat things at known depth, and textures that tell where a pixel came from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NEAR, FAR = 1.0, 4.0


def texture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return H×W×3 colours that differ from pixel to pixel."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def box_before_wall(
    height: int = 24, width: int = 64, left: int = 24, right: int = 40
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A red box at 1 m before a blue wall at 4 m, both of one colour."""
    depth = np.full((height, width), FAR, np.float32)
    depth[:, left:right] = NEAR
    photo = np.zeros((height, width, 3), np.uint8)
    photo[..., 2] = 200
    photo[:, left:right] = (220, 0, 0)
    return photo, depth
