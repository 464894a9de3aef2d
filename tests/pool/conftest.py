"""Small synthetic RGB-D folders and a real encoder for the tests of the pool."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from neardepth.datasets import Source, open_source
from neardepth.encoders import Encoder, load_encoder
from neardepth.pool import Pool, build_pool

MakePairs = Callable[..., Path]
GRID = (1, 1)


def scene(seed: int, size: tuple[int, int] = (48, 64)) -> tuple[np.ndarray, np.ndarray]:
    """A photo of soft coloured blobs and a tilted plane in millimetres."""
    rng = np.random.default_rng(seed)
    photo = cv2.resize(rng.integers(0, 256, (6, 8, 3), np.uint8), size[::-1])
    rows, columns = np.mgrid[: size[0], : size[1]]
    depth = 1000 + 20 * rows * rng.random() + 10 * columns * rng.random() + 500 * rng.random()
    return photo, depth.astype(np.uint16)


@pytest.fixture
def make_pairs(tmp_path: Path) -> MakePairs:
    """Write a folder with rgb/ and depth/; photos are PNG, depth 16-bit millimetres."""

    def make(
        count: int, name: str = "site", first: int = 0, size: tuple[int, int] = (48, 64)
    ) -> Path:
        folder = tmp_path / name
        for part in ("rgb", "depth"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for index in range(first, first + count):
            photo, depth = scene(index, size)
            assert cv2.imwrite(str(folder / "rgb" / f"{index:03d}.png"), photo)
            assert cv2.imwrite(str(folder / "depth" / f"{index:03d}.png"), depth)
        return folder

    return make


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder("efficientnet-lite0")


@pytest.fixture
def source(make_pairs: MakePairs) -> Source:
    return open_source(make_pairs(6))


@pytest.fixture
def pool(source: Source, tmp_path: Path, encoder: Encoder) -> Pool:
    """Six pairs of "site", described with EfficientNet-Lite0, one tile a photo."""
    build_pool(source, tmp_path / "a.pool", encoder, GRID)
    return Pool.open(tmp_path / "a.pool")
