from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neardepth.steps.dense import (
    CELLS,
    GRIDS,
    at_cells,
    averaging,
    halves,
    interpolation,
    pooled,
)

SHAPES = {"stride16": (3, 30, 40), "stride32": (2, 15, 20)}
CHANNELS = {level: shape[0] for level, shape in SHAPES.items()}


def maps(seed: int = 0, count: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        level: random.normal(size=(count, *shape)).astype(np.float32)
        for level, shape in SHAPES.items()
    }


@given(st.integers(1, 12), st.integers(1, 60))
def test_averaging_keeps_the_mean_and_weighs_every_pixel_alike(parts: int, length: int) -> None:
    weights = averaging(parts, length)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(weights.sum(axis=0), parts / length, rtol=1e-4)


@pytest.mark.parametrize(("cells", "length"), [(30, 15), (40, 20), (30, 30), (40, 7), (5, 1)])
def test_interpolation_is_opencvs(cells: int, length: int) -> None:
    line = np.random.default_rng(1).normal(size=(1, length)).astype(np.float32)
    expected = cv2.resize(line, (cells, 1), interpolation=cv2.INTER_LINEAR)[0]
    np.testing.assert_allclose(interpolation(cells, length) @ line[0], expected, atol=1e-5)


def test_pooled_is_the_mean_of_each_block_in_sums_and_differences() -> None:
    values = maps(count=2)
    sums, differences = halves(CHANNELS)
    features = pooled(values)
    assert features.shape == (2, sum(sums.values()) + sum(differences.values()))
    blocks = values["stride16"].reshape(2, 3, 6, 5, 8, 5).mean(axis=(3, 5))
    left, right = blocks[..., :4], blocks[..., :3:-1]
    for start, expected in (
        (0, left + right),
        (sum(sums.values()), left - right),
    ):
        part = features[:, start : start + sums["stride16"]]
        np.testing.assert_allclose(part, expected.reshape(2, -1) / 2**0.5, atol=1e-5)


def test_the_mirror_image_has_the_same_sums_and_opposite_differences() -> None:
    values = maps(count=2)
    flipped = pooled({level: maps_of[..., ::-1] for level, maps_of in values.items()})
    features = pooled(values)
    evens = sum(halves(CHANNELS)[0].values())
    np.testing.assert_allclose(features[:, :evens], flipped[:, :evens], atol=1e-5)
    np.testing.assert_allclose(features[:, evens:], -flipped[:, evens:], atol=1e-5)


def test_pooling_keeps_distances() -> None:
    """Of maps that have as many cells as the grid, pooled numbers are a rotation."""
    random = np.random.default_rng(3)
    values = {
        level: random.normal(size=(1, 2, *grid)).astype(np.float32) for level, grid in GRIDS.items()
    }
    length = sum(float((part**2).sum()) for part in values.values())
    assert float((pooled(values) ** 2).sum()) == pytest.approx(length, rel=1e-5)


def test_single_cells_are_those_of_the_whole_grid() -> None:
    values = {level: array[0] for level, array in maps().items()}
    cells = np.array([0, 39, 40, 601, 1199])
    expected = np.concatenate(
        [
            np.stack([cv2.resize(c, CELLS[::-1], interpolation=cv2.INTER_LINEAR) for c in level])
            for level in values.values()
        ]
    ).reshape(5, -1)
    np.testing.assert_allclose(at_cells(values, cells), expected[:, cells].T, atol=1e-5)
