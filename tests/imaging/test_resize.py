"""Resizing: unknown never mixes into known, and plain maps take the plain path."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_depth, resize_photo

SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


@st.composite
def depth_maps(draw: st.DrawFn) -> NDArray[np.float32]:
    """Maps with between none and all of the pixels known."""
    size = draw(SIZES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    depth = rng.uniform(0.5, 80.0, size).astype(np.float32)
    depth[rng.random(size) < draw(st.sampled_from([0.0, 0.1, 0.5, 0.96, 1.0]))] = np.nan
    return depth


@settings(max_examples=150, deadline=None)
@given(depth_maps(), SIZES)
def test_never_outside_the_known_range(depth: NDArray[np.float32], size: tuple[int, int]) -> None:
    resized = resize_depth(depth, size)
    assert resized.shape == size
    assert resized.dtype == np.float32
    known = resized[np.isfinite(resized)]
    if not np.isfinite(depth).any():
        assert known.size == 0
    elif known.size:
        assert known.min() >= np.nanmin(depth) * (1 - 1e-6)
        assert known.max() <= np.nanmax(depth) * (1 + 1e-6)


@settings(max_examples=100, deadline=None)
@given(depth_maps(), SIZES, st.floats(0.001, 100.0))
def test_constant_stays_constant(
    depth: NDArray[np.float32], size: tuple[int, int], value: float
) -> None:
    flat = np.where(np.isfinite(depth), np.float32(value), np.float32(np.nan))
    resized = resize_depth(flat, size)
    known = resized[np.isfinite(resized)]
    np.testing.assert_allclose(known, np.float32(value), rtol=1e-6)
    if np.isfinite(depth).all():
        assert known.size == resized.size


@settings(max_examples=100, deadline=None)
@given(depth_maps(), SIZES, st.floats(0.01, 100.0))
def test_scaling_the_depth_scales_the_result(
    depth: NDArray[np.float32], size: tuple[int, int], scale: float
) -> None:
    np.testing.assert_allclose(
        resize_depth(depth * np.float32(scale), size),
        resize_depth(depth, size) * np.float32(scale),
        rtol=1e-5,
    )


@settings(max_examples=100, deadline=None)
@given(depth_maps(), SIZES)
def test_known_only_where_something_known_contributes(
    depth: NDArray[np.float32], size: tuple[int, int]
) -> None:
    known = np.isfinite(depth).astype(np.float64)
    resized = np.isfinite(resize_depth(depth, size))
    height, width = depth.shape
    if size[0] <= height and size[1] <= width:
        # Area weights in double precision: OpenCV leaves out shares under 0.1 %.
        weight = area_matrix(height, size[0]) @ known @ area_matrix(width, size[1]).T
        assert not resized[weight < 1e-9].any()
        assert resized[weight > 5e-3].all()
    if size[0] >= height and size[1] >= width:
        weight = cv2.resize(known, size[::-1], interpolation=cv2.INTER_LINEAR)
        assert not resized[weight < 0.5 - 1e-4].any()
        assert resized[weight > 0.5 + 1e-4].all()


def area_matrix(source: int, target: int) -> NDArray[np.float64]:
    """Row i holds each source pixel's share of target pixel i."""
    edges = np.arange(target + 1) * source / target
    low, high = edges[:-1, None], edges[1:, None]
    pixels = np.arange(source)[None]
    overlap = np.clip(np.minimum(high, pixels + 1) - np.maximum(low, pixels), 0, None)
    return overlap / overlap.sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("size", "interpolation"),
    [((60, 80), cv2.INTER_AREA), ((37, 53), cv2.INTER_AREA), ((250, 400), cv2.INTER_LINEAR)],
)
def test_dense_maps_equal_opencv(size: tuple[int, int], interpolation: int) -> None:
    depth = np.random.default_rng(1).uniform(1, 10, (120, 160)).astype(np.float32)
    expected = cv2.resize(depth, size[::-1], interpolation=interpolation)
    assert np.array_equal(resize_depth(depth, size), expected)


def test_shrinking_is_the_mean_of_what_is_known() -> None:
    depth = np.array([[1, np.nan], [3, np.nan]], np.float32).repeat(2, 1)
    assert np.array_equal(
        resize_depth(depth, (1, 2)), np.array([[2, np.nan]], np.float32), equal_nan=True
    )


def test_a_hole_keeps_its_size_when_enlarged() -> None:
    depth = np.ones((30, 30), np.float32)
    depth[10:20, 10:20] = np.nan
    share = np.isnan(resize_depth(depth, (300, 300))).mean()
    assert share == pytest.approx(1 / 9, abs=0.004)


def test_same_size_returns_the_input() -> None:
    depth = np.full((4, 5), np.nan, np.float32)
    assert resize_depth(depth, (4, 5)) is depth


def test_one_side_shorter_the_other_longer() -> None:
    depth = np.full((40, 10), 2.0, np.float32)
    depth[::2] = np.nan
    resized = resize_depth(depth, (20, 30))
    assert np.array_equal(resized, np.full((20, 30), 2.0, np.float32))


def test_photos_keep_their_channels() -> None:
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    assert resize_photo(image, (24, 32)).shape == (24, 32, 3)
    assert np.array_equal(
        resize_photo(image, (96, 128)), cv2.resize(image, (128, 96), interpolation=1)
    )
    assert resize_photo(image[..., 0], (24, 32)).shape == (24, 32)
