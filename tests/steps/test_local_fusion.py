"""Fusions that look at the photos: local medians and stacking of local cues."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import lsq_linear

from neardepth.steps.cues import local_cues
from neardepth.steps.dense import CELLS
from neardepth.steps.fusion import weighted_median
from neardepth.steps.local_median import local_median
from neardepth.steps.stacking import _second_level, stacked_depth
from scenes import scene

SIZE = (96, 128)


def neighbours(count: int, first: int = 10) -> tuple[np.ndarray, np.ndarray]:
    pairs = [scene(seed, SIZE) for seed in range(first, first + count)]
    return np.stack([photo for photo, _ in pairs]), np.stack([depth for _, depth in pairs])


@pytest.mark.parametrize("fuse", [local_median, stacked_depth])
def test_equal_depth_is_the_answer_whatever_the_photos_show(fuse) -> None:
    photos, depths = neighbours(4)
    constant = np.full_like(depths, 2.5)
    found = fuse(scene(3, SIZE)[0], photos, constant, np.ones(4, np.float32))
    assert found.shape == SIZE
    assert np.abs(found - 2.5).max() < 1e-4


@pytest.mark.parametrize("fuse", [local_median, stacked_depth])
def test_depth_scales_with_the_neighbours_depth(fuse) -> None:
    photos, depths = neighbours(5)
    photo, weights = scene(3, SIZE)[0], np.linspace(1, 0.4, 5).astype(np.float32)
    once = fuse(photo, photos, depths, weights)
    assert fuse(photo, photos, 3 * depths, weights) == pytest.approx(3 * once, rel=2e-3)


@pytest.mark.parametrize("fuse", [local_median, stacked_depth])
@pytest.mark.parametrize("count", [1, 2])
def test_one_or_two_neighbours_with_holes_do(fuse, count: int) -> None:
    photos, depths = neighbours(count)
    depths[:, 20:40, 30:60] = np.nan
    found = fuse(scene(3, SIZE)[0], photos, depths, np.ones(count, np.float32))
    assert np.isfinite(found).mean() > 0.8


def test_what_nobody_knows_is_unknown_to_all() -> None:
    photos, depths = neighbours(2)
    nothing = np.full_like(depths, np.nan)
    for fuse in (local_median, stacked_depth):
        assert np.isnan(fuse(photos[0], photos, nothing, np.ones(2, np.float32))).all()


def test_stacking_learns_a_cue_that_tells_depth() -> None:
    """Bright is near in every neighbour: no map of theirs fits, and brightness alone says it."""
    random = np.random.default_rng(1)

    def pair() -> tuple[np.ndarray, np.ndarray]:
        blocks = random.uniform(0, 1, (6, 8)).repeat(16, axis=0).repeat(16, axis=1)
        photo = (60 + 150 * blocks)[..., None].repeat(3, axis=2).astype(np.uint8)
        return photo, (1.5 + 3 * (1 - blocks)).astype(np.float32)

    photo, truth = pair()
    photos, depths = map(np.stack, zip(*(pair() for _ in range(8)), strict=True))
    weights = np.ones(8, np.float32)
    found = stacked_depth(photo, photos, depths, weights)
    plain = weighted_median(depths, weights)
    assert np.abs(found - truth).mean() < 0.6 * np.abs(plain - truth).mean()


def test_the_second_level_minimises_the_squared_error_with_no_weight_below_zero() -> None:
    """Against SciPy's bounded least squares, where a plain solution would have negative weights."""
    random = np.random.default_rng(4)
    held = random.normal(1, 0.3, (4, 6, 50)).astype(np.float32)
    targets = (0.9 * held[0] - 0.4 * held[1] + 0.3 * held[3]).astype(np.float32)
    level = targets.mean()
    rows = (held - level).reshape(4, -1).T.astype(float)
    reference = lsq_linear(rows, (targets - level).ravel().astype(float), (0, np.inf)).x
    answers = random.normal(1, 0.3, (4, 50)).astype(np.float32)
    found = _second_level(answers, held, targets, np.ones(6, np.float32))
    assert reference.min() < 1e-6
    assert found == pytest.approx(level + reference @ (answers - level), abs=1e-4)


def test_cues_cover_all_cells_and_sharp_is_told_from_blurred() -> None:
    photo = np.random.default_rng(0).integers(0, 255, (*SIZE, 3)).astype(np.uint8)
    cues, soft = local_cues(photo), local_cues(cv2.GaussianBlur(photo, (0, 0), 2))
    assert set(cues) == {"texture", "colour", "blurriness", "height"}
    for values in cues.values():
        assert values.shape[0] == CELLS[0] * CELLS[1]
        assert np.isfinite(values).all()
    sharper = cues["blurriness"][:, 0] > soft["blurriness"][:, 0]
    assert sharper.mean() > 0.8


@settings(max_examples=50, deadline=None)
@given(
    hnp.arrays(np.float32, (5, 2, 3), elements=st.floats(0.5, 20, width=32)),
    hnp.arrays(np.float32, (5, 2, 3), elements=st.floats(0.125, 4, width=32)),
)
def test_a_median_with_weights_of_each_pixel_is_that_of_each_pixel(
    depths: np.ndarray, weights: np.ndarray
) -> None:
    found = weighted_median(depths, weights)
    for row in range(2):
        for column in range(3):
            pixel = (slice(None), slice(row, row + 1), slice(column, column + 1))
            alone = weighted_median(depths[pixel], weights[:, row, column])
            assert found[row, column] == alone[0, 0]
