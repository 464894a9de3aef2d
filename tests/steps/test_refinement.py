from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neardepth.steps.refinement import (
    REFINEMENTS,
    Refinement,
    cross_bilateral,
    fill_unknown,
    guided,
    unrefined,
)

Depth = NDArray[np.float32]


def scene(seed: int = 0, holes: float = 0.0) -> tuple[Depth, NDArray[np.uint8]]:
    """Two flat surfaces with noise, and a photo with a colour edge between them."""
    random = np.random.default_rng(seed)
    depth = np.where(np.arange(24) < 12, 1.0, 4.0) + random.normal(0, 0.1, (20, 24))
    guide = np.where(np.arange(24)[:, None] < 12, 60, 190) + random.integers(-5, 6, (20, 24, 3))
    depth[random.random(depth.shape) < holes] = math.nan
    return depth.astype(np.float32), guide.astype(np.uint8)


def slow_cross_bilateral(
    depth: Depth, guide: NDArray[np.uint8], radius: int, sigma: float
) -> Depth:
    """The equation, pixel by pixel, on a disc of the radius; borders mirrored about the edge."""
    height, width = depth.shape
    pad = ((radius, radius), (radius, radius))
    values = np.pad(depth.astype(float), pad, mode="reflect")
    colours = np.pad(guide.astype(float), (*pad, (0, 0)), mode="reflect")
    out = np.full(depth.shape, math.nan)
    for y, x in np.ndindex(height, width):
        if math.isnan(depth[y, x]):
            continue
        total = share = 0.0
        for dy in range(-radius, radius + 1):
            for dx in range(-radius, radius + 1):
                value = values[y + radius + dy, x + radius + dx]
                if dy * dy + dx * dx > radius * radius or math.isnan(value):
                    continue
                colour = np.abs(
                    colours[y + radius + dy, x + radius + dx] - colours[y + radius, x + radius]
                )
                weight = math.exp(-(dy * dy + dx * dx) / (2 * (radius / 2) ** 2))
                weight *= math.exp(-(colour.sum() ** 2) / (2 * sigma**2))
                total += weight * value
                share += weight
        out[y, x] = total / share
    return out.astype(np.float32)


@pytest.mark.parametrize("holes", [0.0, 0.4])
def test_cross_bilateral_equals_its_equation(holes: float) -> None:
    depth, guide = scene(holes=holes)
    expected = slow_cross_bilateral(depth, guide, 3, 40.0)
    np.testing.assert_allclose(cross_bilateral(depth, guide, 3, 40.0), expected, rtol=2e-3)


def slow_guided(depth: Depth, guide: NDArray[np.uint8], radius: int, sigma: float) -> Depth:
    """The guided filter's own equations with plain window means (He et al., eqs. 14-16)."""

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        padded = np.pad(values, radius, mode="symmetric")
        windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 2)
        return np.asarray(windows.mean(axis=(2, 3)))

    colours = [guide[..., channel].astype(float) for channel in range(3)]
    target = depth.astype(float)
    means = [mean(colour) for colour in colours]
    covariance = np.empty((*depth.shape, 3, 3))
    right = np.empty((*depth.shape, 3))
    for i in range(3):
        right[..., i] = mean(colours[i] * target) - means[i] * mean(target)
        for j in range(3):
            covariance[..., i, j] = mean(colours[i] * colours[j]) - means[i] * means[j]
    slope = np.linalg.solve(covariance + sigma**2 * np.eye(3), right[..., None])[..., 0]
    offset = mean(target) - sum(slope[..., i] * means[i] for i in range(3))
    smooth = sum(mean(slope[..., i]) * colours[i] for i in range(3)) + mean(offset)
    return np.asarray(smooth, np.float32)


@pytest.mark.parametrize("radius", [1, 2])
def test_guided_equals_its_equations(radius: int) -> None:
    depth, guide = scene()
    expected = slow_guided(depth, guide, radius, 20.0)
    expected = np.clip(expected, depth.min(), depth.max())
    np.testing.assert_allclose(guided(depth, guide, radius, 20.0), expected, rtol=1e-3)


def test_wide_guided_windows_are_fitted_on_a_smaller_grid_with_much_the_same_result() -> None:
    depth, guide = (part.repeat(4, axis=0).repeat(4, axis=1) for part in scene())
    expected = slow_guided(depth, guide, 8, 20.0)
    change = np.abs(expected - depth).mean()
    assert np.abs(guided(depth, guide, 8, 20.0) - expected).mean() < 0.35 * change


@pytest.mark.parametrize("sigma", [0.01, 1.0, 5.0, 20.0])
@pytest.mark.parametrize("radius", [2, 8])
def test_guided_keeps_what_is_known_along_grey_photos(sigma: float, radius: int) -> None:
    """Their channels are the same: the equations are singular but for σ."""
    random = np.random.default_rng(0)
    grey = random.integers(0, 256, (80, 80, 1), np.uint8).repeat(3, axis=2)
    depth = random.uniform(1, 5, (80, 80)).astype(np.float32)
    refined = guided(depth, grey, radius, sigma)
    assert np.isfinite(refined).all()
    if sigma >= 5 and radius == 2:
        expected = np.clip(slow_guided(depth, grey, radius, sigma), depth.min(), depth.max())
        np.testing.assert_allclose(refined, expected, rtol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 4)])
@pytest.mark.parametrize("radius", [1, 8, 50])
def test_guided_takes_tiny_photos_and_single_points(shape: tuple[int, int], radius: int) -> None:
    guide = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    depth = np.full(shape, np.nan, np.float32)
    depth.flat[0] = 2
    refined = guided(depth, guide, radius, 20.0)
    np.testing.assert_array_equal(np.isfinite(refined), np.isfinite(depth))
    assert refined.flat[0] == pytest.approx(2)


@pytest.mark.parametrize("refine", [cross_bilateral, guided])
def test_refinement_smooths_surfaces_and_keeps_the_edge(refine: Refinement) -> None:
    depth, guide = scene()
    refined = refine(depth, guide, 4, 20.0)
    for side, level in ((slice(0, 11), 1.0), (slice(13, 24), 4.0)):
        assert refined[:, side].std() < 0.6 * depth[:, side].std()
        assert refined[:, side].mean() == pytest.approx(level, abs=0.1)


@pytest.mark.parametrize("refine", REFINEMENTS.values(), ids=REFINEMENTS.keys())
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), holes=st.floats(0, 1), scale=st.floats(0.1, 20))
def test_refinement_keeps_unknown_unknown_and_scales_with_depth(
    refine: Refinement, seed: int, holes: float, scale: float
) -> None:
    depth, guide = scene(seed, holes)
    refined = refine(depth, guide, 3, 30.0)
    np.testing.assert_array_equal(np.isnan(refined), np.isnan(depth))
    if not np.isnan(depth).all():
        assert np.nanmin(refined) >= np.nanmin(depth) * 0.999
        assert np.nanmax(refined) <= np.nanmax(depth) * 1.001
    scaled = refine(depth * np.float32(scale), guide, 3, 30.0)
    np.testing.assert_allclose(scaled, refined * scale, rtol=5e-3)


def room() -> tuple[Depth, NDArray[np.uint8]]:
    """A slanted wall and something before it, and a photo that tells them apart."""
    random = np.random.default_rng(3)
    rows, columns = np.mgrid[:96, :128]
    near = (rows > 40) & (columns > 50) & (columns < 90)
    depth = np.where(near, 1.5, 3 + columns / 100)
    guide = np.where(near, 70, 170)[..., None] + random.integers(-8, 9, (96, 128, 3))
    return depth.astype(np.float32), guide.astype(np.uint8)


@pytest.mark.parametrize("radius", [2, 8])
def test_a_hole_changes_nothing_far_from_it(radius: int) -> None:
    depth, guide = room()
    depth += np.random.default_rng(4).normal(0, 0.1, depth.shape).astype(np.float32)
    whole = guided(depth, guide, radius, 20.0)
    depth[:3, :3] = np.nan
    np.testing.assert_allclose(
        guided(depth, guide, radius, 20.0)[40:, 40:], whole[40:, 40:], atol=1e-5
    )


@pytest.mark.parametrize(("unknown", "most"), [(0.5, 0.04), (0.96, 0.08)])
def test_what_is_known_is_refined_well_between_holes(unknown: float, most: float) -> None:
    depth, guide = room()
    holes = np.random.default_rng(5).random(depth.shape) < unknown
    refined = guided(np.where(holes, np.float32(np.nan), depth), guide, 8, 20.0)
    assert np.abs(refined - depth)[~holes].mean() < most


def test_guided_takes_any_sigma() -> None:
    depth, guide = room()
    flat = guided(depth, guide, 8, 1e25)
    np.testing.assert_allclose(flat, guided(depth, guide, 8, 1e5), atol=1e-4)
    grey = guide[..., :1].repeat(3, axis=2)
    expected = slow_guided(depth, grey, 2, 5.0).clip(depth.min(), depth.max())
    np.testing.assert_allclose(guided(depth, grey, 2, 0.01), expected, rtol=2e-3)


def test_guided_depth_stays_within_what_was_fused() -> None:
    """A bright spot follows its window's line of colour and depth beyond its end."""
    near = np.arange(24) < 12
    depth = np.where(near, 1, 4) * np.ones((20, 1), np.float32)
    guide = np.where(near, 60, 190)[None, :, None] * np.ones((20, 1, 3), np.uint8)
    guide[8:10, 12] = 255
    depth, guide = depth.astype(np.float32), guide.astype(np.uint8)
    assert slow_guided(depth, guide, 2, 5.0).max() > 4.1
    assert guided(depth, guide, 2, 5.0).max() <= 4


def test_none_changes_nothing() -> None:
    depth, guide = scene()
    assert unrefined(depth, guide, 3, 30.0) is depth


@settings(deadline=None)
@given(seed=st.integers(0, 1000), holes=st.floats(0, 0.99))
def test_filling_keeps_the_known_and_stays_in_range(seed: int, holes: float) -> None:
    depth, _ = scene(seed, holes)
    filled = fill_unknown(depth)
    known = ~np.isnan(depth)
    np.testing.assert_array_equal(filled[known], depth[known])
    if known.any():
        assert not np.isnan(filled).any()
        assert filled.min() >= depth[known].min() * 0.999
        assert filled.max() <= depth[known].max() * 1.001


def test_nothing_known_stays_unknown() -> None:
    assert np.isnan(fill_unknown(np.full((5, 7), math.nan, np.float32))).all()
