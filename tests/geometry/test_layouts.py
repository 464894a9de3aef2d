"""Two views in one picture: shapes, places and colours."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from boxes import texture
from hypothesis import given, settings
from hypothesis import strategies as st

from neardepth.errors import MethodError
from neardepth.geometry.layouts import LAYOUTS, anaglyph, find_layout, from_linear, to_linear

LEFT, RIGHT = texture(6, 10, 1), texture(6, 10, 2)


def arranged(name: str) -> np.ndarray:
    (picture,) = find_layout(name).arrange(LEFT, RIGHT)
    return picture


def test_whole_views_stand_where_the_name_says() -> None:
    assert np.array_equal(arranged("full-sbs"), np.concatenate([LEFT, RIGHT], axis=1))
    assert np.array_equal(arranged("cross"), np.concatenate([RIGHT, LEFT], axis=1))
    assert np.array_equal(arranged("full-tb"), np.concatenate([LEFT, RIGHT], axis=0))
    left, right = find_layout("separate").arrange(LEFT, RIGHT)
    assert left is LEFT
    assert right is RIGHT


def test_halves_are_means_of_two_pixels() -> None:
    pairs = LEFT.reshape(6, 5, 2, 3).astype(float).mean(axis=2)
    assert np.abs(arranged("half-sbs")[:, :5] - pairs).max() <= 0.5
    pairs = RIGHT.reshape(3, 2, 10, 3).astype(float).mean(axis=1)
    assert np.abs(arranged("half-tb")[3:] - pairs).max() <= 0.5


def test_rows_take_turns() -> None:
    picture = arranged("interlaced")
    assert np.array_equal(picture[::2], LEFT[::2])
    assert np.array_equal(picture[1::2], RIGHT[1::2])


def test_colour_anaglyph_takes_red_from_the_left() -> None:
    picture = arranged("anaglyph-colour")
    assert np.array_equal(picture[..., 0], LEFT[..., 0])
    assert np.array_equal(picture[..., 1:], RIGHT[..., 1:])


def test_grey_and_half_colour_take_brightness() -> None:
    weights = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    grey = arranged("anaglyph-grey")
    assert np.abs(grey[..., 0] - LEFT @ weights).max() <= 1
    assert np.abs(grey[..., 1] - RIGHT @ weights).max() <= 1
    assert np.array_equal(grey[..., 1], grey[..., 2])
    half = arranged("anaglyph-half-colour")
    assert np.array_equal(half[..., 0], grey[..., 0])
    assert np.array_equal(half[..., 1:], RIGHT[..., 1:])


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        # Columns of Dubois's matrices, clipped, as sRGB: 0.437 -> 176, 0.377 -> 165 and so on.
        ((255, 0, 0), (0, 0, 0), (176, 0, 0)),
        ((0, 255, 0), (0, 0, 0), (179, 0, 0)),
        ((0, 0, 255), (0, 0, 0), (113, 0, 0)),
        ((0, 0, 0), (255, 0, 0), (0, 165, 0)),
        ((0, 0, 0), (0, 255, 0), (0, 226, 0)),
        ((0, 0, 0), (0, 0, 255), (0, 23, 255)),
        ((255, 255, 255), (255, 255, 255), (255, 255, 255)),
        ((0, 0, 0), (0, 0, 0), (0, 0, 0)),
    ],
)
def test_dubois_is_the_published_matrix_in_linear_light(
    left: tuple[int, ...], right: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    views = [np.full((2, 2, 3), colour, np.uint8) for colour in (left, right)]
    assert np.abs(anaglyph(*views)[0, 0].astype(int) - expected).max() <= 1


def test_linear_light_and_back_is_the_same_picture() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, axis=2)
    back = from_linear(to_linear(every))
    assert np.abs(back.astype(int) - every).max() <= 1
    assert np.array_equal(back[:, 16:], every[:, 16:])


def test_layouts_are_told_apart_by_their_endings() -> None:
    suffixes = [suffix for layout in LAYOUTS.values() for suffix in layout.suffixes]
    assert len(set(suffixes)) == len(suffixes)
    assert LAYOUTS["full-sbs"].suffixes == ("_LRF_Full_SBS",)
    for one, other in itertools.permutations(suffixes, 2):
        assert not one.endswith(other)
    with pytest.raises(MethodError, match="full-sbs, half-sbs"):
        find_layout("sideways")


@settings(max_examples=30, deadline=None)
@given(height=st.integers(2, 20), width=st.integers(2, 20), name=st.sampled_from(sorted(LAYOUTS)))
def test_odd_sizes_give_whole_pictures(height: int, width: int, name: str) -> None:
    layout = LAYOUTS[name]
    pictures = layout.arrange(texture(height, width, 1), texture(height, width, 2))
    assert len(pictures) == len(layout.suffixes)
    wide = 2 if name in ("full-sbs", "cross") else 1
    tall = 2 if name == "full-tb" else 1
    for picture in pictures:
        assert picture.shape == (height * tall, width * wide, 3)
        assert picture.dtype == np.uint8
