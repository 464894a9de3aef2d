"""Figures of a set of images with bootstrap intervals, and the difference between two methods.

The images are resampled with replacement, whole: the pixels of one image are far from independent.
The interval is the central 95 % of the resampled figures (percentile bootstrap). For pooled
figures the images' `Sums` are resampled and added up. Frames of one scene are not independent
either, so on data sets of few scenes the interval is too narrow; it speaks of these images only.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neardepth.evaluation.metrics import LARGEST, MEASURES, Aggregation, Sums, measure_rows, table

SAMPLES = 1000
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A figure of the whole set, with the bootstrap interval around it."""

    mean: float
    low: float
    high: float


def summarise(
    images: Sequence[Sums], aggregation: Aggregation, *, seed: int = 0, samples: int = SAMPLES
) -> dict[str, Interval]:
    """Put the images together; keys as in `metrics.MEASURES`.

    A measure without a value on an image (C where a map is constant; every measure where no pixel
    is known in both) is left out of the mean over images; without any value it is NaN.

    Args:
        images: The sums of each image.
        aggregation: "image", the mean over images, or "pooled", every pixel counting the same.
        seed: Of the resampling: the same seed and images give the same interval.
        samples: Number of resamplings.

    Raises:
        ValueError: There is no image.
    """
    picks = _picks(len(images), seed, samples)
    whole = np.arange(len(images))[None]
    if aggregation == "image":
        rows = measure_rows(table(images))
        return _intervals(_means(rows, whole)[0], _means(rows, picks))
    return _intervals(_pooled(images, whole)[0], _pooled(images, picks))


def paired_difference(
    first: Sequence[Sums],
    second: Sequence[Sums],
    aggregation: Aggregation,
    *,
    seed: int = 0,
    samples: int = SAMPLES,
) -> dict[str, Interval]:
    """Subtract the figures of the second method from those of the first, on the same images.

    Both are resampled together, so what makes an image hard for both cancels. The difference is
    beyond chance where the interval leaves out 0. With "image", an image on which either method
    has no value for a measure is left out of that measure for both.

    Args:
        first: The first method's sums of each image.
        second: The second's, in the same order.
        aggregation: As for `summarise`.
        seed: Of the resampling.
        samples: Number of resamplings.

    Raises:
        ValueError: There is no image, or the methods have different numbers of images.
    """
    if len(first) != len(second):
        raise ValueError(f"the same images are needed twice, not {len(first)} and {len(second)}")
    picks = _picks(len(first), seed, samples)
    whole = np.arange(len(first))[None]
    if aggregation == "image":
        with np.errstate(invalid="ignore"):  # both perfect: inf - inf of PSNR has no value
            rows = measure_rows(table(first)) - measure_rows(table(second))
        return _intervals(_means(rows, whole)[0], _means(rows, picks))
    return _intervals(
        _pooled(first, whole)[0] - _pooled(second, whole)[0],
        _pooled(first, picks) - _pooled(second, picks),
    )


def _picks(count: int, seed: int, samples: int) -> NDArray[np.intp]:
    """Draw ``samples`` rows of ``count`` image numbers with replacement."""
    if not count:
        raise ValueError("there is no image to put together")
    return np.random.default_rng(seed).integers(count, size=(samples, count))


def _pooled(images: Sequence[Sums], picks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Pool the picked images: B×12 figures from N images and B×N numbers."""
    sums = table(images)
    pooled = np.stack([column[picks].sum(axis=1) for column in sums.T], axis=1)
    pooled[:, LARGEST] = sums[:, LARGEST][picks].max(axis=1)
    return measure_rows(pooled)


def _means(rows: NDArray[np.float64], picks: NDArray[np.intp]) -> NDArray[np.float64]:
    """Average the picked rows, leaving out NaN: B×12 from N×12 and B×N numbers."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice", RuntimeWarning)
        return np.stack([np.nanmean(column[picks], axis=1) for column in rows.T], axis=1)


def _intervals(whole: NDArray[np.float64], resampled: NDArray[np.float64]) -> dict[str, Interval]:
    tail = (1.0 - CONFIDENCE) / 2.0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice encountered", RuntimeWarning)
        # "nearest": between two infinities (the PSNR of perfect predictions) nothing can be drawn.
        low, high = np.nanquantile(resampled, [tail, 1.0 - tail], axis=0, method="nearest")
    return {
        name: Interval(float(mean), float(bottom), float(top))
        for name, mean, bottom, top in zip(MEASURES, whole, low, high, strict=True)
    }
