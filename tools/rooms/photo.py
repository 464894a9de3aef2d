"""From light to a photo: exposure, white balance, tone curve, and a sensor's flaws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([0.2126, 0.7152, 0.0722])
_GREY = 0.17  # linear value that a photo's middle brightness is brought to
_WHITE = 4.5  # linear value that saturates


def develop(light: NDArray[np.float32], seed: int, frame: int = 0) -> NDArray[np.uint8]:
    """Return the photo of linear light, H×W×3; frames of one seed differ in their noise only."""
    rng = np.random.default_rng([seed, 1])
    image = np.maximum(light.astype(np.float64), 0.0)
    image = _white_balance(image, rng.uniform(0.35, 0.85))
    image *= _exposure(image) * 2.0 ** rng.normal(0.0, 0.4)
    image *= _vignette(image.shape[:2], rng.uniform(0.0, 0.28))[..., None]
    noise = rng.uniform(0.002, 0.01)
    grain = np.random.default_rng([seed, 2, frame]) if frame else rng
    image += grain.normal(size=image.shape) * noise * np.sqrt(image + 0.02)
    tones = _tone(np.maximum(image, 0.0))
    return np.asarray(np.clip(np.rint(tones * 255), 0, 255), dtype=np.uint8)


def _white_balance(image: NDArray[np.float64], strength: float) -> NDArray[np.float64]:
    """Take out part of the light's colour, as cameras do, by the grey-world rule."""
    bright = np.minimum(image, np.percentile(image, 95))
    mean = bright.reshape(-1, 3).mean(axis=0) + 1e-6
    return np.asarray(image * (mean @ _LUMA / mean) ** strength)


def _exposure(image: NDArray[np.float64]) -> float:
    """Bring the middle brightness to grey, unless that would blow out a tenth of the photo."""
    luma = image @ _LUMA
    middle = float(np.exp(np.log(luma + 1e-4).mean()))
    bright = float(np.percentile(luma, 88))
    return min(_GREY / max(middle, 1e-5), 1.3 / max(bright, 1e-5))


def _vignette(size: tuple[int, int], depth: float) -> NDArray[np.float64]:
    height, width = size
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return np.asarray(1.0 - depth * ((x * x + y * y) / 2) ** 1.3)


def _tone(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Roll highlights off (extended Reinhard), add contrast, and encode as sRGB."""
    image = image * 1.35
    image = image * (1 + image / _WHITE**2) / (1 + 0.55 * image)
    image = np.clip(image, 0.0, 1.0)
    encoded = np.where(image < 0.0031308, 12.92 * image, 1.055 * image ** (1 / 2.4) - 0.055)
    curve = encoded * encoded * (3 - 2 * encoded)
    return np.asarray(0.6 * encoded + 0.4 * curve)
