from __future__ import annotations

import json
import math

import numpy as np
import pytest

from neardepth.errors import MethodError
from neardepth.evaluation.metrics import MEASURES, accumulate, measures
from neardepth.evaluation.profiles import PROFILES, find_profile, score
from neardepth.evaluation.statistics import summarise

NYU = (480, 640)


def ramp(shape, low=0.5, high=12.0):
    """Depth that is different at every pixel, rows apart from columns."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    part = (rows * 3.0 + columns * 2.0) / (shape[0] * 3 + shape[1] * 2)
    return (low + (high - low) * part).astype(np.float32)


def pixels(prediction, truth):
    """Figures by definition over lists of pixels, for RMSE, REL, log10, RMSE(ln) and delta."""
    p, g = np.asarray(prediction, np.float64), np.asarray(truth, np.float64)
    return {
        "rmse": np.sqrt(np.mean((p - g) ** 2)),
        "rel": np.mean(np.abs(p - g) / g),
        "log10": np.mean(np.abs(np.log10(p) - np.log10(g))),
        "rmse_ln": np.sqrt(np.mean((np.log(p) - np.log(g)) ** 2)),
        "psnr": 20 * np.log10(g.max() / np.sqrt(np.mean((p - g) ** 2))),
        "delta1": np.mean(np.maximum(p / g, g / p) < 1.25),
    }


def agree(sums, expected):
    figures = measures(sums)
    assert {name: figures[name] for name in expected} == pytest.approx(expected, rel=1e-6)


def test_names_are_the_promised_ones():
    assert set(PROFILES) == {"paper", "eigen", "pooled", "make3d-c1", "make3d-c2", "sparse80"}
    assert all(name == profile.name for name, profile in PROFILES.items())


def test_settings_are_plain_data():
    for profile in PROFILES.values():
        assert json.loads(json.dumps(profile.as_dict(), allow_nan=False))["name"] == profile.name


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(MethodError, match="no profile 'karsch'; choose one of paper, eigen"):
        find_profile("karsch")


@pytest.mark.parametrize("name", ["paper", "pooled", "make3d-c2"])
def test_whole_frame_without_a_cap(name):
    truth = ramp((30, 40), high=81)
    prediction = truth[::-1]
    agree(score(find_profile(name), prediction, truth), pixels(prediction, truth))


def test_eigen_judges_the_crop_within_range_and_clamps():
    truth = ramp(NYU)
    truth[100:110, 100:110] = np.nan
    truth[120, 120] = 0.0005
    prediction = (truth * 1.3).astype(np.float32)
    prediction[200, 200] = 0.0002
    prediction[np.isnan(prediction)] = 1.0
    inside = [
        (min(max(prediction[row, column], 1e-3), 10.0), truth[row, column])
        for row in range(45, 471)
        for column in range(41, 601)
        if 1e-3 < truth[row, column] < 10
    ]
    sums = score(find_profile("eigen"), prediction, truth)
    assert sums.count == len(inside) < 426 * 560
    agree(sums, pixels(*zip(*inside, strict=True)))


def test_eigen_ignores_what_is_outside_the_crop():
    truth, prediction = ramp(NYU), ramp(NYU, high=9)
    worse = prediction.copy()
    worse[:45] = worse[471:] = 77
    worse[:, :41] = worse[:, 601:] = np.nan
    eigen = find_profile("eigen")
    assert score(eigen, worse, truth) == score(eigen, prediction, truth)


def test_eigen_is_refused_on_another_grid():
    with pytest.raises(MethodError, match="'eigen' is defined on 480x640 depth maps, not 240x320"):
        score(find_profile("eigen"), ramp(NYU), ramp((240, 320)))


def test_make3d_c1_judges_below_70_metres():
    truth = ramp((55, 305), low=3, high=81)
    truth[20, 100] = 70.0
    prediction = (truth * 0.9).astype(np.float32)
    near = truth < 70
    sums = score(find_profile("make3d-c1"), prediction, truth)
    assert sums.count == near.sum() < truth.size
    assert sums.largest < 70
    agree(sums, pixels(prediction[near], truth[near]))


def test_sparse_truth_is_capped_at_80_metres_and_the_prediction_clamped():
    rng = np.random.default_rng(3)
    truth = np.full((38, 124), np.nan, np.float32)
    hits = rng.random(truth.shape) < 0.04
    truth[hits] = rng.uniform(2, 90, hits.sum())
    prediction = np.full(truth.shape, 120.0, np.float32)
    judged = hits & (np.nan_to_num(truth, nan=99) < 80)
    sums = score(find_profile("sparse80"), prediction, truth)
    assert sums.count == judged.sum() > 0
    agree(sums, pixels(np.full(judged.sum(), 80.0), truth[judged]))


def test_prediction_is_resized_to_the_grid_of_the_truth():
    truth = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    finer = np.kron(truth, np.ones((3, 5), np.float32))  # each true pixel 3 by 5 predicted ones
    finer[0, 0] += 0.15 * 3  # the mean over the 15 is .03 more
    sums = score(find_profile("paper"), finer, truth)
    assert sums.count == 4
    assert sums.square == pytest.approx(0.03**2, rel=1e-3)


def test_unknown_prediction_is_counted_not_judged():
    truth = ramp(NYU, high=9)
    prediction = truth.copy()
    prediction[100:110, 100:200] = np.nan
    for name in ("paper", "eigen"):
        assert score(find_profile(name), prediction, truth).missing == 1000


def test_per_image_and_pooled_differ_as_defined():
    truths = [np.full((4, 5), 2.0, np.float32), np.full((20, 30), 4.0, np.float32)]
    predictions = [truths[0] + 1, truths[1] + 3]
    figures = {}
    for name in ("paper", "pooled"):
        profile = find_profile(name)
        images = [score(profile, p, g) for p, g in zip(predictions, truths, strict=True)]
        figures[name] = {k: v.mean for k, v in summarise(images, profile.aggregation).items()}
    assert figures["paper"]["rmse"] == pytest.approx((1 + 3) / 2)
    assert figures["pooled"]["rmse"] == pytest.approx(math.sqrt((20 * 1 + 600 * 9) / 620))
    assert figures["paper"]["rel"] == pytest.approx((0.5 + 0.75) / 2)
    assert figures["pooled"]["rel"] == pytest.approx((20 * 0.5 + 600 * 0.75) / 620)
    psnr = (20 * math.log10(2 / 1) + 20 * math.log10(4 / 3)) / 2
    assert figures["paper"]["psnr"] == pytest.approx(psnr)


def test_pooled_of_one_image_is_per_image():
    truth, prediction = ramp((30, 40)), ramp((30, 40), low=1, high=9)
    sums = score(find_profile("paper"), prediction, truth)
    assert sums == score(find_profile("pooled"), prediction, truth)
    image, pooled = (summarise([sums], kind) for kind in ("image", "pooled"))
    alone = measures(accumulate(prediction, truth))
    for name in MEASURES:
        assert image[name].mean == pooled[name].mean == alone[name]
