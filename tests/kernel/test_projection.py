"""Codes: they keep what sets photos apart, and know mirror images by their signs."""

from __future__ import annotations

import numpy as np
import pytest

from kernel.test_fitting import LAYOUT, photo_maps, row
from neardepth.kernel.projection import project
from neardepth.steps.dense import GRIDS, pooled

PAIRS = 12


def test_codes_are_those_of_the_projection_and_mirror_images_have_opposite_odd_numbers() -> None:
    rows = np.stack([row(seed) for seed in range(PAIRS)])
    (projection,), codes, _ = project([LAYOUT], [rows], 2)
    evens = projection.even.shape[1]
    np.testing.assert_allclose(
        projection.codes(LAYOUT.view(rows, 1).astype(np.float32)), codes[:, 1], atol=1e-4
    )
    maps = photo_maps(99)
    flipped = {level: np.ascontiguousarray(values[..., ::-1]) for level, values in maps.items()}
    one, other = (projection.codes(pooled(m)) for m in (maps, flipped))
    np.testing.assert_allclose(one[:, :evens], other[:, :evens], atol=1e-4)
    np.testing.assert_allclose(one[:, evens:], -other[:, evens:], atol=1e-4)
    assert np.abs(one[:, evens:]).max() > 0.01


def test_components_keep_the_distances_of_the_pools_images() -> None:
    rows = np.stack([row(seed) for seed in range(PAIRS)])
    (projection,), codes, energy = project([LAYOUT], [rows], 1)
    features = LAYOUT.view(rows, 0).astype(np.float32) * projection.scale - projection.centre
    distances = ((features[:, None] - features[None]) ** 2).sum(axis=2)
    found = ((codes[:, None, 0] - codes[None, :, 0]) ** 2).sum(axis=2)
    np.testing.assert_allclose(found, distances, rtol=0.02, atol=1e-3)
    np.testing.assert_allclose(energy, (features**2).sum(axis=1), rtol=1e-4)


def test_levels_weigh_as_they_are_told_to() -> None:
    """Standardised features have the energy of their level's weight, over photos and cells."""
    rows = np.stack([row(seed) for seed in range(200)])
    (projection,), _, _ = project([LAYOUT], [rows], 1)
    features = LAYOUT.view(rows, 0).astype(np.float32) * projection.scale - projection.centre
    sums, differences = LAYOUT.halves
    energies = dict.fromkeys(GRIDS, 0.0)
    start = 0
    for half in (sums, differences):
        for level, size in half.items():
            energies[level] += float((features[:, start : start + size] ** 2).sum(axis=1).mean())
            start += size
    assert energies["stride16"] == pytest.approx(1.0, rel=0.15)  # ten photos of usual variance
    assert energies["stride32"] == pytest.approx(2.5, rel=0.15)


def test_photos_that_are_all_alike_have_one_code() -> None:
    rows = np.stack([row(3)] * 4)
    _, codes, _ = project([LAYOUT], [rows], 1)
    assert codes.shape[2] >= 1
    np.testing.assert_allclose(codes, codes[:1].repeat(4, axis=0), atol=1e-2)
