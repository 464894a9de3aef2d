"""Step 2 as it was before networks: descriptors of a whole photo, computed by hand-made rules.

Every function takes H×W×3 uint8 RGB of `SIZE` and returns a vector, float32.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Vector = NDArray[np.float32]

SIZE = (240, 320)
"""Height and width of the photo that is described, pixels."""

PARTS = 4
"""Descriptors are made of the parts of a 4×4 grid over the photo."""

_GIST_SIDE = 128
_GIST_PAD = 32
_GIST_SCALES = 4
_GIST_ORIENTATIONS = 8


def hog(image: Image) -> Vector:
    """Histograms of oriented gradients, 9 orientations in each of 4×4 parts: 144 numbers.

    N. Dalal, B. Triggs, *Histograms of Oriented Gradients for Human Detection*, CVPR 2005. The
    strongest of the colour channels' gradients votes, those in the middle of a part more; each part
    is normalised by itself, and nothing is cut off.
    """
    part = (SIZE[1] // PARTS, SIZE[0] // PARTS)
    # The next to last number is where OpenCV cuts off, which is made for parts of 36 numbers.
    descriptor = cv2.HOGDescriptor(SIZE[::-1], part, part, part, 9, 1, -1, 0, 1.0, False)
    return np.asarray(descriptor.compute(image), np.float32).ravel()


def lbp(image: Image) -> Vector:
    """Histograms of local binary patterns in each of 4×4 parts: 16 × 256 numbers.

    T. Ojala, M. Pietikäinen, T. Mäenpää, PAMI 24(7), 2002: each pixel's eight neighbours at a
    radius of one pixel, as they are brighter or darker. Square roots of the frequencies are given,
    whose inner product is the Bhattacharyya coefficient: otherwise the one pattern of flat walls
    outweighs all others.
    """
    patterns = cv2.face.LBPHFaceRecognizer.create(1, 8, PARTS, PARTS)
    patterns.train([cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)], np.zeros(1, np.int32))
    return np.sqrt(np.asarray(patterns.getHistograms()[0], np.float32).ravel())


def gist(image: Image) -> Vector:
    """GIST: mean response to Gabor filters, 4 scales of 8 orientations, in 4×4 parts.

    A. Oliva, A. Torralba, *Modeling the Shape of the Scene*, IJCV 42(3), 2001. Grey values at
    128×128 pixels, with local contrast made even first; 512 numbers.
    """
    return _gist(image, 1.0)


def salient_gist(image: Image) -> Vector:
    """GIST with details weighted by how salient each pixel is: 512 numbers.

    Saliency is the spectral residual of X. Hou, L. Zhang, CVPR 2007, added to one half, so that
    what is not salient counts less but does not vanish. It weighs the photo after its contrast was
    made even, which would undo it.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    found, saliency = cv2.saliency.StaticSaliencySpectralResidual.create().computeSaliency(grey)
    if not found or saliency.max() <= 0:
        return _gist(image, 1.0)
    weight = 0.5 + saliency / saliency.max()
    return _gist(image, cv2.resize(weight, (_GIST_SIDE, _GIST_SIDE)).astype(np.float32))


def sift(image: Image) -> Vector:
    """One SIFT descriptor of each of 4×4 parts: 16 × 128 numbers.

    D. Lowe, IJCV 60(2), 2004, upright and as large as the part; it stands for SURF, which is
    patented and not in the builds of OpenCV.
    """
    height, width = SIZE[0] / PARTS, SIZE[1] / PARTS
    points = [
        # The descriptor reaches over 4×4 bins of 1.5 times the key point's size.
        cv2.KeyPoint((column + 0.5) * width, (row + 0.5) * height, width / 6, 0)
        for row in range(PARTS)
        for column in range(PARTS)
    ]
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    _, descriptors = cv2.SIFT.create().compute(grey, points)
    return np.asarray(descriptors, np.float32).ravel()


HANDCRAFTED: dict[str, tuple[Callable[[Image], Vector], int]] = {
    "hog": (hog, PARTS**2 * 9),
    "lbp": (lbp, PARTS**2 * 256),
    "gist": (gist, PARTS**2 * _GIST_SCALES * _GIST_ORIENTATIONS),
    "salient-gist": (salient_gist, PARTS**2 * _GIST_SCALES * _GIST_ORIENTATIONS),
    "sift": (sift, PARTS**2 * 128),
}
"""Descriptors by name, each with its length."""


def _gist(image: Image, weight: NDArray[np.float32] | float) -> Vector:
    from scipy import fft  # takes a while to import

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    size = (_GIST_SIDE, _GIST_SIDE)
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    padded = cv2.copyMakeBorder(
        weight * _even_contrast(small), *4 * (_GIST_PAD,), cv2.BORDER_REFLECT
    )
    spectrum = fft.fft2(padded)
    responses = np.abs(fft.ifft2(spectrum * _gabor_bank(len(padded)), axes=(1, 2)))
    inner = responses[:, _GIST_PAD:-_GIST_PAD, _GIST_PAD:-_GIST_PAD]
    side = _GIST_SIDE // PARTS
    parts = inner.reshape(-1, PARTS, side, PARTS, side)
    return np.asarray(parts.mean(axis=(2, 4)).ravel(), np.float32)


def _even_contrast(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take away slow changes of brightness, and divide by the local contrast."""
    logarithm = np.log1p(grey)
    wide = _GIST_SIDE * np.sqrt(np.log(2)) / (np.sqrt(2) * np.pi * 4)  # 4 cycles a side are halved
    detail = logarithm - cv2.GaussianBlur(logarithm, (0, 0), wide, borderType=cv2.BORDER_REFLECT)
    contrast = cv2.GaussianBlur(detail**2, (0, 0), wide, borderType=cv2.BORDER_REFLECT)
    return np.asarray(detail / (0.2 + np.sqrt(np.maximum(contrast, 0))), np.float32)


@lru_cache(maxsize=1)
def _gabor_bank(side: int) -> NDArray[np.float32]:
    """Return the filters' spectra, filters×side×side: Gaussians of relative radius and of angle."""
    frequency = np.fft.fftfreq(side)
    y, x = np.meshgrid(frequency, frequency, indexing="ij")
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    bank = []
    for scale in range(_GIST_SCALES):
        centre = 0.3 / 1.85**scale
        for orientation in range(_GIST_ORIENTATIONS):
            turn = np.pi * orientation / _GIST_ORIENTATIONS
            off = np.angle(np.exp(1j * (angle - turn)))
            bank.append(np.exp(-3.5 * (radius / centre - 1) ** 2 - 2 * np.pi * off**2))
    return np.asarray(bank, np.float32)
