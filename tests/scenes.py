"""Small made-up scenes, photo and depth in agreement, for tests that need RGB-D pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def scene(
    seed: int, size: tuple[int, int] = (96, 128)
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """A floor, a back wall and some boxes: H×W×3 RGB and H×W metres."""
    random = np.random.default_rng(seed)
    height, width = size
    wall = random.uniform(2.0, 6.0)
    horizon = int(height * random.uniform(0.4, 0.6))
    rows = np.arange(height, dtype=np.float32)[:, None].repeat(width, axis=1)
    depth = np.minimum(wall, 0.6 * height / np.maximum(rows - horizon, 1)).astype(np.float32)
    photo = np.where(
        (depth < wall)[..., None], random.integers(40, 200, 3), random.integers(90, 255, 3)
    )
    for _ in range(random.integers(2, 6)):
        top, left = random.integers(0, height - 16), random.integers(0, width - 16)
        box = (
            slice(top, top + random.integers(12, height // 2)),
            slice(left, left + random.integers(12, width // 2)),
        )
        depth[box] = random.uniform(1.0, wall)
        photo[box] = random.integers(0, 255, 3)
    shade = np.linspace(0.8, 1.1, width)[:, None] + random.normal(0, 0.02, (height, width, 1))
    return np.clip(photo * shade, 0, 255).astype(np.uint8), depth


def write_scenes(
    folder: Path, count: int, first: int = 0, size: tuple[int, int] = (96, 128)
) -> Path:
    """Write scenes as a source folder: rgb/NNN.jpg and depth/NNN.png in millimetres."""
    (folder / "rgb").mkdir(parents=True, exist_ok=True)
    (folder / "depth").mkdir(exist_ok=True)
    for index in range(first, first + count):
        photo, depth = scene(index, size)
        Image.fromarray(photo).save(folder / "rgb" / f"{index:03}.jpg", quality=95)
        Image.fromarray((depth * 1000).astype(np.uint16)).save(folder / "depth" / f"{index:03}.png")
    return folder
