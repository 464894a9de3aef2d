from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from neardepth.steps.fusion import FUSIONS, Fusion, log_mean, spread, weighted_mean, weighted_median

Depths = NDArray[np.float32]

cell = st.one_of(st.just(math.nan), st.floats(0.125, 80, width=32))
depth_maps = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 6), st.just(2), st.just(3)), elements=cell
)


def weights_for(depths: Depths, seed: int = 0) -> Depths:
    return np.random.default_rng(seed).uniform(0.1, 1, len(depths)).astype(np.float32)


def known_cells(
    depths: Depths, weights: Depths
) -> list[tuple[tuple[int, int], list[tuple[float, float]]]]:
    """Each pixel's (depth, weight) pairs of the neighbours that know it: the slow, plain way."""
    cells = []
    for row, column in np.ndindex(depths.shape[1:]):
        pairs = [
            (float(depth[row, column]), float(weight))
            for depth, weight in zip(depths, weights, strict=True)
            if not math.isnan(depth[row, column])
        ]
        cells.append(((row, column), pairs))
    return cells


@given(depths=depth_maps, seed=st.integers(0, 50))
def test_means_equal_the_plain_sums(depths: Depths, seed: int) -> None:
    weights = weights_for(depths, seed)
    arithmetic, geometric = weighted_mean(depths, weights), log_mean(depths, weights)
    for at, pairs in known_cells(depths, weights):
        if not pairs:
            assert np.isnan(arithmetic[at])
            assert np.isnan(geometric[at])
            continue
        total = sum(weight for _, weight in pairs)
        assert arithmetic[at] == pytest.approx(sum(d * w for d, w in pairs) / total, rel=1e-4)
        logs = sum(math.log(d) * w for d, w in pairs) / total
        assert geometric[at] == pytest.approx(math.exp(logs), rel=1e-4)


@given(depths=depth_maps, repeats=st.lists(st.integers(1, 4), min_size=6, max_size=6))
def test_weighted_median_is_the_median_of_repeated_maps(depths: Depths, repeats: list[int]) -> None:
    counts = np.array(repeats[: len(depths)])
    fused = weighted_median(depths, counts.astype(np.float32))
    repeated = np.repeat(depths, counts, axis=0)
    for at in np.ndindex(fused.shape):
        values = repeated[(slice(None), *at)]
        values = values[~np.isnan(values)]
        expected = np.median(values) if len(values) else math.nan
        assert fused[at] == pytest.approx(expected, rel=1e-5, nan_ok=True)


@pytest.mark.parametrize("fusion", FUSIONS.values(), ids=FUSIONS.keys())
@given(depths=depth_maps, scale=st.floats(0.1, 10))
def test_fusion_scales_with_depth(fusion: Fusion, depths: Depths, scale: float) -> None:
    weights = weights_for(depths)
    scaled = fusion((depths * np.float32(scale)).astype(np.float32), weights)
    np.testing.assert_allclose(scaled, fusion(depths, weights) * scale, rtol=1e-4)


@pytest.mark.parametrize("fusion", FUSIONS.values(), ids=FUSIONS.keys())
@given(depths=depth_maps)
def test_fused_depth_lies_between_the_neighbours(fusion: Fusion, depths: Depths) -> None:
    fused = fusion(depths, weights_for(depths))
    for at, pairs in known_cells(depths, weights_for(depths)):
        if pairs:
            values = [depth for depth, _ in pairs]
            assert min(values) * (1 - 1e-4) <= fused[at] <= max(values) * (1 + 1e-4)


@pytest.mark.parametrize("fusion", FUSIONS.values(), ids=FUSIONS.keys())
def test_one_neighbour_is_returned_as_it_is(fusion: Fusion) -> None:
    depth = np.array([[[1.5, math.nan], [3.0, 4.0]]], np.float32)
    np.testing.assert_allclose(fusion(depth, np.array([0.3], np.float32)), depth[0], rtol=1e-6)


def test_spread_is_the_weighted_standard_deviation() -> None:
    depths = np.array([[[1.0, 2.0]], [[3.0, math.nan]]], np.float32)
    weights = np.array([1, 3], np.float32)
    disagreement = spread(depths, weights, weighted_mean(depths, weights))
    assert disagreement[0, 0] == pytest.approx(math.sqrt(0.25 * 1.5**2 + 0.75 * 0.5**2))
    assert np.isnan(disagreement[0, 1])


@pytest.mark.parametrize("weights", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, math.nan]])
def test_weights_that_do_not_fit_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="positive weights"):
        weighted_mean(np.ones((2, 1, 1), np.float32), np.array(weights, np.float32))
