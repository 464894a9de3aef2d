from __future__ import annotations

import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neardepth.evaluation.metrics import (
    HIGHER_IS_BETTER,
    MEASURES,
    Sums,
    accumulate,
    measures,
    pool,
)

depth_maps = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 12), st.integers(2, 12)),
    elements=st.floats(0.25, 80.0, width=32),
)


def reference(prediction, truth):
    """Every measure pixel by pixel, straight from its definition."""
    pairs = [
        (float(p), float(g))
        for p, g in zip(prediction.ravel(), truth.ravel(), strict=True)
        if math.isfinite(g) and g > 0 and math.isfinite(p) and p > 0
    ]
    n = len(pairs)
    largest = max(float(g) for g in truth.ravel() if math.isfinite(g) and g > 0)
    rmse = math.sqrt(sum((p - g) ** 2 for p, g in pairs) / n)
    logs = [math.log(p) - math.log(g) for p, g in pairs]
    rmse_log10 = math.sqrt(sum((math.log10(p) - math.log10(g)) ** 2 for p, g in pairs) / n)
    mean_log = sum(logs) / n
    worst = [max(p / g, g / p) for p, g in pairs]
    ps, gs = np.array(pairs).T
    return {
        "rmse": rmse,
        "rel": sum(abs(p - g) / g for p, g in pairs) / n,
        "log10": sum(abs(math.log10(p) - math.log10(g)) for p, g in pairs) / n,
        "rmse_log10": rmse_log10,
        "rmse_ln": math.sqrt(sum(d * d for d in logs) / n),
        "c": float(np.corrcoef(ps, gs)[0, 1]),
        "psnr": 20 * math.log10(largest / rmse),
        "sq_rel": sum((p - g) ** 2 / g for p, g in pairs) / n,
        "silog": 100 * math.sqrt(sum((d - mean_log) ** 2 for d in logs) / n),
        "delta1": sum(w < 1.25 for w in worst) / n,
        "delta2": sum(w < 1.25**2 for w in worst) / n,
        "delta3": sum(w < 1.25**3 for w in worst) / n,
    }


def random_pair(seed=0, shape=(37, 53), holes=0.0):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0.5, 10, shape).astype(np.float32)
    prediction = (truth * rng.uniform(0.5, 2.0, shape)).astype(np.float32)
    truth[rng.random(shape) < holes] = np.nan
    prediction[rng.random(shape) < holes] = np.nan
    return prediction, truth


def test_values_worked_out_by_hand():
    prediction = np.array([[1.0, 2.0], [4.0, 10.0]], np.float32)
    truth = np.array([[2.0, 2.0], [4.0, 8.0]], np.float32)
    figures = measures(accumulate(prediction, truth))
    ln2, ln54 = math.log(2), math.log(1.25)
    assert figures == pytest.approx(
        {
            "rmse": math.sqrt(5 / 4),
            "rel": (0.5 + 0.25) / 4,
            "log10": (math.log10(2) + math.log10(1.25)) / 4,
            "rmse_log10": math.sqrt((math.log10(2) ** 2 + math.log10(1.25) ** 2) / 4),
            "rmse_ln": math.sqrt((ln2**2 + ln54**2) / 4),
            "c": 34 / math.sqrt(48.75 * 24),
            "psnr": 20 * math.log10(8 / math.sqrt(1.25)),
            "sq_rel": (0.5 + 0.5) / 4,
            "silog": 100 * math.sqrt((ln2**2 + ln54**2) / 4 - ((ln54 - ln2) / 4) ** 2),
            "delta1": 0.5,  # 10 / 8 is 1.25 exactly: not below it
            "delta2": 0.75,
            "delta3": 0.75,
        },
        rel=1e-12,
    )


def test_names_are_the_promised_ones():
    names = ["rmse", "rel", "log10", "rmse_log10", "rmse_ln", "c", "psnr", "sq_rel", "silog"]
    names += ["delta1", "delta2", "delta3"]
    assert list(measures(Sums())) == names == list(MEASURES)
    assert set(names) >= HIGHER_IS_BETTER


@pytest.mark.parametrize("holes", [0.0, 0.3])
@pytest.mark.parametrize("shape", [(37, 53), (130, 140)])  # below and above one block
def test_agrees_with_the_reference(shape, holes):
    prediction, truth = random_pair(shape=shape, holes=holes)
    figures = measures(accumulate(prediction, truth))
    assert figures == pytest.approx(reference(prediction, truth), rel=1e-9)


def test_rmse_log10_and_natural_differ_by_ln_10():
    figures = measures(accumulate(*random_pair()))
    assert figures["rmse_ln"] == pytest.approx(figures["rmse_log10"] * math.log(10))


@pytest.mark.parametrize("unknown", [np.nan, 0.0, -1.0, np.inf, -np.inf])
def test_unknown_truth_is_not_judged(unknown):
    prediction, truth = random_pair()
    whole = accumulate(prediction[1:], truth[1:])
    truth[0] = unknown
    assert accumulate(prediction, truth) == whole


@pytest.mark.parametrize("unknown", [np.nan, 0.0, -1.0, np.inf])
def test_unknown_prediction_is_counted(unknown):
    prediction, truth = random_pair()
    prediction[0] = unknown
    truth[1] = np.nan
    sums = accumulate(prediction, truth)
    width = truth.shape[1]
    assert sums.missing == width
    assert sums.count == truth.size - 2 * width
    assert sums.missing_share == pytest.approx(width / (truth.size - width))
    assert measures(sums) == pytest.approx(reference(prediction, truth), rel=1e-9)


def test_psnr_uses_the_largest_truth_even_where_the_prediction_is_unknown():
    truth = np.array([[2.0, 8.0]], np.float32)
    assert accumulate(np.array([[1.0, np.nan]], np.float32), truth).largest == 8.0


def test_mask_limits_what_is_judged():
    prediction, truth = random_pair()
    mask = np.zeros(truth.shape, bool)
    mask[3:9, 4:20] = True
    assert accumulate(prediction, truth, mask) == accumulate(
        prediction[3:9, 4:20], truth[3:9, 4:20]
    )


def test_nothing_known_has_no_value():
    nothing = np.full((3, 4), np.nan, np.float32)
    sums = accumulate(np.ones((3, 4), np.float32), nothing)
    assert sums == Sums()
    assert math.isnan(sums.missing_share)
    assert all(math.isnan(value) for value in measures(sums).values())


def test_silent_prediction_has_no_value_but_is_missing():
    truth = np.ones((3, 4), np.float32)
    sums = accumulate(np.full((3, 4), np.nan, np.float32), truth)
    assert (sums.count, sums.missing, sums.missing_share) == (0, 12, 1.0)
    assert all(math.isnan(value) for value in measures(sums).values())


def test_perfect_prediction():
    _, truth = random_pair()
    figures = measures(accumulate(truth, truth))
    assert figures["psnr"] == math.inf
    assert figures["c"] == pytest.approx(1)
    assert [figures[name] for name in ("rmse", "rel", "log10", "silog")] == [0, 0, 0, 0]
    assert [figures[name] for name in ("delta1", "delta2", "delta3")] == [1, 1, 1]


@pytest.mark.parametrize("value", [0.1, 3.3, 79.9])
def test_correlation_of_a_constant_map_has_no_value(value):
    _, truth = random_pair()
    flat = np.full(truth.shape, value, np.float32)
    assert math.isnan(measures(accumulate(flat, truth))["c"])
    assert math.isnan(measures(accumulate(truth, flat))["c"])


def test_shapes_must_match():
    one, two = np.ones((2, 3), np.float32), np.ones((3, 2), np.float32)
    with pytest.raises(ValueError, match=r"\(2, 3\), \(3, 2\)"):
        accumulate(one, two)
    with pytest.raises(ValueError, match="one shape"):
        accumulate(one, one, np.ones((3, 2), bool))


def test_pooling_is_the_measure_of_all_pixels():
    pairs = [random_pair(seed, (5 + seed, 7), holes=0.1) for seed in range(4)]
    pooled = measures(pool([accumulate(p, g) for p, g in pairs]))
    prediction, truth = (np.concatenate([pair[i] for pair in pairs]) for i in (0, 1))
    assert pooled == pytest.approx(reference(prediction, truth), rel=1e-9)


@given(depth_maps)
def test_pooled_of_one_image_is_that_image(truth):
    prediction = truth[::-1]
    sums = accumulate(prediction, truth)
    assert pool([sums]) == sums == sums + Sums()


@settings(max_examples=50)
@given(st.integers(0, 1000), st.sampled_from([0.25, 0.5, 2.0, 8.0]))
def test_scaling_both_scales_metres_only(seed, scale):
    prediction, truth = random_pair(seed, (9, 11), holes=0.2)
    before = measures(accumulate(prediction, truth))
    after = measures(accumulate(prediction * np.float32(scale), truth * np.float32(scale)))
    for name in MEASURES:
        factor = scale if name in ("rmse", "sq_rel") else 1.0
        assert after[name] == pytest.approx(before[name] * factor, rel=1e-9), name


@settings(max_examples=50)
@given(st.integers(0, 1000), st.floats(0.3, 3.0))
def test_silog_and_c_ignore_the_scale_of_the_prediction(seed, scale):
    prediction, truth = random_pair(seed, (9, 11))
    before = measures(accumulate(prediction, truth))
    after = measures(accumulate((prediction * scale).astype(np.float32), truth))
    assert after["silog"] == pytest.approx(before["silog"], rel=1e-5)
    assert after["c"] == pytest.approx(before["c"], rel=1e-5)


def test_is_fast_enough_for_leave_one_out():
    prediction, truth = random_pair(shape=(480, 640))
    taken = []
    for _ in range(10):
        start = time.thread_time()
        accumulate(prediction, truth)
        taken.append(time.thread_time() - start)
    assert min(taken) < 0.015
