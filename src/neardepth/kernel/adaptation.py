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

from neardepth.kernel.fitting import SMALLEST
from neardepth.kernel.folds import blocks_of
from neardepth.kernel.mirror import Basis, Kernels, kernels, nearer, principal
from neardepth.kernel.model import KernelModel
from neardepth.kernel.solvers import exact_solver
from neardepth.kernel.spread import familiar_limit, novelty_of
from neardepth.kernel.targets import filled_by_level, image_groups

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
    """N×P codes of the pool's photos."""
    evens: int
    """How many of a code's numbers are even; see `kernel.mirror`."""
    width: float
    weights: Matrix
    """N×R, the strength included."""
    basis: Basis
    strength: float
    spread: float
    """What the prior's spread is multiplied by."""
    shares: Matrix
    """N×N: the weight of each pool photo's error is this times the even kernel values."""
    limit: float
    """As in `Calibration`, of the pool's photos among themselves; the model's own at most."""
    alone: Matrix
    """N×cells: what is added to each photo of the pool without itself."""
    score: float
    """Mean absolute error of the log depth predicted without each block; infinite of one pair."""

    def kernels(self, codes: Matrix) -> Kernels:
        """Return the kernel values of n×P codes with the centres, n×N."""
        return _with_constant(kernels(codes, self.centres, self.evens, self.width))

    def correction(self, codes: Matrix) -> Matrix:
        """Return what to add to the prior's log depth, n×cells."""
        values, evens = self.kernels(codes), self.basis.evens
        even, odd = values.even @ self.weights[:, :evens], values.odd @ self.weights[:, evens:]
        return np.asarray(np.concatenate([even, odd], axis=1) @ self.basis.maps)

    def weights_of(self, codes: Matrix) -> Matrix:
        """Return N: the weight of each pool photo's error for a photo of these codes, 1×P."""
        return np.asarray(self.shares @ self.kernels(codes).even[0])

    def is_familiar(
        self, model: KernelModel, codes: Matrix, residual: float, own: int | None = None
    ) -> bool:
        """Say whether a photo is like the pool's.

        Args:
            model: the prior.
            codes: 1×P.
            residual: see `Prediction.residual`.
            own: the photo's place in the pool, where it is one of it.
        """
        others = np.arange(len(self.centres)) != own
        squared = _apart(model, codes, self.centres[others])[0]
        return len(squared) > 0 and novelty_of(squared, residual) <= self.limit


def adapt(
    model: KernelModel, codes: Matrix, residual: Matrix, errors: Matrix, spread: Matrix
) -> Adaptation:
    """Fit an adaptation to pairs in their natural order, each together with its mirror image.

    Args:
        model: the prior.
        codes: N×P, the prior's codes of each photo.
        residual: N, see `Prediction.residual`.
        errors: N×cells, true less the prior's log depth of the photos, NaN where unknown.
        spread: N×cells, the prior's.
    """
    pairs = len(errors)
    blocks = blocks_of(pairs)
    filled = filled_by_level(errors)
    basis = principal(filled, RANK)
    coefficients = filled @ basis.maps.T
    limit = min(_limit(model, codes, residual, blocks), model.calibration.limit)
    values = _with_constant(kernels(codes, codes, model.evens, model.width))
    groups = image_groups(blocks, 1)

    best = np.inf
    for ridge in RIDGES:
        tried = exact_solver(Kernels(*(part.copy() for part in values)), ridge)
        guess = np.zeros_like(coefficients)  # of one block: nothing to learn the strength from
        if len(groups) > 1:
            guess = tried.left_out(coefficients, basis.evens, groups)
        loss = float(((guess - coefficients) ** 2).sum())
        if loss < best:
            best, solver, without = loss, tried, guess
    strength = np.float32(_strength(without, coefficients, groups))
    left = np.abs(errors - strength * (without @ basis.maps))
    known = np.isfinite(left).any()
    alone = np.zeros_like(coefficients)
    if pairs > 1:
        alone = solver.left_out(coefficients, basis.evens, image_groups(np.arange(pairs), 1))
    return Adaptation(
        centres=codes,
        evens=model.evens,
        width=model.width,
        weights=strength * solver.solve(coefficients, basis.evens),
        basis=basis,
        strength=float(strength),
        spread=_widening(left / spread) if known else 1.0,
        shares=strength * solver.shares(1),
        limit=limit,
        alone=strength * (alone @ basis.maps),
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


def _with_constant(values: Kernels) -> Kernels:
    """Add the constant to the kernel: what is constant is even, and counts for the mirror image."""
    return values._replace(even=values.even + np.float32(2 * _CONSTANT))


def _limit(model: KernelModel, codes: Matrix, residual: Matrix, blocks: NDArray[np.intp]) -> float:
    """Return how unlike photos of this pool are from those of other blocks, at most."""
    if len(blocks) < SMALLEST:
        return -np.inf
    squared = _apart(model, codes, codes)
    found = [
        novelty_of(squared[place, blocks != block], float(residual[place]))
        for place, block in enumerate(blocks)
    ]
    return familiar_limit(np.array(found))


def _apart(model: KernelModel, x: Matrix, y: Matrix) -> Matrix:
    """Return n×m squared distances of photos' features, of their codes; see `novelty_of`."""
    squared = nearer(x / model.stretch, y / model.stretch, model.evens)
    return np.asarray(squared / np.float32(model.usual_energy))
