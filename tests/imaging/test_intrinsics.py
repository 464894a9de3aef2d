"""Intrinsics and what EXIF says about them."""

from __future__ import annotations

import math

import pytest

from neardepth.imaging.intrinsics import Intrinsics


def test_scaled_keeps_the_field_of_view() -> None:
    camera = Intrinsics(500.0, 510.0, 319.5, 239.5)
    half = camera.scaled(0.5, 0.5)
    assert (half.fx, half.fy) == (250.0, 255.0)
    assert (half.cx, half.cy) == (159.5, 119.5)  # still the middle of the picture
    back = half.scaled(2.0, 2.0)
    assert back == camera


@pytest.mark.parametrize("wrong", [(0.0, 1.0), (1.0, -2.0), (math.nan, 1.0), (math.inf, 1.0)])
def test_impossible_focal_lengths_are_refused(wrong: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"focal|finite"):
        Intrinsics(*wrong, 1.0, 1.0)


def test_35mm_equivalent_uses_the_diagonal() -> None:
    camera = Intrinsics.from_exif({41989: 50}, (2000, 3000))
    assert camera is not None
    assert camera.fx == camera.fy == pytest.approx(50 * 3000 / 36)  # 3:2 like the film
    assert (camera.cx, camera.cy) == (1499.5, 999.5)
    assert "35mm" in camera.origin


def test_sensor_resolution_survives_resizing() -> None:
    # 5.4 mm lens, 4000 pixels on 6.17 mm; the photo was then halved by a program.
    tags = {37386: 5.4, 41486: 4000 / 6.17 * 10, 41488: 3, 40962: 4000, 40963: 3000}
    camera = Intrinsics.from_exif(tags, (1500, 2000))
    assert camera is not None
    assert camera.fx == pytest.approx(5.4 / 6.17 * 2000)
    turned = Intrinsics.from_exif(tags, (2000, 1500), turned=True)
    assert turned is not None
    assert turned.fx == pytest.approx(camera.fx)


@pytest.mark.parametrize(
    "tags",
    [{}, {41989: 0}, {41989: "wide"}, {41989: math.nan}, {41989: 1e9}, {37386: 5.4}, {41989: None}],
)
def test_tags_that_do_not_tell_give_none(tags: dict[int, object]) -> None:
    assert Intrinsics.from_exif(tags, (480, 640)) is None
