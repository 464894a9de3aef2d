"""Measures of depth error (Eq. 3-8 of the paper and the field's others), as an update/compute pair.

`accumulate` reduces one image to `Sums`, `measures` turns sums into figures. Per-image means and
pooled figures are therefore both explicit:

- per image: the mean over images of ``measures(accumulate(prediction, truth))``;
- pooled: ``measures(accumulate(...) + accumulate(...) + ...)``, every pixel counting the same.

Unknown pixels: the figures are over the pixels where both maps are known (finite and above 0).
Where only the prediction is unknown the pixel is counted in ``Sums.missing``, so that a method
cannot improve by keeping silent: the share it leaves out is always there to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from functools import reduce
from operator import add
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MEASURES = (
    "rmse",
    "rel",
    "log10",
    "rmse_log10",
    "rmse_ln",
    "c",
    "psnr",
    "sq_rel",
    "silog",
    "delta1",
    "delta2",
    "delta3",
)
Aggregation = Literal["image", "pooled"]  # mean over images, or every pixel counting the same
HIGHER_IS_BETTER = frozenset({"c", "psnr", "delta1", "delta2", "delta3"})

LN10 = float(np.log(10.0))
DELTA = 1.25
# Spread below this share of the mean square is rounding: the map is constant, C has no value.
CONSTANT = 1e-13
# Pixels reduced at a time: small enough for the temporaries to stay in the cache and for the
# linear algebra library not to start threads, whose number would change the last digit.
BLOCK = 8192


@dataclass(frozen=True)
class Sums:
    """What one image, or several added together, contributes to the measures.

    With p the predicted and g the true depth in metres, over the pixels where both are known:
    """

    count: float = 0.0  # pixels where both are known
    missing: float = 0.0  # pixels where the truth is known and the prediction is not
    largest: float = 0.0  # max g over every pixel where the truth is known, for PSNR
    p: float = 0.0
    g: float = 0.0
    pp: float = 0.0
    gg: float = 0.0
    pg: float = 0.0
    square: float = 0.0  # (p - g)²
    relative: float = 0.0  # |p - g| / g
    relative_square: float = 0.0  # (p - g)² / g
    log: float = 0.0  # ln p - ln g
    log_absolute: float = 0.0  # |ln p - ln g|
    log_square: float = 0.0  # (ln p - ln g)²
    within1: float = 0.0  # max(p/g, g/p) < 1.25
    within2: float = 0.0  # ... < 1.25²
    within3: float = 0.0  # ... < 1.25³

    def __add__(self, other: Sums) -> Sums:
        """Add the pixels of both; the maximum is the larger of the two."""
        merged = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        merged["largest"] = max(self.largest, other.largest)
        return Sums(**merged)

    @property
    def missing_share(self) -> float:
        """Share of the true pixels that the prediction leaves unknown; NaN without any truth."""
        truth = self.count + self.missing
        return self.missing / truth if truth else float("nan")


COLUMNS = tuple(field.name for field in fields(Sums))
LARGEST = COLUMNS.index("largest")


def accumulate(
    prediction: NDArray[np.float32],
    truth: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
) -> Sums:
    """Reduce one image to its sums, in float64.

    Args:
        prediction: H×W metres, NaN where unknown.
        truth: H×W metres, NaN where unknown.
        mask: H×W, True where the image is judged; everywhere when None.

    Raises:
        ValueError: The shapes differ: resize the prediction first (`profiles.score` does).
    """
    if prediction.shape != truth.shape or (mask is not None and mask.shape != truth.shape):
        shapes = f"{prediction.shape}, {truth.shape}, {None if mask is None else mask.shape}"
        raise ValueError(f"prediction, truth and mask must have one shape, not {shapes}")
    judged = known(truth) if mask is None else known(truth) & mask
    g, p = truth[judged], prediction[judged]
    if not g.size:
        return Sums()
    largest = float(g.max())
    both = known(p)
    missing = both.size - int(np.count_nonzero(both))
    if missing:
        p, g = p[both], g[both]
    blocks = (slice(start, start + BLOCK) for start in range(0, g.size, BLOCK))
    totals = sum((_totals(p[block], g[block]) for block in blocks), np.zeros(len(COLUMNS) - 3))
    return Sums(float(g.size), float(missing), largest, *totals.tolist())


def known(depth: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Mark where a depth is finite and above 0."""
    return (depth > 0) & (depth < np.inf)


def measures(sums: Sums) -> dict[str, float]:
    """Turn the sums of one image, or of several pooled, into figures named as in `MEASURES`.

    ====================  ========================================================================
    rmse                  sqrt(mean (p - g)²), metres
    rel                   mean |p - g| / g
    log10                 mean |log10 p - log10 g| (the paper's Eq. 4 lacks the absolute value)
    rmse_log10, rmse_ln   sqrt(mean (log p - log g)²); the paper's is log10, the field's is ln
    c                     Pearson correlation of p and g; NaN where either is constant
    psnr                  20 log10(max g / rmse), dB, with the largest true depth of these pixels
    sq_rel                mean (p - g)² / g, metres
    silog                 100 sqrt(mean d² - (mean d)²), d = ln p - ln g
    delta1, 2, 3          share of pixels with max(p/g, g/p) < 1.25, 1.25², 1.25³
    ====================  ========================================================================

    Without a pixel known in both, every figure is NaN. A perfect prediction has PSNR infinity.
    """
    return {
        name: float(value)
        for name, value in zip(MEASURES, measure_rows(table([sums]))[0], strict=True)
    }


def table(images: Sequence[Sums]) -> NDArray[np.float64]:
    """Stack sums as N×S, one row an image, columns in the order of `COLUMNS`."""
    return np.array([astuple(image) for image in images], np.float64).reshape(-1, len(COLUMNS))


def measure_rows(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn N×S sums into N×12 figures, columns as in `MEASURES`; `measures` says what each is."""
    column = dict(zip(COLUMNS, sums.T, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = {name: values / column["count"] for name, values in column.items()}
        rmse = np.sqrt(mean["square"])
        rmse_ln = np.sqrt(mean["log_square"])
        # Without a variance in the logs rounding may leave a tiny negative number.
        log_variance = np.maximum(mean["log_square"] - mean["log"] ** 2, 0.0)
        return np.stack(
            [
                rmse,
                mean["relative"],
                mean["log_absolute"] / LN10,
                rmse_ln / LN10,
                rmse_ln,
                _correlation(mean),
                20.0 * np.log10(column["largest"] / rmse),
                mean["relative_square"],
                100.0 * np.sqrt(log_variance),
                mean["within1"],
                mean["within2"],
                mean["within3"],
            ],
            axis=1,
        )


def pool(images: Sequence[Sums]) -> Sums:
    """Add all images together."""
    return reduce(add, images, Sums())


def _totals(p: NDArray[np.float32], g: NDArray[np.float32]) -> NDArray[np.float64]:
    """Add up a block of known pixels: `COLUMNS` from ``p`` on."""
    p64, g64 = p.astype(np.float64), g.astype(np.float64)
    error = p64 - g64
    square = error * error
    ratio = p64 / g64
    worst = np.where(ratio < 1.0, 1.0 / ratio, ratio)
    log = np.log(ratio)
    return np.array(
        [
            p64.sum(),
            g64.sum(),
            np.dot(p64, p64),
            np.dot(g64, g64),
            np.dot(p64, g64),
            square.sum(),
            (np.abs(error) / g64).sum(),
            (square / g64).sum(),
            log.sum(),
            np.abs(log).sum(),
            np.dot(log, log),
            np.count_nonzero(worst < DELTA),
            np.count_nonzero(worst < DELTA**2),
            np.count_nonzero(worst < DELTA**3),
        ],
        np.float64,
    )


def _correlation(mean: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Pearson correlation from the means of p, g, p², g² and pg."""
    variance_p = mean["pp"] - mean["p"] ** 2
    variance_g = mean["gg"] - mean["g"] ** 2
    covariance = mean["pg"] - mean["p"] * mean["g"]
    constant = (variance_p <= CONSTANT * mean["pp"]) | (variance_g <= CONSTANT * mean["gg"])
    correlation = np.clip(covariance / np.sqrt(variance_p * variance_g), -1.0, 1.0)
    return np.where(constant, np.nan, correlation)
