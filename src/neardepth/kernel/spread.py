"""How far a prediction may be off: calibrated on what was predicted with its block left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neardepth.steps.dense import CELLS

Matrix = NDArray[np.float32]

_NEAREST = 8  # photos of the pool whose mean distance says how unlike a photo is
_FLOOR = 0.01  # of log depth: 1 %
_RIDGE = 1e-5  # for each cell
_INPUTS = 10
_FAMILIAR = 0.98  # of the pool's own photos, and a little farther: 10 % of squared distance
_MARGIN = 0.1


@dataclass(frozen=True, eq=False)
class Calibration:
    """The spread of log depth as a function of the prediction, and the limits of what is known."""

    coefficients: NDArray[np.float64]
    """Of `_inputs`; the logarithm of the spread is linear in them."""
    factor95: float
    """Half width of the 95 % interval over that of the 68 % one."""
    limit: float
    """Novelty above which a photo is unlike the pool."""

    def spread(self, log_depth: Matrix, first: Matrix, novelty: NDArray[np.float64]) -> Matrix:
        """Return the half width of the 68 % interval of log depth, N×cells.

        Args:
            log_depth: N×cells.
            first: N×rows×columns, stage 1's.
            novelty: N.
        """
        every = np.arange(first[0].size)[None].repeat(len(first), axis=0)
        logarithm = _inputs(log_depth, first, novelty, every) @ self.coefficients
        return np.exp(np.clip(logarithm, np.log(_FLOOR), np.log(3.0))).astype(np.float32)


def novelty_of(squared: Matrix, residual: float) -> float:
    """How unlike a pool a photo is: log of its features' squared distance to the nearest photos'.

    Not by the learned metric, to which what has nothing to do with depth is all the same.

    Args:
        squared: N squared distances along the codes' directions, in units of the usual features'
            squared length.
        residual: squared length of what the photo's code leaves out, in the same units.
    """
    count = min(_NEAREST, len(squared))
    near = np.partition(squared, count - 1)[:count].mean()
    return float(np.log(max(near + residual, 1e-6)))


def familiar_limit(novelty: NDArray[np.float64]) -> float:
    """Return the novelty up to which a photo is like the pool, from that of the pool's own."""
    return float(np.quantile(novelty, _FAMILIAR)) + _MARGIN


def calibrate(
    log_depth: Matrix,
    truth: Matrix,
    first: Matrix,
    novelty: NDArray[np.float64],
    cells: NDArray[np.intp],
) -> Calibration:
    """Fit the spread to the errors of predictions made without their block.

    Args:
        log_depth: N×n, predicted at some cells of each photo.
        truth: N×n, NaN where unknown.
        first: N×rows×columns, stage 1's, also without the block.
        novelty: N, measured without the block.
        cells: N×n, their indices.
    """
    errors = np.abs(log_depth - truth)
    known = np.isfinite(errors)
    inputs = _inputs(log_depth, first, novelty, cells)[known]
    wanted = np.log(errors[known].astype(np.float64) + _FLOOR)
    normal = inputs.T @ inputs
    normal[np.diag_indices_from(normal)] += _RIDGE * len(inputs)
    coefficients = np.linalg.solve(normal, inputs.T @ wanted)
    ratio = errors[known] / np.exp(inputs @ coefficients)
    narrow, wide = np.maximum(np.quantile(ratio, [0.68, 0.95]), 1e-6)
    coefficients[0] += np.log(narrow)
    return Calibration(coefficients, float(wide / narrow), familiar_limit(novelty))


def uncalibrated() -> Calibration:
    """Spread of a pool too small to leave anything out: a factor of two, nothing is familiar."""
    coefficients = np.zeros(_INPUTS)
    coefficients[0] = np.log(np.log(2.0))
    return Calibration(coefficients, 2.0, -np.inf)


def _inputs(
    log_depth: Matrix, first: Matrix, novelty: NDArray[np.float64], cells: NDArray[np.intp]
) -> NDArray[np.float64]:
    """N×n×K: 1, novelty, depth, stage 1's gradient, stage 2's change, and position."""
    down, across = np.gradient(first, axis=(1, 2))
    slope = np.log(np.hypot(down, across) + 0.02).reshape(len(first), -1)
    change = log_depth - np.take_along_axis(first.reshape(len(first), -1), cells, axis=1)
    rows, columns = (
        2 * (place + 0.5) / n - 1
        for place, n in zip(np.divmod(cells, CELLS[1]), CELLS, strict=True)
    )
    parts = (
        np.ones_like(rows),
        novelty[:, None],
        log_depth,
        log_depth**2,
        np.take_along_axis(slope, cells, axis=1),
        np.log(np.abs(change) + 0.02),
        rows,
        rows**2,
        columns**2,
        first.std(axis=(1, 2))[:, None],
    )
    return np.stack(np.broadcast_arrays(*parts), axis=-1).astype(np.float64)
