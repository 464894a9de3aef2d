from __future__ import annotations

import math
import random

import numpy as np
import pytest

from neardepth.evaluation.metrics import MEASURES, Sums, accumulate, measures, pool
from neardepth.evaluation.statistics import Interval, paired_difference, summarise


def image(seed, noise=0.2, shape=(8, 9)):
    rng = np.random.default_rng(seed)
    truth = rng.uniform(1, 9, shape).astype(np.float32)
    factor = rng.uniform(0.7, 1.4) * rng.uniform(1 - noise, 1 + noise, shape)
    return accumulate((truth * factor).astype(np.float32), truth)


IMAGES = [image(seed) for seed in range(40)]


def test_mean_over_images():
    expected = {name: sum(measures(one)[name] for one in IMAGES) / len(IMAGES) for name in MEASURES}
    summary = summarise(IMAGES, "image")
    assert {name: interval.mean for name, interval in summary.items()} == pytest.approx(expected)


def test_pooled():
    summary = summarise(IMAGES, "pooled")
    expected = measures(pool(IMAGES))
    assert {name: interval.mean for name, interval in summary.items()} == pytest.approx(expected)


@pytest.mark.parametrize("aggregation", ["image", "pooled"])
def test_interval_agrees_with_a_plain_bootstrap(aggregation):
    dice = random.Random(5)
    alone = {one: measures(one)["rmse"] for one in IMAGES}
    figures = []
    for _ in range(2000):
        picked = dice.choices(IMAGES, k=len(IMAGES))
        if aggregation == "pooled":
            figures.append(measures(pool(picked))["rmse"])
        else:
            figures.append(sum(alone[one] for one in picked) / len(picked))
    figures.sort()
    rmse = summarise(IMAGES, aggregation, samples=2000)["rmse"]
    width = figures[1949] - figures[49]
    assert rmse.low == pytest.approx(figures[49], abs=0.1 * width)
    assert rmse.high == pytest.approx(figures[1949], abs=0.1 * width)
    assert rmse.low < rmse.mean < rmse.high


def test_interval_covers_the_true_mean_about_95_times_in_100():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(100):
        # One pixel of truth 1 an image: its RMSE is |p - 1|, whose mean is 2.
        images = [
            accumulate(np.full((1, 1), 1 + e, np.float32), np.ones((1, 1), np.float32))
            for e in rng.uniform(1, 3, 50)
        ]
        rmse = summarise(images, "image", seed=trial)["rmse"]
        covered += rmse.low <= 2 <= rmse.high
    assert 88 <= covered <= 100


def test_same_seed_same_interval():
    assert summarise(IMAGES, "image", seed=7) == summarise(IMAGES, "image", seed=7)
    one, other = (summarise(IMAGES, "image", seed=seed)["rmse"] for seed in (7, 8))
    assert (one.mean, one.low) != (other.mean, other.low)


def test_a_measure_without_a_value_is_left_out_of_the_mean():
    flat = accumulate(np.full((2, 2), 3, np.float32), np.array([[1, 2], [3, 4]], np.float32))
    assert math.isnan(measures(flat)["c"])
    summary = summarise([*IMAGES, flat], "image")
    assert summary["c"].mean == pytest.approx(summarise(IMAGES, "image")["c"].mean)
    assert summary["rmse"].mean != summarise(IMAGES, "image")["rmse"].mean


def test_a_measure_without_any_value_is_nan():
    summary = summarise([Sums()] * 3, "image")
    assert all(math.isnan(x) for i in summary.values() for x in (i.mean, i.low, i.high))


def test_perfect_images_have_infinite_psnr():
    truth = np.array([[1, 2], [3, 4]], np.float32)
    perfect = [accumulate(truth, truth)] * 4
    summary = summarise(perfect, "image")
    assert summary["psnr"] == Interval(math.inf, math.inf, math.inf)
    assert summary["rmse"] == Interval(0, 0, 0)
    assert math.isnan(paired_difference(perfect, perfect, "image")["psnr"].mean)


@pytest.mark.parametrize("aggregation", ["image", "pooled"])
def test_paired_difference(aggregation):
    better = [image(seed, noise=0.05) for seed in range(40)]
    difference = paired_difference(better, IMAGES, aggregation)
    one, other = summarise(better, aggregation), summarise(IMAGES, aggregation)
    for name in MEASURES:
        assert difference[name].mean == pytest.approx(one[name].mean - other[name].mean)
    # Hard images are hard for both: the difference is known far better than either figure.
    width = {k: v["rmse"].high - v["rmse"].low for k, v in (("d", difference), ("one", one))}
    assert width["d"] < width["one"]


def test_difference_to_itself_is_nothing():
    difference = paired_difference(IMAGES, IMAGES, "pooled")
    assert all(interval == Interval(0, 0, 0) for interval in difference.values())


def test_an_image_without_a_value_for_one_method_is_left_out_for_both():
    silent = [Sums(), *IMAGES[1:]]
    difference = paired_difference(silent, IMAGES, "image")
    assert all(interval.mean == 0 for interval in difference.values())


def test_nothing_to_put_together():
    with pytest.raises(ValueError, match="no image"):
        summarise([], "image")
    with pytest.raises(ValueError, match="not 40 and 39"):
        paired_difference(IMAGES, IMAGES[1:], "image")
