"""Even and odd halves: what they stand for in mirror images."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.kernel.mirror import distances, fold, kernels, principal
from neardepth.steps.dense import CELLS
from neardepth.steps.ridge import rational_quadratic
from textbook import squared_distances

EVENS = 4
Matrix = NDArray[np.float32]


def codes(seed: int, count: int) -> Matrix:
    return np.random.default_rng(seed).normal(size=(count, 7)).astype(np.float32)


def reflected(values: Matrix) -> Matrix:
    return np.concatenate([values[:, :EVENS], -values[:, EVENS:]], axis=1)


def flipped(maps: Matrix) -> Matrix:
    return maps.reshape(-1, *CELLS)[..., ::-1].reshape(maps.shape)


def test_distances_to_an_image_and_to_its_mirror_image() -> None:
    x, y = codes(0, 6), codes(1, 9)
    near, mirrored = distances(x, y, EVENS)
    np.testing.assert_allclose(near, squared_distances(x, y), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(mirrored, squared_distances(x, reflected(y)), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("evens", [0, 7])
def test_codes_may_be_all_even_or_all_odd(evens: int) -> None:
    x = codes(0, 5)
    near, mirrored = distances(x, x, evens)
    other = x if evens else -x
    np.testing.assert_allclose(mirrored, squared_distances(x, other), rtol=1e-4, atol=1e-4)
    assert near.diagonal() == pytest.approx(0, abs=1e-5)


def test_kernels_are_sum_and_difference() -> None:
    x, y = codes(0, 6), codes(1, 9)
    near, mirrored = (
        rational_quadratic(squared_distances(x, part), 0.3) for part in (y, reflected(y))
    )
    found = kernels(x, y, EVENS, 0.3)
    np.testing.assert_allclose(found.even, near + mirrored, rtol=1e-4)
    np.testing.assert_allclose(found.odd, near - mirrored, atol=1e-5)


def test_folding_is_a_rotation() -> None:
    maps = np.random.default_rng(0).normal(size=(3, CELLS[0] * CELLS[1])).astype(np.float32)
    even, odd = fold(maps)
    np.testing.assert_allclose(even @ even.T + odd @ odd.T, maps @ maps.T, rtol=1e-3, atol=1e-2)
    again, opposite = fold(flipped(maps))
    np.testing.assert_allclose(again, even, atol=1e-5)
    np.testing.assert_allclose(opposite, -odd, atol=1e-5)


@pytest.mark.parametrize("rank", [1, 5, 40])
def test_principal_maps_are_those_of_maps_and_mirror_images(rank: int) -> None:
    random = np.random.default_rng(1)
    size = CELLS[0] * CELLS[1]
    maps = (random.normal(size=(20, 6)) @ random.normal(size=(6, size))).astype(np.float32)
    basis = principal(maps, rank)
    assert basis.maps.shape == (rank, size)
    np.testing.assert_allclose(basis.maps @ basis.maps.T, np.eye(rank), atol=1e-5)
    even, odd = basis.maps[: basis.evens], basis.maps[basis.evens :]
    np.testing.assert_allclose(flipped(even), even, atol=1e-6)
    np.testing.assert_allclose(flipped(odd), -odd, atol=1e-6)
    both = np.concatenate([maps, flipped(maps)]).astype(np.float64)
    values = np.linalg.svd(both, compute_uv=False)
    kept = float(((both @ basis.maps.T) ** 2).sum())
    assert kept == pytest.approx(float((values[:rank] ** 2).sum()), rel=1e-4)
