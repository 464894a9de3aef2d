from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neardepth.errors import MethodError
from neardepth.steps.tiling import cut_tiles, tile_edges


@given(length=st.integers(1, 5000), parts=st.integers(1, 16))
def test_edges_part_the_length_evenly(length: int, parts: int) -> None:
    edges = tile_edges(length, parts)
    sizes = np.diff(edges)
    assert edges[0] == 0
    assert edges[-1] == length
    assert sizes.max() - sizes.min() <= 1


def test_tiles_are_crops_in_reading_order_when_no_resize_is_needed() -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    tiles = cut_tiles(image, (4, 4), (12, 16))
    assert tiles.shape == (16, 12, 16, 3)
    for row in range(4):
        for column in range(4):
            crop = image[row * 12 : row * 12 + 12, column * 16 : column * 16 + 16]
            np.testing.assert_array_equal(tiles[row * 4 + column], crop)


def test_resize_is_bilinear() -> None:
    """Doubling with pixel centres at half integers: weights 3/4 and 1/4, edges repeated."""
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 1] = 100
    image[1, 0] = 200
    tile = cut_tiles(image, (1, 1), (4, 4))[0, :, :, 0].astype(float)
    along = np.array([[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    expected = along @ image[:, :, 0].astype(float) @ along.T
    np.testing.assert_allclose(tile, expected, atol=0.51)


def test_a_photo_smaller_than_the_grid_is_refused() -> None:
    with pytest.raises(MethodError, match="3×3 px cannot be cut into 4×4"):
        cut_tiles(np.zeros((3, 3, 3), np.uint8), (4, 4), (8, 8))
