from __future__ import annotations

import json

import numpy as np
import pytest

from neardepth.encoders import Preprocessing
from neardepth.encoders.preprocessing import IMAGENET_MEAN, IMAGENET_STD
from neardepth.errors import EncoderError

IMAGENET = Preprocessing((24, 40), IMAGENET_MEAN, IMAGENET_STD)


def test_it_is_the_formula() -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (5, 24, 40, 3), np.uint8)
    expected = (tiles / 255 - IMAGENET_MEAN) / IMAGENET_STD
    prepared = IMAGENET.apply(tiles)
    assert prepared.dtype == np.float32
    assert prepared.flags.c_contiguous
    np.testing.assert_allclose(prepared, expected.transpose(0, 3, 1, 2), rtol=1e-6, atol=1e-7)


def test_views_and_no_tiles_at_all_work() -> None:
    tiles = np.random.default_rng(0).integers(0, 256, (4, 24, 40, 3), np.uint8)
    swapped = tiles[::2, ..., ::-1]
    np.testing.assert_array_equal(IMAGENET.apply(swapped), IMAGENET.apply(swapped.copy()))
    assert IMAGENET.apply(tiles[:0]).shape == (0, 3, 24, 40)


@pytest.mark.parametrize(
    "tiles",
    [
        np.zeros((1, 24, 40, 3), np.float32),
        np.zeros((1, 40, 24, 3), np.uint8),
        np.zeros((24, 40, 3), np.uint8),
    ],
)
def test_other_types_and_shapes_are_refused(tiles: np.ndarray) -> None:
    with pytest.raises(ValueError, match="tiles are"):
        IMAGENET.apply(tiles)


def test_it_survives_json() -> None:
    lite = Preprocessing((224, 260), 3 * (127 / 255,), 3 * (128 / 255,))
    assert Preprocessing.from_dict(json.loads(json.dumps(lite.to_dict()))) == lite


@pytest.mark.parametrize(
    "change",
    [{"size": [224]}, {"size": [0, 224]}, {"mean": 3}, {"std": [0, 1, 1]}, {"mean": ["a", 0, 0]}],
)
def test_what_is_not_a_preprocessing_is_named(change: dict[str, object]) -> None:
    with pytest.raises(EncoderError, match="preprocessing"):
        Preprocessing.from_dict({**IMAGENET.to_dict(), **change})
    with pytest.raises(EncoderError, match="preprocessing"):
        Preprocessing.from_dict({})
