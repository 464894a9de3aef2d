"""Whether a stated uncertainty is true: coverage of its intervals, and sparsification.

Sparsification removes the pixels of largest uncertainty first and looks at the error of the rest;
the oracle removes those of largest error first. AUSE is the area between the two curves, each
divided by the error of all pixels (E. Ilg et al., *Uncertainty Estimates and Multi-Hypotheses
Networks for Optical Flow*, ECCV 2018). 0 is perfect ranking; here the error is RMSE, image by
image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neardepth.evaluation.metrics import known
from neardepth.evaluation.profiles import Profile, judged
from neardepth.result import DepthResult

STEPS = 20
"""Shares removed: 0, 1/20, … 19/20."""


@dataclass(frozen=True)
class Certainty:
    """One image, or the mean over several."""

    covered68: float
    """Share of the judged pixels inside the 68 % interval; NaN where the method states none."""
    covered95: float
    ause: float
    curve: tuple[float, ...]
    """RMSE of what is left over that of all, by share removed."""
    oracle: tuple[float, ...]


def certainty(profile: Profile, result: DepthResult, truth: NDArray[np.float32]) -> Certainty:
    """Judge one image's uncertainty; arguments as for `profiles.judged`."""
    prediction, depth = judged(profile, result.depth, truth)
    spread = judged(profile, result.uncertainty, truth)[0]
    both = known(prediction) & known(depth) & np.isfinite(spread)
    covered = [np.nan, np.nan]
    if result.factor95 is not None:
        for place, coverage in enumerate((0.68, 0.95)):
            low, high = (judged(profile, edge, truth)[0] for edge in result.interval(coverage))
            covered[place] = _mean((low <= depth)[both] & (depth <= high)[both])
    square = (prediction[both].astype(np.float64) - depth[both]) ** 2
    curve = _sparsified(square, spread[both])
    oracle = _sparsified(square, square)
    ause = float(np.mean(np.subtract(curve, oracle)))
    return Certainty(covered[0], covered[1], ause, curve, oracle)


def mean_certainty(images: Sequence[Certainty]) -> Certainty:
    """Average over images, those left out that have no such figure."""

    def mean(name: str) -> NDArray[np.float64]:
        rows = np.array([getattr(image, name) for image in images], np.float64)
        rows = rows[np.isfinite(rows).reshape(len(rows), -1).all(axis=1)]
        return rows.mean(axis=0) if len(rows) else np.full(STEPS, np.nan)

    covered68, covered95, ause = (
        float(mean(name).flat[0]) for name in ("covered68", "covered95", "ause")
    )
    curve, oracle = (tuple(mean(name).tolist()) for name in ("curve", "oracle"))
    return Certainty(covered68, covered95, ause, curve, oracle)


def _sparsified(square: NDArray[np.float64], doubt: NDArray[np.floating]) -> tuple[float, ...]:
    """RMSE after removing each share of the pixels, the most doubtful first, over all's RMSE."""
    if not square.size or not square.any():
        return (np.nan,) * STEPS
    running = np.cumsum(square[np.argsort(doubt, kind="stable")])
    left = np.maximum(np.round(square.size * (1 - np.arange(STEPS) / STEPS)).astype(int), 1)
    curve = np.sqrt(running[left - 1] / left)
    return tuple((curve / curve[0]).tolist())


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if values.size else float("nan")
