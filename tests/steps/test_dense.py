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
    interpolation,
    mirrored,
    pooled,
    resample,
)

SHAPES = {"stride16": (3, 30, 40), "stride32": (2, 15, 20)}


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


def test_resample_is_the_mean_of_each_block() -> None:
    values = maps()["stride16"]
    expected = values.reshape(1, 3, 6, 5, 8, 5).mean(axis=(3, 5))
    np.testing.assert_allclose(resample(values, (6, 8)), expected, atol=1e-5)


@pytest.mark.parametrize(("cells", "length"), [(30, 15), (40, 20), (30, 30), (40, 7), (5, 1)])
def test_interpolation_is_opencvs(cells: int, length: int) -> None:
    line = np.random.default_rng(1).normal(size=(1, length)).astype(np.float32)
    expected = cv2.resize(line, (cells, 1), interpolation=cv2.INTER_LINEAR)[0]
    np.testing.assert_allclose(interpolation(cells, length) @ line[0], expected, atol=1e-5)


def test_pooled_lies_level_by_level() -> None:
    given_maps = maps(count=2)
    features = pooled(given_maps)
    sizes = [SHAPES[level][0] * rows * columns for level, (rows, columns) in GRIDS.items()]
    assert features.shape == (2, sum(sizes))
    first = resample(given_maps["stride16"], GRIDS["stride16"]).reshape(2, -1)
    np.testing.assert_array_equal(features[:, : sizes[0]], first)


def test_mirrored_features_are_those_of_mirrored_maps() -> None:
    given_maps = maps(count=2)
    channels = {level: shape[0] for level, shape in SHAPES.items()}
    flipped = pooled({level: values[..., ::-1] for level, values in given_maps.items()})
    features = pooled(given_maps)
    np.testing.assert_allclose(mirrored(features, channels), flipped, atol=1e-5)
    np.testing.assert_array_equal(mirrored(mirrored(features, channels), channels), features)


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
