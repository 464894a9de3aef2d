"""Two eyes' views: shifts, who is in front, and what stands in the holes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from boxes import FAR, NEAR, box_before_wall, texture
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from neardepth.geometry.edges import sharpen_edges
from neardepth.geometry.rig import Rig
from neardepth.geometry.stereo import render_stereo
from neardepth.geometry.warp import CUT, forward_warp


def test_constant_depth_is_a_pure_shift() -> None:
    photo = texture(20, 50)
    depth = np.full((20, 50), 2.0, np.float32)
    pair = render_stereo(photo, depth, Rig(12.0, math.inf))  # 6 px of parallax, 3 an eye
    assert np.array_equal(pair.left[:, 3:], photo[:, :-3])
    assert np.array_equal(pair.right[:, :-3], photo[:, 3:])
    assert np.array_equal(pair.left_holes, np.arange(50) < np.full((20, 1), 3))
    assert np.array_equal(pair.right_holes, np.arange(50) >= np.full((20, 1), 47))


def test_half_a_pixel_is_the_mean_of_two() -> None:
    photo = texture(8, 40)
    pair = render_stereo(photo, np.full((8, 40), 2.0, np.float32), Rig(2.0, math.inf))
    mean = (photo[:, :-1].astype(float) + photo[:, 1:]) / 2
    assert np.abs(pair.left[:, 1:-1] - mean[:, :-1]).max() <= 0.5
    assert np.abs(pair.right[:, :-1] - mean).max() <= 0.5


@pytest.mark.parametrize("keep", [None, "left", "right"])
def test_no_separation_returns_the_photo(keep: str | None) -> None:
    photo = texture(33, 47)
    depth = np.random.default_rng(1).uniform(0.5, 9, (33, 47)).astype(np.float32)
    pair = render_stereo(photo, depth, Rig(0.0, 2.0), keep=keep)  # type: ignore[arg-type]
    assert np.array_equal(pair.left, photo)
    assert np.array_equal(pair.right, photo)
    assert not pair.left_holes.any()


def test_what_lies_on_the_screen_stays_in_place() -> None:
    photo = texture(20, 40)
    pair = render_stereo(photo, np.full((20, 40), 3.0, np.float32), Rig(100.0, 3.0))
    assert np.array_equal(pair.left, photo)
    assert np.array_equal(pair.right, photo)


def test_near_things_move_inwards_and_cover_far_ones() -> None:
    photo, depth = box_before_wall()
    pair = render_stereo(photo, depth, Rig(8.0, math.inf))  # 8 px near, 2 px far
    for view, first in ((pair.left, 24 + 4), (pair.right, 24 - 4)):
        red = view[..., 0] == 220
        assert np.array_equal(red.any(axis=0), red.all(axis=0))
        assert np.array_equal(np.flatnonzero(red[0]), np.arange(first, first + 16))


def test_a_kept_eye_is_the_photo_and_the_other_moves_twice_as_far() -> None:
    photo, depth = box_before_wall()
    kept = render_stereo(photo, depth, Rig(8.0, math.inf), keep="left")
    assert np.array_equal(kept.left, photo)
    assert not kept.left_holes.any()
    assert np.flatnonzero(kept.right[0, :, 0] == 220)[0] == 24 - 8
    other = render_stereo(photo, depth, Rig(8.0, math.inf), keep="right")
    assert np.array_equal(other.right, photo)
    assert np.flatnonzero(other.left[0, :, 0] == 220)[0] == 24 + 8


def test_holes_open_behind_the_box_and_hold_the_wall() -> None:
    photo, depth = box_before_wall()
    pair = render_stereo(photo, depth, Rig(8.0, math.inf))
    wall = (0, 0, 200)
    # The wall moved by 1 px and the box by 4: 3 px are new, and the wall's mixed pixels are not
    # trusted; at the photo's border 1 px is new.
    inner = np.flatnonzero(pair.left_holes[5, 2:]) + 2
    assert inner.tolist() == list(range(28 - 3 - 2, 28))
    assert (pair.left[:, inner] == wall).all()
    inner = np.flatnonzero(pair.right_holes[5, :-2])
    assert inner.tolist() == list(range(36, 36 + 3 + 2))
    assert (pair.right[:, inner] == wall).all()


def test_mixed_colours_at_an_edge_leave_no_ghost() -> None:
    photo, depth = box_before_wall()
    photo[:, 23], photo[:, 40] = (110, 0, 100), (110, 0, 100)
    pair = render_stereo(photo, depth, Rig(8.0, math.inf))
    for view in (pair.left, pair.right):
        assert not (view == (110, 0, 100)).all(axis=-1).any()


def test_a_ramp_at_an_edge_becomes_a_step_at_the_colour_edge() -> None:
    photo = np.zeros((4, 20, 3), np.uint8)
    photo[:, 9:] = 255
    shift = np.interp(np.arange(20), [6, 12], [0, 30]).astype(np.float32)[None].repeat(4, 0)
    stepped = sharpen_edges(shift, photo)
    assert np.array_equal(stepped, np.where(np.arange(20) < 9, 0, 30)[None].repeat(4, 0))
    gentle = shift / 30 * CUT
    assert np.array_equal(sharpen_edges(gentle, photo), gentle)


def test_unknown_depth_is_bridged() -> None:
    photo, depth = box_before_wall()
    holed = depth.copy()
    holed[5:9, 2:6] = np.nan
    holed[10, 30] = 0
    rig = Rig(8.0, math.inf)
    assert np.array_equal(
        render_stereo(photo, holed, rig).left, render_stereo(photo, depth, rig).left
    )
    with pytest.raises(ValueError, match="nothing is known"):
        render_stereo(photo, np.full_like(depth, np.nan), rig)


def test_the_same_input_gives_the_same_output_in_strips_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(3)
    photo = texture(90, 120)
    depth = np.repeat(np.repeat(random.uniform(1, 5, (9, 12)), 10, 0), 10, 1).astype(np.float32)
    whole = render_stereo(photo, depth, Rig(20.0, 2.0))
    monkeypatch.setattr("neardepth.geometry.stereo._STRIP_PIXELS", 120 * 7)
    strips = render_stereo(photo, depth, Rig(20.0, 2.0))
    assert np.array_equal(whole.left, strips.left)
    assert np.array_equal(whole.right, strips.right)
    assert np.array_equal(whole.right_holes, strips.right_holes)


def slow_warp(
    photo: NDArray[np.uint8], shift: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Draw each segment into each column it covers and keep the nearest: loops and a z-buffer."""
    height, width = shift.shape
    view = np.zeros((height, width, 3))
    front = np.full((height, width), -np.inf)
    x = np.arange(width, dtype=np.float32)
    for row in range(height):
        at = x + shift[row]
        for i in range(width):
            before = i > 0 and abs(shift[row, i] - shift[row, i - 1]) <= CUT
            after = i + 1 < width and abs(shift[row, i + 1] - shift[row, i]) <= CUT
            start = at[i] if before else at[i] - np.float32(0.5)
            stop = at[i + 1] if after else at[i] + np.float32(0.5)
            for column in range(max(0, math.ceil(start)), min(width, math.ceil(stop))):
                part = 0.0
                if after and column > at[i]:
                    part = float((column - at[i]) / (at[i + 1] - at[i]))
                nearness = shift[row, i] + (
                    part * (shift[row, i + 1] - shift[row, i]) if part else 0
                )
                if nearness > front[row, column]:
                    front[row, column] = nearness
                    following = photo[row, min(i + 1, width - 1)]
                    view[row, column] = (1 - part) * photo[row, i] + part * following
    return view, np.isinf(front)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 4),
    width=st.integers(2, 30),
    reach=st.floats(0, 12),
    plateau=st.integers(1, 6),
)
def test_the_warp_is_that_of_plain_loops(
    seed: int, height: int, width: int, reach: float, plateau: int
) -> None:
    random = np.random.default_rng(seed)
    levels = random.uniform(-reach, reach, (height, width)).astype(np.float32)
    shift = np.repeat(levels, plateau, axis=1)[:, :width]
    shift += np.linspace(0, random.uniform(-2, 2), width, dtype=np.float32)
    photo = texture(height, width, seed)
    view, holes = slow_warp(photo, shift)
    warped = forward_warp(photo, shift, margin=0)
    assert np.array_equal(warped.holes, holes)
    difference = np.abs(warped.image - view)[~holes]
    assert difference.max(initial=0) <= 255 / 32 + 1  # OpenCV interpolates in steps of 1/32 px


@settings(max_examples=40, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    strength=st.floats(0, 100),
    convergence=st.floats(0.1, 20) | st.just(math.inf),
    keep=st.sampled_from([None, "left", "right"]),
    seed=st.integers(0, 1000),
)
def test_any_photo_gives_two_whole_views(
    height: int, width: int, strength: float, convergence: float, keep: str | None, seed: int
) -> None:
    random = np.random.default_rng(seed)
    depth = random.uniform(0.3, 10, (height, width)).astype(np.float32)
    depth[random.random((height, width)) < 0.2] = np.nan
    depth[0, 0] = 1.0
    pair = render_stereo(
        texture(height, width, seed),
        depth,
        Rig(strength, convergence),
        keep=keep,  # type: ignore[arg-type]
    )
    for view, holes in ((pair.left, pair.left_holes), (pair.right, pair.right_holes)):
        assert view.shape == (height, width, 3)
        assert view.dtype == np.uint8
        assert holes.shape == (height, width)
        assert holes.dtype == np.bool_


@pytest.mark.parametrize(
    ("photo", "depth"),
    [
        (np.zeros((4, 5), np.uint8), np.ones((4, 5), np.float32)),
        (np.zeros((4, 5, 3), np.float32), np.ones((4, 5), np.float32)),
        (np.zeros((4, 5, 3), np.uint8), np.ones((5, 4), np.float32)),
    ],
)
def test_what_does_not_fit_is_refused(photo: NDArray[np.uint8], depth: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="shape"):
        render_stereo(photo, depth, Rig(1.0, 2.0))


def test_far_and_near_are_what_the_scene_says() -> None:
    rig = Rig(8.0, 2.0)
    values = rig.parallax(np.array([[NEAR, 2.0, FAR]], np.float32))
    assert values.tolist() == [[4.0, 0.0, -2.0]]


@pytest.mark.filterwarnings("error")
def test_shift_that_falls_by_a_pixel_a_pixel_is_no_division_by_nought() -> None:
    """All pixels land on one column: what is seen there is one of them, not nothing."""
    photo = texture(4, 40)
    shift = np.tile(np.arange(40, 0, -1, dtype=np.float32), (4, 1))
    warped = forward_warp(photo, shift, 2)
    assert np.isfinite(warped.shift).all()
    flat = np.zeros((4, 40), np.float32)
    flat[:, 10:20] = np.arange(10, 0, -1)
    warped = forward_warp(photo, flat, 2)
    assert np.array_equal(warped.image[:, 30:], photo[:, 30:])
