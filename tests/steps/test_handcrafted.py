"""Hand-made descriptors, against independent ways to compute them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from neardepth.encoders import load_encoder
from neardepth.errors import EncoderError
from neardepth.steps.handcrafted import HANDCRAFTED, SIZE, gist, hog, lbp, salient_gist
from scenes import scene


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return scene(7, SIZE)[0]


@pytest.mark.parametrize("name", HANDCRAFTED)
def test_every_descriptor_is_finite_of_its_length_and_the_same_again(
    name: str, photo: np.ndarray
) -> None:
    describe, dim = HANDCRAFTED[name]
    vector = describe(photo)
    assert vector.shape == (dim,)
    assert vector.dtype == np.float32
    assert np.isfinite(vector).all()
    assert np.array_equal(vector, describe(photo))


@pytest.mark.parametrize("name", HANDCRAFTED)
def test_a_photo_of_one_colour_is_described_too(name: str) -> None:
    assert np.isfinite(HANDCRAFTED[name][0](np.full((*SIZE, 3), 90, np.uint8))).all()


@pytest.mark.parametrize("name", HANDCRAFTED)
def test_the_encoder_of_that_name_gives_the_same(name: str, photo: np.ndarray) -> None:
    encoder = load_encoder(name)
    assert np.array_equal(encoder(photo[None])[0], HANDCRAFTED[name][0](photo))
    assert encoder.info()["source"] == name
    with pytest.raises(ValueError, match="uint8"):
        encoder(photo[None].astype(np.float32))  # type: ignore[arg-type]
    with pytest.raises(EncoderError, match="gives no map"):
        encoder.maps(photo[None], ["head"])


def test_hog_agrees_with_histograms_of_gradients_by_numpy() -> None:
    """Along a ramp in x, all votes are for vertical edges; along a ramp in y, for horizontal."""
    ramp = np.linspace(0, 255, SIZE[1]).astype(np.uint8)
    across = np.repeat(np.tile(ramp, (SIZE[0], 1))[..., None], 3, axis=2)
    ramp = np.linspace(0, 255, SIZE[0]).astype(np.uint8)
    down = np.repeat(np.tile(ramp[:, None], (1, SIZE[1]))[..., None], 3, axis=2)
    votes = {name: hog(image).reshape(16, 9) for name, image in (("x", across), ("y", down))}
    # Bins are centred on 10°, 30° …: the first and the last share 0°, 90° falls in the fifth.
    assert votes["x"][:, [0, 8]].sum() > 0.95 * votes["x"].sum()
    assert votes["y"][:, 4].sum() > 0.95 * votes["y"].sum()
    assert np.allclose(np.linalg.norm(votes["y"], axis=1), 1, atol=0.02)


def test_lbp_agrees_with_patterns_counted_by_numpy(photo: np.ndarray) -> None:
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float64)
    inner = grey[1:-1, 1:-1]
    codes = np.zeros(inner.shape, int)
    for bit in range(8):
        x, y = np.cos(2 * np.pi * bit / 8), -np.sin(2 * np.pi * bit / 8)
        x0, y0 = int(np.floor(round(x, 9))), int(np.floor(round(y, 9)))
        tx, ty = x - x0, y - y0
        value = sum(
            weight
            * grey[1 + y0 + dy : grey.shape[0] - 1 + y0 + dy or None][: inner.shape[0]][
                :, 1 + x0 + dx :
            ][:, : inner.shape[1]]
            for dy, dx, weight in (
                (0, 0, (1 - ty) * (1 - tx)),
                (0, 1, (1 - ty) * tx),
                (1, 0, ty * (1 - tx)),
                (1, 1, ty * tx),
            )
            if weight > 1e-9
        )
        codes += ((value > inner) | (np.abs(value - inner) < 1e-5)).astype(int) << bit
    height, width = inner.shape[0] // 4, inner.shape[1] // 4
    counted = [
        np.bincount(
            codes[r * height : (r + 1) * height, c * width : (c + 1) * width].ravel(), minlength=256
        )
        / (height * width)
        for r in range(4)
        for c in range(4)
    ]
    found = lbp(photo).reshape(16, 256) ** 2
    # Rounding decides a few ties otherwise.
    assert np.abs(np.sort(found, axis=1) - np.sort(counted, axis=1)).max() < 0.02


def test_gist_of_stripes_answers_at_their_orientation_and_scale() -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    # On the 128-pixel square, 0.3 cycles a pixel is the finest scale.
    upright = np.repeat((127 + 100 * np.sin(2 * np.pi * 0.3 * x * 128 / SIZE[1]))[..., None], 3, 2)
    level = np.repeat((127 + 100 * np.sin(2 * np.pi * 0.3 * y * 128 / SIZE[0]))[..., None], 3, 2)
    for image, orientation in ((upright, 0), (level, 4)):
        energies = gist(image.astype(np.uint8)).reshape(4, 8, 16).mean(axis=2)
        assert np.unravel_index(energies.argmax(), energies.shape) == (0, orientation)


def test_gist_does_not_see_brightness_and_saliency_changes_it(photo: np.ndarray) -> None:
    darker = (photo * 0.6).astype(np.uint8)
    assert np.corrcoef(gist(photo), gist(darker))[0, 1] > 0.99
    assert not np.allclose(gist(photo), salient_gist(photo))


@pytest.mark.parametrize("name", ["hog", "lbp", "gist", "sift"])
def test_a_mirrored_photo_has_another_descriptor(name: str, photo: np.ndarray) -> None:
    describe = HANDCRAFTED[name][0]
    assert not np.allclose(describe(photo), describe(np.ascontiguousarray(photo[:, ::-1])))
