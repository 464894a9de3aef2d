"""A prior's errors on a pool, regressed on what the pool's photos look like.

``log D(q) = prior(q) + s · k(q)ᵀ (K + λI)⁻¹ (log D − prior)``, in the prior's own codes. The kernel
has a constant part, so that an error common to all photos is learned from a few. λ and the strength
s are chosen on predictions without each run of pairs; s shrinks to 0 where the errors of one run
say nothing about another's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.fitting import SMALLEST, blocks_of
from neardepth.kernel.model import KernelModel
from neardepth.kernel.spread import familiar_limit, novelty_of
from neardepth.kernel.targets import filled_by_level, principal, view_groups
from neardepth.steps.dense import CELLS
from neardepth.steps.ridge import gaussian, inverse, left_out, squared_distances

Matrix = NDArray[np.float32]

RIDGES = (0.3, 1.0, 3.0, 10.0)
RANK = 32
"""Principal components of the errors that are regressed."""

_CONSTANT = 1.0  # of the kernel; 1 is its value at distance 0
_TRUSTED = 8.0  # pairs that the prior's own calibration counts as


@dataclass(frozen=True, eq=False)
class Adaptation:
    """What is added to a prior, and what is needed to judge it on its own pool."""

    centres: Matrix
    """2N×P codes of the pool's photos and their mirror images, in turns."""
    width: float
    weights: Matrix
    """2N×R, the strength included."""
    basis: Matrix
    """R×cells."""
    strength: float
    spread: float
    """What the prior's spread is multiplied by."""
    shares: Matrix
    """N×2N: the weight of each pool photo's error is this times the kernel values."""
    unit: float
    limit: float
    """As in `Calibration`, of the pool's photos among themselves; the model's own at most."""
    alone: Matrix
    """N×cells: what is added to each photo of the pool without itself."""
    score: float
    """Mean absolute error of the log depth predicted without each block; infinite of one pair."""

    def kernel(self, codes: Matrix) -> Matrix:
        """Return the kernel values of n×P codes with the centres, n×2N."""
        values = gaussian(squared_distances(codes, self.centres), self.width)
        return np.asarray(values + np.float32(_CONSTANT))

    def correction(self, codes: Matrix) -> Matrix:
        """Return what to add to the prior's log depth, n×cells."""
        return np.asarray((self.kernel(codes) @ self.weights) @ self.basis)

    def weights_of(self, codes: Matrix) -> Matrix:
        """Return N: the weight of each pool photo's error for a photo of these codes, 1×P."""
        return np.asarray(self.shares @ self.kernel(codes)[0])

    def is_familiar(self, codes: Matrix, residual: float, own: int | None = None) -> bool:
        """Say whether a photo is like the pool's.

        Args:
            codes: 1×P.
            residual: see `Prediction.residual`.
            own: the photo's place in the pool, where it is one of it.
        """
        others = np.arange(len(self.centres)) // 2 != own
        squared = squared_distances(codes, self.centres[others])[0]
        return len(squared) > 0 and novelty_of(squared, residual, self.unit) <= self.limit


def adapt(
    model: KernelModel, codes: Matrix, residual: Matrix, errors: Matrix, spread: Matrix
) -> Adaptation:
    """Fit an adaptation to pairs in their natural order.

    Args:
        model: the prior.
        codes: N×2×P, the prior's codes of each photo and its mirror image.
        residual: N, see `Prediction.residual`.
        errors: N×cells, true less the prior's log depth of the photos, NaN where unknown.
        spread: N×cells, the prior's.
    """
    pairs = len(errors)
    blocks = blocks_of(pairs)
    centres = codes.reshape(2 * pairs, -1)
    filled = filled_by_level(errors)
    both = np.stack([filled, _mirrored(filled)], axis=1).reshape(2 * pairs, -1)
    basis = principal(both, RANK)
    coefficients = both @ basis.T
    squared = squared_distances(centres, centres)
    limit = min(_limit(squared, residual, blocks, model), model.calibration.limit)
    kernel = gaussian(squared, model.width) + np.float32(_CONSTANT)
    groups = view_groups(blocks, 2)

    best = np.inf
    for ridge in RIDGES:
        tried = inverse(kernel.copy(), ridge)
        guess = np.zeros_like(coefficients)  # of one block: nothing to learn the strength from
        if len(groups) > 1:
            guess = left_out(tried, tried @ coefficients, coefficients, groups)
        loss = float(((guess - coefficients) ** 2).sum())
        if loss < best:
            best, inverted, without = loss, tried, guess
    strength = np.float32(_strength(without, coefficients, groups))
    left = np.abs(errors - strength * (without[::2] @ basis))
    known = np.isfinite(left).any()
    alone = np.zeros_like(coefficients)
    if pairs > 1:
        alone = left_out(
            inverted, inverted @ coefficients, coefficients, view_groups(np.arange(pairs), 2)
        )
    return Adaptation(
        centres=centres,
        width=model.width,
        weights=strength * (inverted @ coefficients),
        basis=basis,
        strength=float(strength),
        spread=_widening(left / spread) if known else 1.0,
        shares=strength * inverted.reshape(pairs, 2, -1).sum(axis=1),
        unit=model.calibration.unit,
        limit=limit,
        alone=strength * (alone[::2] @ basis),
        score=float(np.nanmean(left, dtype=np.float64)) if known and pairs > 1 else np.inf,
    )


def _strength(alone: Matrix, coefficients: Matrix, groups: list[NDArray[np.intp]]) -> float:
    """How much of the corrections to believe, less its standard error over the groups: 0 to 1."""
    gains = np.array([float((alone[rows] * coefficients[rows]).sum()) for rows in groups])
    powers = np.array([float((alone[rows] ** 2).sum()) for rows in groups])
    if powers.sum() <= 0:
        return 0.0
    usual = gains.sum() / powers.sum()
    count = len(groups)
    noise = np.sqrt(((gains - usual * powers) ** 2).sum() * count / max(count - 1, 1))
    return min(max(float((gains.sum() - noise) / powers.sum()), 0.0), 1.0)


def _widening(ratios: Matrix) -> float:
    """What makes the spread cover 68 % of the pool's own errors, drawn to 1 where it is small."""
    found = float(np.nanquantile(ratios, 0.68))
    return float(np.exp(np.log(max(found, 1e-3)) * len(ratios) / (len(ratios) + _TRUSTED)))


def _limit(
    squared: Matrix, residual: Matrix, blocks: NDArray[np.intp], model: KernelModel
) -> float:
    """Return how unlike photos of this pool are from those of other blocks, at most."""
    if len(blocks) < SMALLEST:
        return -np.inf
    owners = blocks.repeat(2)
    found = [
        novelty_of(
            squared[2 * place, owners != block], float(residual[place]), model.calibration.unit
        )
        for place, block in enumerate(blocks)
    ]
    return familiar_limit(np.array(found))


def _mirrored(maps: Matrix) -> Matrix:
    return np.ascontiguousarray(maps.reshape(len(maps), *CELLS)[..., ::-1].reshape(len(maps), -1))
