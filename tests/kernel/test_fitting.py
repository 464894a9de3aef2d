"""The fit on made-up features: what it must reproduce, and what it must not depend on."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.kernel.fitting import Fit, fit
from neardepth.kernel.spread import novelty_of
from neardepth.pool.views import Layout
from neardepth.steps.dense import CELLS, GRIDS, Maps, at_cells, pooled
from neardepth.steps.views import IMAGES, SAMPLED_CELLS, ZOOMS, Crop

CHANNELS = (6, 5)
LAYOUT = Layout(CHANNELS)
SHAPES = ((30, 40), (15, 20))


def photo_maps(seed: int, views: int = 1) -> dict[str, NDArray[np.float32]]:
    """Smooth maps in which a few numbers, drawn from the seed, decide everything."""
    random = np.random.default_rng(seed)
    kind = random.normal(size=3)
    maps = {}
    for level, channels, (height, width) in zip(GRIDS, CHANNELS, SHAPES, strict=True):
        rows = np.linspace(-1, 1, height)[:, None]
        columns = np.linspace(-1, 1, width)[None]
        waves = [
            np.sin(kind[0] + (c + 1) * rows) + kind[1] * columns + kind[2] * c
            for c in range(channels)
        ]
        stack = np.stack(waves)[None].repeat(views, axis=0)
        maps[level] = (stack + 0.01 * random.normal(size=stack.shape)).astype(np.float32)
    return maps


def log_depth(seed: int) -> NDArray[np.float32]:
    kind = np.random.default_rng(seed).normal(size=3)
    rows = np.linspace(-1, 1, CELLS[0])[:, None]
    columns = np.linspace(-1, 1, CELLS[1])[None]
    return (1 + 0.3 * kind[0] - 0.4 * rows + 0.2 * kind[1] * columns).astype(np.float32)


def row(seed: int) -> NDArray[np.float16]:
    maps = photo_maps(seed, IMAGES)
    cells = np.sort(np.random.default_rng(seed).permutation(1200)[:SAMPLED_CELLS])
    local = at_cells({level: values[0] for level, values in maps.items()}, cells)
    return LAYOUT.row([Crop(zoom, 0.5, 0.5) for zoom in ZOOMS], cells, pooled(maps), local)


def targets(seeds: list[int], shift: float = 0.0) -> NDArray[np.float32]:
    maps = np.stack([log_depth(seed) for seed in seeds]) + np.float32(shift)
    return maps.reshape(len(seeds), 1, -1).repeat(IMAGES, axis=1)


def fitted(seeds: list[int], wanted: NDArray[np.float32] | None = None) -> Fit:
    rows = np.stack([row(seed) for seed in seeds])
    return fit([LAYOUT], [rows], targets(seeds) if wanted is None else wanted)


SEEDS = list(range(30))


@pytest.fixture(scope="module")
def usual() -> Fit:
    return fitted(SEEDS)


def predict(result: Fit, seed: int) -> NDArray[np.float32]:
    return result.model.predict([photo_maps(seed)]).log_depth


def test_it_predicts_far_better_than_the_mean(usual: Fit) -> None:
    unseen = list(range(100, 120))
    errors = [np.abs(predict(usual, seed) - log_depth(seed)).mean() for seed in unseen]
    mean = usual.model.mean.reshape(CELLS)
    baseline = [np.abs(mean - log_depth(seed)).mean() for seed in unseen]
    assert np.mean(errors) < 0.5 * np.mean(baseline)


def test_leaving_out_equals_fitting_stage_1_without(usual: Fit) -> None:
    for place in (0, 17):
        rest = [seed for seed in SEEDS if seed != SEEDS[place]]
        slow = fitted(rest).model.predict([photo_maps(SEEDS[place])]).first
        # Standardisation and principal components differ by the one photo.
        np.testing.assert_allclose(usual.first[place], slow, atol=0.05)


def test_depth_twice_as_far_is_predicted_twice_as_far(usual: Fit) -> None:
    twice = fitted(SEEDS, targets(SEEDS, float(np.log(2))))
    before, after = (f.model.predict([photo_maps(200)]) for f in (usual, twice))
    np.testing.assert_allclose(after.first - before.first, np.log(2), atol=1e-3)
    # Stage 2's cosines know depth itself.
    np.testing.assert_allclose(after.log_depth - before.log_depth, np.log(2), atol=2e-2)


def test_the_mirror_image_has_the_mirrored_depth(usual: Fit) -> None:
    maps = photo_maps(200)
    flipped = {level: np.ascontiguousarray(values[..., ::-1]) for level, values in maps.items()}
    one, other = (usual.model.predict([m]) for m in (maps, flipped))
    np.testing.assert_allclose(one.first, other.first[:, ::-1], atol=2e-4)
    assert np.abs(one.first - other.first).max() > 0.05
    assert one.novelty == pytest.approx(other.novelty, abs=1e-3)


def test_the_order_of_pairs_does_not_matter_to_stage_1(usual: Fit) -> None:
    backwards = fitted(SEEDS[::-1])
    one, other = (f.model.predict([photo_maps(300)]) for f in (usual, backwards))
    np.testing.assert_allclose(one.first, other.first, atol=5e-3)
    assert one.novelty == pytest.approx(other.novelty, abs=0.05)


def test_a_photo_of_the_pool_rests_on_itself(usual: Fit) -> None:
    prediction = usual.model.predict([photo_maps(7)])
    weights = usual.model.weights_of(prediction.similarity)
    assert np.argmax(np.abs(weights)) == 7
    np.testing.assert_allclose(prediction.first, log_depth(7), atol=0.05)
    assert usual.model.weights_of(prediction.similarity, 7)[7] == 0


@pytest.mark.parametrize("count", [1, 2, 3, 6])
def test_small_pools_give_finite_depth(count: int) -> None:
    seeds = SEEDS[:count]
    result = fitted(seeds)
    prediction = result.model.predict([photo_maps(500)])
    assert np.isfinite(prediction.log_depth).all()
    assert np.isfinite(prediction.spread).all()
    known = targets(seeds)
    assert known.min() - 0.5 < prediction.log_depth.min()
    assert prediction.log_depth.max() < known.max() + 0.5
    if count < 5:
        assert prediction.novelty > result.model.calibration.limit  # nothing is familiar


def test_identical_images_and_constant_depth() -> None:
    same = fit(
        [LAYOUT],
        [np.stack([row(3)] * 8)],
        np.full((8, IMAGES, CELLS[0] * CELLS[1]), 0.7, np.float32),
    )
    prediction = same.model.predict([photo_maps(3)])
    np.testing.assert_allclose(prediction.log_depth, 0.7, atol=1e-3)
    assert np.isfinite(same.model.predict([photo_maps(9)]).log_depth).all()


def test_unknown_depth_is_filled_from_what_is_alike_and_the_never_known_stays_unknown() -> None:
    random = np.random.default_rng(0)
    wanted = targets(SEEDS)
    wanted[random.random(wanted.shape) < 0.5] = np.nan
    wanted[..., :80] = np.nan  # the two uppermost rows, as above a LiDAR's reach
    holes = fitted(SEEDS, wanted)
    prediction = predict(holes, 400)
    assert np.isnan(prediction[:2]).all()
    assert np.isfinite(prediction[2:]).all()
    mean = targets(SEEDS)[:, 0].mean(axis=0).reshape(CELLS)
    errors = [
        (
            np.abs(predict(holes, seed) - log_depth(seed))[2:].mean(),
            np.abs(mean - log_depth(seed))[2:].mean(),
        )
        for seed in range(400, 420)
    ]
    ours, baseline = np.mean(errors, axis=0)
    assert ours < 0.4 * baseline


def test_stage_2_learns_what_stage_1_cannot(usual: Fit) -> None:
    """A local cue: depth jumps where one channel does, elsewhere in every photo."""

    def with_cue(seed: int) -> tuple[Maps, NDArray[np.float32]]:
        random = np.random.default_rng(1000 + seed)
        mask = np.zeros(SHAPES[0], np.float32)
        top, left = random.integers(0, 20), random.integers(0, 30)
        mask[top : top + 10, left : left + 10] = 1
        maps = photo_maps(seed)
        maps["stride16"] = maps["stride16"] + 8 * mask
        return maps, log_depth(seed) + 0.5 * mask

    seeds = list(range(60))
    rows, depth = [], []
    for seed in seeds:
        maps, truth = with_cue(seed)
        cells = np.sort(np.random.default_rng(seed).permutation(1200)[:SAMPLED_CELLS])
        local = at_cells({level: values[0] for level, values in maps.items()}, cells)
        views = np.repeat(pooled(maps), IMAGES, axis=0)
        rows.append(LAYOUT.row([Crop(zoom, 0.5, 0.5) for zoom in ZOOMS], cells, views, local))
        depth.append(truth.reshape(1, -1).repeat(IMAGES, axis=0))
    model = fit([LAYOUT], [np.stack(rows)], np.stack(depth).astype(np.float32)).model
    gains = []
    for seed in range(900, 910):
        maps, truth = with_cue(seed)
        prediction = model.predict([maps])
        first, both = (
            np.sqrt(((values - truth) ** 2).mean())
            for values in (prediction.first, prediction.log_depth)
        )
        gains.append(both / first)
    assert np.mean(gains) < 0.8


def test_intervals_cover_what_they_say() -> None:
    random = np.random.default_rng(1)
    seeds = list(range(120))
    wanted = targets(seeds)
    noise = 0.2 * random.normal(size=(len(seeds), 1, 1)).astype(np.float32)
    wanted += noise + 0.1 * random.normal(size=wanted.shape).astype(np.float32)
    model = fitted(seeds, wanted).model
    inside = []
    for seed in range(700, 760):
        prediction = model.predict([photo_maps(seed)])
        truth = log_depth(seed) + 0.2 * random.normal() + 0.1 * random.normal(size=CELLS)
        error = np.abs(prediction.log_depth - truth)
        inside.append(
            [(error < f * prediction.spread).mean() for f in (1, model.calibration.factor95)]
        )
    narrow, wide = np.mean(inside, axis=0)
    assert 0.55 < narrow < 0.8
    assert 0.88 < wide < 0.99


def test_what_is_far_from_everything_is_novel(usual: Fit) -> None:
    maps = photo_maps(1)
    strange = {level: -5 * values[..., ::-1, :] for level, values in maps.items()}
    calibration = usual.model.calibration
    assert usual.model.predict([strange]).novelty > calibration.limit
    familiar = [usual.model.predict([photo_maps(s)]).novelty for s in range(600, 640)]
    assert np.mean(np.array(familiar) > calibration.limit) < 0.15
    assert novelty_of(np.full(20, 0.25, np.float32), 0.75) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("pairs", [12, 20, 40])
def test_unseen_photos_of_the_same_kind_are_familiar_to_small_pools(pairs: int) -> None:
    model = fitted(list(range(pairs))).model
    unseen = [model.predict([photo_maps(seed)]).novelty for seed in range(500, 560)]
    assert np.mean(np.array(unseen) > model.calibration.limit) < 0.5
