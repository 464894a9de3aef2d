"""Kernel width and noise: chosen where depth says so, left alone where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.kernel import setting as module
from neardepth.kernel.folds import blocks_of, fold_metrics
from neardepth.kernel.mirror import Basis
from neardepth.kernel.setting import SETTINGS, USUAL, Setting, choose
from neardepth.kernel.targets import Targets

NUMBERS, EVENS, EVEN_TARGETS = 6, 3, 1
Matrix = NDArray[np.float32]
BASIS = Basis(np.eye(2, 8, dtype=np.float32), EVEN_TARGETS)
RIDGES = sorted({setting.ridge for setting in SETTINGS})
WIDTHS = sorted({setting.width for setting in SETTINGS})


def photos_of(pairs: int) -> Matrix:
    return np.random.default_rng(0).normal(size=(pairs, NUMBERS)).astype(np.float32)


def sums(photos: Matrix) -> Matrix:
    """Return an even number of three even directions and an odd one of three odd directions."""
    return np.stack([photos[:, :EVENS].sum(axis=1), photos[:, EVENS:].sum(axis=1)], axis=1)


def noisy(depth: Matrix, noise: float) -> Matrix:
    random = np.random.default_rng(0)
    random.normal(size=(len(depth), NUMBERS))  # those are the photos
    return depth + noise * random.normal(size=depth.shape)


def chosen(
    photos: Matrix, depth: Matrix, images: int = 1, unknown: tuple[slice | int, ...] = ()
) -> Setting:
    """Choose by photos of two coefficients of depth each; so many images of each are all alike."""
    components = photos[:, None].repeat(images, axis=1).astype(np.float32)
    coefficients = depth[:, None].repeat(images, axis=1).astype(np.float32)
    targets = Targets(coefficients, EVEN_TARGETS)
    blocks = blocks_of(len(photos))
    folds = fold_metrics(components, EVENS, targets, blocks)
    log_depth = coefficients[:, 0] @ BASIS.maps
    log_depth[::7, 0] = np.nan
    log_depth[3] = np.nan
    if unknown:
        log_depth[unknown] = np.nan
    return choose(components, log_depth, targets, BASIS, blocks, folds)


def test_depth_without_noise_is_fitted_closely() -> None:
    photos = photos_of(300)
    assert chosen(photos, np.tanh(sums(photos))).ridge == RIDGES[0]


def test_noisy_depth_is_smoothed() -> None:
    photos = photos_of(300)
    assert chosen(photos, noisy(sums(photos), 3)).ridge == RIDGES[-1]


def test_depth_that_changes_slowly_takes_a_wide_kernel() -> None:
    photos = photos_of(300)
    assert chosen(photos, sums(photos)).width == WIDTHS[0]


def test_depth_that_changes_fast_takes_a_narrow_kernel() -> None:
    photos = photos_of(600)
    photos[:, [1, 2, 4, 5]] *= 0.01
    assert chosen(photos, np.sin(6 * sums(photos))).width == WIDTHS[-1]


def test_what_is_not_clearly_better_is_not_taken() -> None:
    photos = photos_of(40)
    assert chosen(photos, noisy(np.zeros((40, 2)), 1)) == USUAL
    assert chosen(photos, np.zeros((40, 2))) == USUAL


def test_too_few_pairs_to_choose_by(monkeypatch: pytest.MonkeyPatch) -> None:
    photos = photos_of(40)
    depth = np.tanh(sums(photos))
    assert chosen(photos, depth) != USUAL
    monkeypatch.setattr(module, "_CLEAR", 0)
    assert chosen(photos[:19], depth[:19]) == USUAL
    assert chosen(photos, depth, unknown=(slice(21, None),)) != USUAL  # the fourth is unknown too
    assert chosen(photos, depth, unknown=(slice(20, None),)) == USUAL


def test_what_is_unknown_is_not_taken_for_zero() -> None:
    photos = photos_of(300)
    depth = np.tanh(sums(photos))
    depth[:, 0] = noisy(depth[:, 0], 50)
    assert chosen(photos, depth).ridge == RIDGES[-1]
    assert chosen(photos, depth, unknown=(slice(None), 0)).ridge == RIDGES[0]


def test_frames_of_one_scene_do_not_vouch_for_each_other() -> None:
    """What is the same all over a block is known from its other frames, and from no other block."""
    random = np.random.default_rng(2)
    blocks = blocks_of(300)
    photos = random.normal(size=(10, NUMBERS))[blocks] + 0.05 * random.normal(size=(300, NUMBERS))
    depth = random.normal(size=(10, 2))[blocks]
    assert chosen(photos, depth).ridge != RIDGES[0]


def test_more_images_of_a_pair_are_less_noise() -> None:
    photos = photos_of(160)
    depth = noisy(sums(photos), 0.2)
    assert chosen(photos, depth, images=4).ridge > chosen(photos, depth).ridge


def test_photos_are_judged_and_not_their_other_images() -> None:
    """Those are far from everything here, and no setting says anything of them."""
    photos = photos_of(200)
    others = 4 * np.random.default_rng(3).normal(size=photos.shape)
    components = np.stack([photos, others], axis=1).astype(np.float32)
    depth = np.tanh(sums(photos))
    coefficients = np.stack([depth, np.zeros_like(depth)], axis=1).astype(np.float32)
    targets = Targets(coefficients, EVEN_TARGETS)
    blocks = blocks_of(200)
    folds = fold_metrics(components, EVENS, targets, blocks)
    said = choose(components, depth @ BASIS.maps, targets, BASIS, blocks, folds)
    assert said.ridge == RIDGES[0]


def test_large_pools_are_chosen_for_by_a_part_of_their_images(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sizes: list[int] = []
    solver = module.exact_solver

    def counting(*given: object) -> object:
        sizes.append(len(given[0].even))  # type: ignore[attr-defined]
        return solver(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_IMAGES", 200)
    monkeypatch.setattr(module, "exact_solver", counting)
    photos = photos_of(300)
    assert chosen(photos, np.tanh(sums(photos)), images=2).ridge == RIDGES[0]
    assert set(sizes) == {200}
