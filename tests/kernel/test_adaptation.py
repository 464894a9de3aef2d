"""What is learned of a prior's errors: what they have in common, and nothing of noise."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kernel.test_fitting import SEEDS, fitted, photo_maps
from neardepth.kernel.adaptation import Adaptation, adapt
from neardepth.kernel.model import KernelModel
from neardepth.steps.dense import CELLS, pooled

ODD = list(range(300, 324))
COUNT = CELLS[0] * CELLS[1]


@pytest.fixture(scope="module")
def model() -> KernelModel:
    return fitted(SEEDS).model


def codes_of(model: KernelModel, seeds: list[int]) -> NDArray[np.float32]:
    return np.concatenate([model.codes([pooled(photo_maps(seed))]) for seed in seeds])


def adapted(model: KernelModel, errors: NDArray[np.float32]) -> Adaptation:
    seeds = ODD[: len(errors)]
    residual = np.zeros(len(seeds), np.float32)
    return adapt(model, codes_of(model, seeds), residual, errors, np.full_like(errors, 0.1))


@pytest.mark.parametrize("pairs", [2, 3, 24])
def test_an_error_common_to_all_is_taken_away(model: KernelModel, pairs: int) -> None:
    random = np.random.default_rng(1)
    errors = (0.3 + 0.02 * random.normal(size=(pairs, COUNT))).astype(np.float32)
    adaptation = adapted(model, errors)
    found = adaptation.correction(codes_of(model, [999]))
    assert found.mean() == pytest.approx(0.3, abs=0.12)
    assert adaptation.score < 0.2


def test_noise_teaches_nothing(model: KernelModel) -> None:
    levels = np.random.default_rng(2).normal(size=(24, 1)).astype(np.float32)
    adaptation = adapted(model, 0.3 * levels.repeat(COUNT, axis=1))
    assert adaptation.strength < 0.3
    assert np.abs(adaptation.correction(codes_of(model, [999]))).max() < 0.1


def test_one_pair_teaches_nothing(model: KernelModel) -> None:
    adaptation = adapted(model, np.full((1, COUNT), 0.5, np.float32))
    assert adaptation.strength == 0
    assert np.isinf(adaptation.score)


def test_what_is_unknown_everywhere_does_not_spread(model: KernelModel) -> None:
    errors = np.full((6, COUNT), 0.2, np.float32)
    errors[2] = np.nan
    errors[:, :100] = np.nan
    assert np.isfinite(adapted(model, errors).correction(codes_of(model, [999]))).all()
    nothing = adapted(model, np.full((6, COUNT), np.nan, np.float32))
    assert nothing.spread == 1
    assert not nothing.correction(codes_of(model, [999])).any()


def test_the_order_of_mirror_images_does_not_matter(model: KernelModel) -> None:
    """A photo that leans left and its mirror image get mirrored corrections."""
    slope = np.linspace(-0.5, 0.5, CELLS[1])[None].repeat(CELLS[0], axis=0).ravel()
    adaptation = adapted(model, slope[None].repeat(8, axis=0).astype(np.float32))
    codes = codes_of(model, ODD[:1]).repeat(2, axis=0)
    codes[1, model.evens :] *= -1
    one, other = adaptation.correction(codes).reshape(2, *CELLS)
    np.testing.assert_allclose(one, other[:, ::-1], atol=5e-3)


def test_alone_is_without_the_pair(model: KernelModel) -> None:
    errors = np.full((12, COUNT), 0.2, np.float32)
    errors[5] = 0.6
    adaptation = adapted(model, errors)
    with_it = adaptation.correction(codes_of(model, ODD[:12]))
    assert 0 < adaptation.alone[5].mean() < with_it[5].mean()


def test_errors_larger_than_the_spread_widen_it(model: KernelModel) -> None:
    signs = np.random.default_rng(3).choice([-1, 1], (24, COUNT))
    assert adapted(model, (0.1 * signs).astype(np.float32)).spread == pytest.approx(1, abs=0.2)
    assert adapted(model, (0.5 * signs).astype(np.float32)).spread > 2.5


def test_the_pool_makes_its_own_photos_familiar(model: KernelModel) -> None:
    adaptation = adapted(model, np.zeros((24, COUNT), np.float32))
    unseen = codes_of(model, list(range(500, 520)))
    assert np.mean([adaptation.is_familiar(model, c[None], 0.0) for c in unseen]) > 0.8
    far = 3.0
    assert not any(adaptation.is_familiar(model, c[None], far) for c in unseen)
    assert not adaptation.is_familiar(model, 50 * unseen[:1], 0.0)
    assert adaptation.limit <= model.calibration.limit


def test_weights_sum_up_to_the_correction(model: KernelModel) -> None:
    """Of errors alike in their mirror images, the correction is the weighted sum."""
    errors = np.random.default_rng(4).normal(size=(12, 1)).astype(np.float32) * 0.1 + 0.3
    errors = errors.repeat(COUNT, axis=1)
    adaptation = adapted(model, errors)
    codes = codes_of(model, [998])
    expected = adaptation.weights_of(codes) @ errors
    np.testing.assert_allclose(adaptation.correction(codes)[0], expected, atol=1e-3)
