from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neardepth.steps.views import SAMPLED_CELLS, ZOOMS, Crop, blurred, draw, frame
from scenes import scene


def test_the_same_photo_has_the_same_crops_and_another_has_others() -> None:
    photo, other = scene(0)[0], scene(1)[0]
    crops, reduction, cells = draw(photo, 1200)
    again, as_much, same = draw(photo.copy(), 1200)
    assert (crops, reduction) == (again, as_much)
    assert 1.5 <= reduction <= 3
    np.testing.assert_array_equal(cells, same)
    assert draw(other, 1200)[0] != crops
    assert [crop.zoom for crop in crops] == list(ZOOMS)
    assert len(set(cells.tolist())) == SAMPLED_CELLS
    assert cells.min() >= 0
    assert cells.max() < 1200


@given(
    st.integers(1, 500),
    st.integers(1, 500),
    st.floats(1, 3),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_crop_lies_inside_and_is_zoom_times_smaller(
    height: int, width: int, zoom: float, top: float, left: float
) -> None:
    rows, columns = Crop(zoom, top, left).of((height, width, 3))
    for part, length in ((rows, height), (columns, width)):
        assert 0 <= part.start < part.stop <= length
        assert abs((part.stop - part.start) - length / zoom) <= 1


@pytest.mark.parametrize("size", [(480, 640), (96, 128), (375, 1242), (2000, 1500), (10, 4000)])
def test_a_frame_keeps_the_aspect_ratio_and_the_area(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    height, width = frame(image).shape[:2]
    assert height % 32 == width % 32 == 0
    if max(size) < 4 * min(size):
        assert width / height == pytest.approx(size[1] / size[0], rel=0.08)
        assert height * width == pytest.approx(480 * 640, rel=0.1)
    assert frame(image, (64, 96)).shape == (64, 96, 3)


@given(st.integers(1, 60), st.integers(1, 60), st.floats(1.5, 3))
def test_a_blurred_copy_has_the_same_size_and_range(
    height: int, width: int, reduction: float
) -> None:
    image = np.random.default_rng(0).integers(40, 200, (height, width, 3), np.uint8)
    copy = blurred(image, reduction)
    assert copy.shape == image.shape
    assert image.min() <= copy.min() <= copy.max() <= image.max()


def test_the_more_reduced_the_less_sharp() -> None:
    image = scene(0)[0]
    sharpness = [
        np.abs(np.diff(blurred(image, reduction).astype(float), axis=1)).mean()
        for reduction in (1.0, 1.5, 2.0, 3.0)
    ]
    assert sharpness == sorted(sharpness, reverse=True)
