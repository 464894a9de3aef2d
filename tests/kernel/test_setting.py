"""Kernel width and noise: chosen where depth says so, left alone where it does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.folds import blocks_of, fold_metrics
from neardepth.kernel.mirror import Basis
from neardepth.kernel.setting import SETTINGS, USUAL, Setting, choose
from neardepth.kernel.targets import Targets

NUMBERS, EVENS, EVEN_TARGETS = 6, 3, 1
Matrix = NDArray[np.float32]
BASIS = Basis(np.eye(2, 8, dtype=np.float32), EVEN_TARGETS)


def chosen(pairs: int, depth: Callable[[Matrix], Matrix], noise: float = 0.0) -> Setting:
    random = np.random.default_rng(0)
    photos = random.normal(size=(pairs, NUMBERS)).astype(np.float32)
    # An even number of three even directions and an odd one of three odd directions.
    coefficients = np.stack(
        [depth(photos[:, :EVENS].sum(axis=1)), depth(photos[:, EVENS:].sum(axis=1))], axis=1
    )
    coefficients += noise * random.normal(size=coefficients.shape)
    coefficients = coefficients.astype(np.float32)
    blocks = blocks_of(pairs)
    folds = fold_metrics(
        photos[:, None], EVENS, Targets(coefficients[:, None], EVEN_TARGETS), blocks
    )
    log_depth = coefficients @ BASIS.maps
    log_depth[::7, 0] = np.nan
    log_depth[3] = np.nan
    return choose(photos, log_depth, coefficients, BASIS, blocks, folds)


def test_depth_without_noise_is_fitted_closely() -> None:
    assert chosen(300, np.tanh).ridge == min(setting.ridge for setting in SETTINGS)


def test_noisy_depth_is_smoothed() -> None:
    found = chosen(300, lambda x: x, noise=3)
    assert found.ridge == max(setting.ridge for setting in SETTINGS)


def test_what_is_not_clearly_better_is_not_taken() -> None:
    assert chosen(40, np.zeros_like, noise=1) == USUAL
    assert chosen(40, np.zeros_like) == USUAL


def test_too_few_pairs_to_choose_by() -> None:
    assert chosen(40, np.tanh) != USUAL
    assert chosen(19, np.tanh) == USUAL
