from __future__ import annotations

import numpy as np
import pytest

from neardepth.steps.depth_transfer import Frame, confidence, optimise

SHAPE = (24, 32)


def frame(*depths: np.ndarray, trust: float = 1.0, photo: np.ndarray | None = None) -> Frame:
    maps = np.stack(depths).astype(np.float32)
    return Frame(
        photo=np.full((*SHAPE, 3), 128, np.uint8) if photo is None else photo,
        depths=maps,
        across=np.diff(maps, axis=2),
        down=np.diff(maps, axis=1),
        confidence=np.full(maps.shape, trust, np.float32),
    )


def slope() -> np.ndarray:
    return np.linspace(2, 4, SHAPE[0])[:, None].repeat(SHAPE[1], axis=1).astype(np.float32)


def test_candidates_that_agree_are_believed_but_for_smoothness_and_prior() -> None:
    depth = slope()
    found = optimise([frame(*[depth] * 7)], depth)[0]
    assert np.abs(found - depth).max() < 0.05


def test_one_candidate_that_is_off_does_not_draw_the_others() -> None:
    depth = slope()
    found = optimise([frame(*[depth] * 6, depth + 5)], depth)[0]
    assert np.abs(found - depth).mean() < 0.1


def test_where_candidates_know_nothing_depth_goes_on_smoothly() -> None:
    depth = np.full(SHAPE, 3.0, np.float32)
    holed = depth.copy()
    holed[8:16, 8:16] = np.nan
    found = optimise([frame(*[holed] * 3)], np.full(SHAPE, 3.5, np.float32))[0]
    assert np.isfinite(found).all()
    assert found[8:16, 8:16].mean() == pytest.approx(3, abs=0.1)


def test_without_trust_the_prior_is_the_answer_within_what_candidates_span() -> None:
    near, far = np.full(SHAPE, 1.0), np.full(SHAPE, 5.0)
    found = optimise([frame(near, far, trust=1e-6)], np.full(SHAPE, 2.0, np.float32))[0]
    assert np.abs(found - 2).max() < 0.05


def test_depth_may_step_at_an_edge_of_the_photo_and_not_elsewhere() -> None:
    random = np.random.default_rng(0)
    truth = np.where(np.arange(SHAPE[1]) < 16, 2.0, 4.0) * np.ones(SHAPE)
    noisy = [truth + random.normal(0, 0.3, SHAPE) for _ in range(3)]
    photo = np.where(truth[..., None] < 3, 60, 200).astype(np.uint8).repeat(3, axis=2)
    guided = optimise([frame(*noisy, photo=photo)], truth.astype(np.float32))[0]
    blind = optimise([frame(*noisy)], truth.astype(np.float32))[0]
    step = [float(np.diff(found, axis=1)[:, 15].mean()) for found in (guided, blind)]
    assert step[0] > 1.5
    assert step[0] > step[1]


def test_frames_of_a_video_are_drawn_together_along_the_flow() -> None:
    here, there = frame(*[np.full(SHAPE, 3.0)] * 3), frame(*[np.full(SHAPE, 3.4)] * 3)
    still = np.zeros((*SHAPE, 2), np.float32)
    usual = np.full(SHAPE, 3.2, np.float32)
    apart = np.abs(np.diff(optimise([here, there], usual), axis=0)).mean()
    tied = np.abs(np.diff(optimise([here, there], usual, [still]), axis=0)).mean()
    assert apart == pytest.approx(0.4, abs=0.05)
    assert tied < 0.1


def test_frames_that_look_otherwise_are_not_tied() -> None:
    dark = np.full((*SHAPE, 3), 10, np.uint8)
    here, there = frame(*[np.full(SHAPE, 3.0)] * 3), frame(*[np.full(SHAPE, 3.4)] * 3, photo=dark)
    still = np.zeros((*SHAPE, 2), np.float32)
    found = optimise([here, there], np.full(SHAPE, 3.2, np.float32), [still])
    assert np.abs(np.diff(found, axis=0)).mean() > 0.3


def test_confidence_falls_with_the_difference_and_stays_between_0_and_1() -> None:
    values = confidence(np.array([[[0.0, 50, 100, 200, 1e6]]], np.float32))
    assert (np.diff(values) <= 0).all()
    assert values.min() >= 0
    assert values.max() <= 1


def test_where_no_candidate_knows_anything_the_prior_answers_or_nothing() -> None:
    nothing = np.full(SHAPE, np.nan)
    usual = np.full(SHAPE, 2.5, np.float32)
    assert optimise([frame(nothing)], usual)[0] == pytest.approx(usual, abs=0.05)
    assert np.isnan(optimise([frame(nothing)], nothing.astype(np.float32))).all()
