"""Hand-made descriptors, against independent ways to compute them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from neardepth.encoders import load_encoder
from neardepth.errors import EncoderError
from neardepth.steps.handcrafted import HANDCRAFTED, SIZE, _gist, gist, hog, lbp, salient_gist
from scenes import scene


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    """A scene with texture of every direction, so that no histogram is like its mirror image."""
    random = np.random.default_rng(2)
    texture = cv2.GaussianBlur(random.normal(0, 90, SIZE), (0, 0), 2.5, sigmaY=1.0)
    return np.clip(scene(7, SIZE)[0] + texture[..., None], 0, 255).astype(np.uint8)


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


def test_hog_agrees_with_histograms_of_gradients_by_numpy(photo: np.ndarray) -> None:
    image = photo.astype(np.float64)
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="reflect")
    across = padded[1:-1, 2:] - padded[1:-1, :-2]
    down = padded[2:, 1:-1] - padded[:-2, 1:-1]
    strength = np.hypot(across, down)
    strongest = strength.argmax(axis=2)[..., None]
    across, down, strength = (
        np.take_along_axis(part, strongest, axis=2)[..., 0] for part in (across, down, strength)
    )
    bins = np.mod(np.arctan2(down, across), np.pi) / (np.pi / 9) - 0.5
    low = np.floor(bins).astype(int)
    share = bins - low
    height, width = SIZE[0] // 4, SIZE[1] // 4
    y, x = np.mgrid[:height, :width]
    middle = np.exp(
        -((y - height / 2 + 0.5) ** 2 / (height / 4) ** 2 / 2)
        - (x - width / 2 + 0.5) ** 2 / (width / 4) ** 2 / 2
    )
    found = hog(photo).reshape(4, 4, 9)  # column by column
    likeness = []
    for row in range(4):
        for column in range(4):
            part = (
                slice(row * height, (row + 1) * height),
                slice(column * width, (column + 1) * width),
            )
            votes = strength[part] * middle
            counted = sum(
                np.bincount((low[part] + step).ravel() % 9, (votes * weight).ravel(), 9)
                for step, weight in ((0, 1 - share[part]), (1, share[part]))
            )
            likeness.append(np.corrcoef(counted, found[column, row])[0, 1])
    assert min(likeness) > 0.97
    assert np.linalg.norm(found, axis=2) == pytest.approx(1, abs=0.02)


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
    # OpenCV counts the bits from another neighbour on, the other way round or not.
    rings = [[turn, sign] for turn in range(8) for sign in (1, -1)]
    errors = [np.abs(found - np.array(counted)[:, _turned(*ring)]).max() for ring in rings]
    assert min(errors) < 0.005  # rounding decides a few ties otherwise
    assert sorted(errors)[1] > 5 * min(errors)


def _turned(turn: int, sign: int) -> np.ndarray:
    """Where each pattern goes when its bits are counted from another one on, in either sense."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    return (bits[:, (turn + sign * np.arange(8)) % 8] << np.arange(8)).sum(axis=1)


def test_gist_of_stripes_answers_at_their_orientation_and_scale() -> None:
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    # On the 128-pixel square, 0.3 cycles a pixel is the finest scale.
    upright = np.repeat((127 + 100 * np.sin(2 * np.pi * 0.3 * x * 128 / SIZE[1]))[..., None], 3, 2)
    level = np.repeat((127 + 100 * np.sin(2 * np.pi * 0.3 * y * 128 / SIZE[0]))[..., None], 3, 2)
    for image, orientation in ((upright, 0), (level, 4)):
        energies = gist(image.astype(np.uint8)).reshape(4, 8, 16).mean(axis=2)
        assert np.unravel_index(energies.argmax(), energies.shape) == (0, orientation)


def test_gist_does_not_see_brightness(photo: np.ndarray) -> None:
    darker = (photo * 0.6).astype(np.uint8)
    assert np.corrcoef(gist(photo), gist(darker))[0, 1] > 0.99


def test_a_weight_of_pixels_scales_their_part_of_gist(photo: np.ndarray) -> None:
    weight = np.where(np.arange(128) < 64, 1.5, 0.5) * np.ones((128, 1))
    ratio = _gist(photo, weight.astype(np.float32)) / gist(photo)
    parts = ratio.reshape(32, 4, 4)[:8].mean(axis=0)  # of the finest scale
    assert parts[:, 0] == pytest.approx(1.5, abs=0.1)
    assert parts[:, 3] == pytest.approx(0.5, abs=0.1)
    assert not np.allclose(salient_gist(photo), gist(photo))


@pytest.mark.parametrize("name", ["hog", "lbp", "gist"])
def test_a_large_noisy_photo_is_described_as_its_small_original(name: str) -> None:
    """Skipping pixels when it is shrunk would describe its noise."""
    small = scene(7, SIZE)[0]
    large = cv2.resize(small, (3200, 2400), interpolation=cv2.INTER_CUBIC).astype(int)
    noise = np.random.default_rng(0).integers(-14, 15, large.shape)
    large = np.clip(large + noise, 0, 255).astype(np.uint8)
    encoder = load_encoder(name)
    vectors = [encoder(encoder.cut(image, (1, 1)))[0] for image in (small, large)]
    assert np.corrcoef(*vectors)[0, 1] > 0.9


@pytest.mark.parametrize("name", ["hog", "lbp", "gist", "sift"])
def test_a_mirrored_photo_has_another_descriptor(name: str, photo: np.ndarray) -> None:
    describe = HANDCRAFTED[name][0]
    assert not np.allclose(describe(photo), describe(np.ascontiguousarray(photo[:, ::-1])))
