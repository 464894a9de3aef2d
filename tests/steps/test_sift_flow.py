from __future__ import annotations

import numpy as np
import pytest

from neardepth.steps.sift_flow import dense_sift, sift_flow, warp
from scenes import scene


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    random = np.random.default_rng(3)
    image = scene(5, (96, 128))[0].astype(int)
    return np.clip(image + random.integers(-25, 26, (96, 128, 1)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("shift", [(0, 0), (4, -6), (-8, 2)])
def test_a_shifted_photo_is_found_where_it_went(photo: np.ndarray, shift: tuple[int, int]) -> None:
    moved = np.roll(photo, shift, axis=(0, 1))
    flow = sift_flow(photo, moved[None])
    inner = (slice(16, -16), slice(16, -16))
    for offsets, expected in zip(flow.offsets[0], shift, strict=True):
        assert (offsets[inner] == expected).mean() > 0.95


def test_a_photo_matches_itself_better_than_another(photo: np.ndarray) -> None:
    other = scene(9, (96, 128))[0]
    flow = sift_flow(photo, np.stack([photo, other]))
    assert not flow.offsets[0].any()
    assert flow.difference[0].max() == 0
    assert flow.difference[1].mean() > 100


def test_photos_of_one_call_do_not_meddle_with_each_other(photo: np.ndarray) -> None:
    others = np.stack([np.roll(photo, 4, axis=1), scene(9, (96, 128))[0]])
    both = sift_flow(photo, others)
    for index in range(2):
        alone = sift_flow(photo, others[index : index + 1])
        assert np.array_equal(alone.offsets[0], both.offsets[index])


def test_warping_takes_values_from_where_the_flow_leads() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    offsets = np.zeros((2, 3, 4), np.intp)
    offsets[1] = 1
    assert warp(values, offsets).tolist() == [[1, 2, 3, 3], [5, 6, 7, 7], [9, 10, 11, 11]]


def test_descriptors_have_lowes_norm_and_follow_the_picture(photo: np.ndarray) -> None:
    descriptors = dense_sift(photo)
    assert descriptors.shape == (96, 128, 128)
    norms = np.linalg.norm(descriptors.astype(float), axis=2)
    assert np.median(norms) == pytest.approx(255, abs=6)
    moved = dense_sift(np.roll(photo, 10, axis=1))
    inner = (slice(20, -20), slice(30, -30))
    assert np.array_equal(np.roll(descriptors, 10, axis=1)[inner], moved[inner])


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (240, 20)])
def test_any_size_from_16_pixels_gets_a_flow_of_its_own_shape(size: tuple[int, int]) -> None:
    first, second = scene(1, (64, 64))[0], scene(2, (64, 64))[0]
    rows, columns = np.arange(size[0]) % 64, np.arange(size[1]) % 64
    flow = sift_flow(first[rows][:, columns], second[rows][:, columns][None])
    assert flow.offsets.shape == (1, 2, *size)
    assert flow.difference.shape == (1, *size)
