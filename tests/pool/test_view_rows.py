"""Images of a pair: each one, its place in a row and its depth belong together."""

from __future__ import annotations

import numpy as np
import pytest

from neardepth.encoders import load_encoder
from neardepth.imaging.photos import Photo
from neardepth.imaging.resize import resize_depth
from neardepth.kernel.targets import image_targets
from neardepth.pool.views import ViewDescriber
from neardepth.steps.dense import CELLS, GRIDS, pooled
from neardepth.steps.views import IMAGES, blurred, frame
from scenes import scene


@pytest.fixture(scope="module")
def describer() -> ViewDescriber:
    return ViewDescriber(load_encoder("efficientnet-lite0"))


def test_each_image_has_its_own_place_and_depth(describer: ViewDescriber) -> None:
    image, depth = scene(0)
    drawn, images = describer.prepare(Photo(image, "scene.png"))
    whole = frame(image)
    assert len(images) == IMAGES
    np.testing.assert_array_equal(images[0], whole)
    np.testing.assert_array_equal(images[-1], blurred(whole, drawn.reduction))
    targets = image_targets(depth, drawn.crops)
    logarithm = np.log(depth)
    expected = [resize_depth(logarithm, CELLS)]
    for number, crop in enumerate(drawn.crops, start=1):
        part = frame(image[crop.of(image.shape)], whole.shape[:2])
        np.testing.assert_array_equal(images[number], part)
        shift = np.float32(np.log(crop.zoom))
        expected.append(resize_depth(logarithm[crop.of(depth.shape)], CELLS) - shift)
    expected.append(expected[0])
    np.testing.assert_allclose(targets, np.stack(expected).reshape(IMAGES, -1), rtol=1e-6)


def test_a_row_holds_every_image_in_that_order(describer: ViewDescriber) -> None:
    image, _ = scene(0)
    prepared = describer.prepare(Photo(image, "scene.png"))
    rows = describer.describe([prepared])
    assert describer.layout.crops(rows[0]) == prepared[0].crops
    np.testing.assert_array_equal(describer.layout.cells(rows)[0], prepared[0].cells)
    for number, shown in enumerate(prepared[1]):
        expected = pooled(describer.encoder.maps(shown[None], list(GRIDS)))
        found = describer.layout.view(rows, number).astype(np.float32)
        np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)
