from __future__ import annotations

import itertools
import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neardepth.video.stabilise import (
    SECONDS,
    Stabiliser,
    approach,
    flow_trust,
    follow,
    is_cut,
    small_grey,
    spread,
)
from scenes import scene

SIZE = (96, 128)


def texture(seed: int, size: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    noise = random.integers(0, 256, (size[0] // 4 + 1, size[1] // 4 + 1, 3), np.uint8)
    return np.asarray(cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def shifted(count: int, step: int, seed: int = 0) -> list[NDArray[np.uint8]]:
    wide = texture(seed, (SIZE[0], SIZE[1] + step * count))
    return [np.ascontiguousarray(wide[:, step * k : step * k + SIZE[1]]) for k in range(count)]


def noisy(level: float, count: int, spread: float, seed: int = 0) -> list[NDArray[np.float32]]:
    """Flat walls of the same distance whose estimates err by a factor each."""
    factors = np.exp(np.random.default_rng(seed).normal(0, spread, count))
    return [np.full(SIZE, level * factor, np.float32) for factor in factors]


def test_the_first_frame_is_left_as_it_is() -> None:
    image, depth = scene(0, SIZE)
    assert Stabiliser()(image, depth, 0.0) is depth


def test_the_level_of_a_still_picture_settles_as_the_equation_says() -> None:
    """The step from 2 m to 2.1 m is answered by 1 − exp(−t/τ) of it in log depth."""
    stabiliser, image = Stabiliser(), texture(0)
    before, after = np.full(SIZE, 2.0, np.float32), np.full(SIZE, 2.1, np.float32)
    stabiliser(image, before, 0.0)
    agreement = math.exp(-((math.log(2.1 / 2) / 0.25) ** 4))
    log = math.log(2.0)
    for step in range(1, 6):
        got = stabiliser(image, after, step * 0.1)
        keep = math.exp(-0.1 / SECONDS)
        log = math.log(2.1) + keep * agreement * (log - math.log(2.1))
        agreement = math.exp(-(((log - math.log(2.1)) / 0.25) ** 4))
        np.testing.assert_allclose(np.log(got), log, atol=2e-3)


@pytest.mark.parametrize("step", [0, 2])
def test_flicker_shrinks_on_a_picture_that_moves(step: int) -> None:
    frames, depths = shifted(40, step), noisy(3.0, 40, 0.05)
    stabiliser = Stabiliser()
    smooth = [stabiliser(f, d, k / 30) for k, (f, d) in enumerate(zip(frames, depths, strict=True))]

    def flicker(maps: list[NDArray[np.float32]]) -> float:
        inner = [np.log(m[16:-16, 24:-24]) for m in maps]
        return float(np.mean([abs(b - a).mean() for a, b in itertools.pairwise(inner)]))

    assert flicker(smooth) < 0.25 * flicker(depths)
    assert stabiliser.cuts == 0
    assert float(np.median(smooth[-1])) == pytest.approx(3.0, rel=0.05)


def test_smoothing_depends_on_time_and_not_on_the_number_of_frames() -> None:
    image = texture(1)
    results = []
    for count in (2, 20):
        stabiliser = Stabiliser()
        stabiliser(image, np.full(SIZE, 2.0, np.float32), 0.0)
        for k in range(1, count + 1):
            got = stabiliser(image, np.full(SIZE, 2.04, np.float32), 0.5 * k / count)
        results.append(float(np.log(got).mean()))
    assert results[0] == pytest.approx(results[1], abs=1e-3)


def test_a_cut_takes_effect_in_the_frame_itself() -> None:
    stabiliser = Stabiliser()
    first, second = scene(1, SIZE), scene(2, SIZE)
    for k in range(5):
        stabiliser(first[0], first[1], k / 30)
    got = stabiliser(second[0], second[1], 5 / 30)
    assert stabiliser.cuts == 1
    np.testing.assert_array_equal(got, second[1])


def test_motion_and_light_are_no_cut_and_another_scene_is() -> None:
    frames = [small_grey(frame, SIZE) for frame in shifted(2, 12)]
    assert not is_cut(*frames)
    brighter = np.clip(frames[0].astype(int) + 25, 0, 255).astype(np.uint8)
    assert not is_cut(frames[0], brighter)
    cuts = [
        is_cut(small_grey(scene(k, SIZE)[0], SIZE), small_grey(scene(k + 1, SIZE)[0], SIZE))
        for k in range(20)
    ]
    assert sum(cuts) >= 16


def test_following_the_flow_fetches_values_from_where_they_were() -> None:
    values = np.arange(np.prod(SIZE), dtype=np.float32).reshape(SIZE)
    flow = np.zeros((*SIZE, 2), np.float32)
    flow[..., 0], flow[..., 1] = 3, -2
    moved = follow(values, flow)
    np.testing.assert_array_equal(moved[2:, :-3], values[:-2, 3:])
    assert np.isnan(moved[:, -3:]).all()
    assert np.isnan(moved[:2]).all()


def test_flow_that_does_not_come_back_is_not_trusted() -> None:
    grey = small_grey(texture(3), SIZE)
    still = np.zeros((*SIZE, 2), np.float32)
    away = still + np.float32(5)
    assert flow_trust(grey, grey, still, still).min() == 1
    assert flow_trust(grey, grey, still, away).max() < 1e-3
    other = small_grey(texture(4), SIZE)
    assert flow_trust(grey, other, still, still).mean() < 0.5


def test_lost_pixels_go_with_those_beside_them() -> None:
    change, trust = np.full(SIZE, 0.1, np.float32), np.ones(SIZE, np.float32)
    change[40:44, 60:64], trust[40:44, 60:64] = 3.0, 0.0
    np.testing.assert_allclose(spread(change, trust), 0.1, rtol=1e-4)
    trust[:, :64] = 0.0
    far = spread(change, trust)
    assert abs(far[:, :40]).max() < 1e-4
    np.testing.assert_allclose(far[:, 70:], 0.1, rtol=1e-3)


@pytest.mark.parametrize("way", [0.05, -0.03])
def test_going_ahead_brings_points_nearer_by_what_the_picture_grows(way: float) -> None:
    """The flow of a camera that goes ahead, of points at two depths: x' = x Z / (Z + way)."""
    depth = np.full(SIZE, 2.0, np.float32)
    depth[:, SIZE[1] // 2 :] = 4.0
    y, x = np.mgrid[: SIZE[0], : SIZE[1]].astype(np.float32)
    x, y = x - SIZE[1] / 2, y - SIZE[0] / 2
    grow = (depth / (depth + np.float32(way)) - 1)[..., None]
    change = approach(np.stack([x, y], -1) * grow, depth, np.ones(SIZE, np.float32))
    expected = -np.log1p(way / depth)
    np.testing.assert_allclose(change, expected, rtol=0.1)


def test_passing_a_slanted_wall_is_not_taken_for_going_ahead() -> None:
    """Sideways motion by b shifts points by f·b/Z, and 1/Z of a plane is linear in the picture."""
    x = np.mgrid[: SIZE[0], : SIZE[1]][1].astype(np.float32)
    inverse = 0.2 + 0.3 * x / SIZE[1]
    flow = np.stack([100 * 0.1 * inverse, np.zeros_like(x)], -1)
    assert not approach(flow, 1 / inverse, np.ones(SIZE, np.float32)).any()


def test_the_unknown_stays_unknown_and_does_not_spread() -> None:
    image, depth = texture(5), np.full(SIZE, 2.0, np.float32)
    holes = depth.copy()
    holes[20:30, 40:50] = np.nan
    stabiliser = Stabiliser()
    for k, given_depth in enumerate((holes, depth, holes, depth)):
        got = stabiliser(image, given_depth, k / 30)
        np.testing.assert_array_equal(np.isnan(got), np.isnan(given_depth))
        np.testing.assert_allclose(got[~np.isnan(got)], 2.0, rtol=1e-5)


def test_a_stabiliser_goes_on_from_its_state() -> None:
    frames, depths = shifted(8, 1), noisy(2.0, 8, 0.05)
    whole, first = Stabiliser(), Stabiliser()
    for k in range(4):
        whole(frames[k], depths[k], k / 30)
        first(frames[k], depths[k], k / 30)
    second = Stabiliser()
    second.restore(first.state())
    for k in range(4, 8):
        expected = whole(frames[k], depths[k], k / 30)
        np.testing.assert_array_equal(second(frames[k], depths[k], k / 30), expected)


@settings(max_examples=15, deadline=None)
@given(
    height=st.integers(32, 90),
    width=st.integers(32, 90),
    levels=st.lists(st.floats(0.1, 50.0), min_size=2, max_size=4),
)
def test_depth_stays_between_what_the_frames_say(
    height: int, width: int, levels: list[float]
) -> None:
    """Of flat maps of a still picture, any size: an average lies between its parts."""
    image, stabiliser = texture(6, (height, width)), Stabiliser()
    for k, level in enumerate(levels):
        got = stabiliser(image, np.full((height, width), level, np.float32), k / 10)
        assert got.dtype == np.float32
        assert got.min() >= min(levels) * 0.99
        assert got.max() <= max(levels) * 1.01
