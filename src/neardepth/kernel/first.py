"""Stage 1: log depth regressed on what whole photos look like, in a metric learned for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.metric import Metric, learn_metric, typical
from neardepth.kernel.mirror import nearer
from neardepth.kernel.model import left_over
from neardepth.kernel.solvers import Solver, make_solver
from neardepth.kernel.spread import novelty_of
from neardepth.kernel.targets import image_groups

Matrix = NDArray[np.float32]

CODE = 192
"""Numbers of a code: directions of the principal components that matter for depth."""
WIDTH = 3.0
"""Of the kernel, in units of the median squared distance."""
RIDGE = 0.1

_FOLDS = 5  # groups of blocks that a metric is learned without
_FOLD_IMAGES = 2


class Targets(NamedTuple):
    """Log depth less its mean in a basis of orthogonal maps."""

    coefficients: Matrix
    """N×images×R."""
    evens: int
    """How many of them are even; see `kernel.mirror`."""

    @property
    def flat(self) -> Matrix:
        """Return n×R, image by image."""
        return self.coefficients.reshape(-1, self.coefficients.shape[2])


@dataclass(frozen=True, eq=False)
class FirstStage:
    """The regression of N pairs' images."""

    metric: Metric
    codes: Matrix
    """N×images×Q."""
    unit: float
    """Usual squared distance of two codes."""
    solver: Solver

    @property
    def centres(self) -> Matrix:
        """Codes that the solver's weights belong to, m×Q."""
        return np.asarray(self.codes.reshape(-1, self.codes.shape[2])[self.solver.centres])

    @property
    def owners(self) -> NDArray[np.intp]:
        """The pair that each centre is an image of, m."""
        return np.asarray(self.solver.centres // self.codes.shape[1])


class Without(NamedTuple):
    """What is predicted for photos that did not take part."""

    alone: Matrix
    """N×R: coefficients of photos without their pairs."""
    blocked: Matrix
    """N×R: coefficients of photos without their blocks."""
    novelty: NDArray[np.float64]
    """N: how unlike the pairs outside its block each photo is."""


def first_stage(
    components: Matrix, evens: int, targets: Targets, learned: NDArray[np.bool_]
) -> FirstStage:
    """Set up the regression.

    Args:
        components: N×images×P principal components.
        evens: how many of them are even; see `kernel.mirror`.
        targets: for the metric.
        learned: N, the pairs that the metric is learned from.
    """
    metric = learn_metric(
        components[learned].reshape(-1, components.shape[2]),
        evens,
        targets._replace(coefficients=targets.coefficients[learned]).flat,
        targets.evens,
        CODE,
    )
    codes = metric.turned(components)
    flat = codes.reshape(-1, codes.shape[2])
    unit = typical(flat, metric.even.shape[1])
    solver = make_solver(flat, metric.even.shape[1], WIDTH / unit, RIDGE)
    return FirstStage(metric, codes, unit, solver)


def usual_energy(energy: Matrix) -> float:
    """Return the usual squared length of photos' features; 1 where all are alike."""
    return float(np.median(energy)) or 1.0


def without(
    components: Matrix,
    evens: int,
    energy: Matrix,
    targets: Targets,
    blocks: NDArray[np.intp],
) -> Without:
    """Predict every photo without its pair, and without its block.

    A metric that was learned from a photo's own depth would flatter the photo: for each group of
    blocks it is learned anew from the others. Fewer images a pair make that quick.

    Args:
        components: as in `first_stage`.
        evens: likewise.
        energy: N, squared lengths of the photos' features.
        targets: as in `first_stage`.
        blocks: N.
    """
    pairs = len(components)
    components = components[:, :_FOLD_IMAGES]
    targets = targets._replace(coefficients=targets.coefficients[:, :_FOLD_IMAGES])
    alone = np.zeros_like(targets.coefficients[:, 0])  # of a single pair: the mean
    found = Without(alone, alone.copy(), np.zeros(pairs))
    for fold in range(min(_FOLDS, blocks[-1] + 1)):
        own = blocks % _FOLDS == fold
        _without_fold(components, evens, energy, targets, blocks, own, found)
    return found


def _without_fold(
    components: Matrix,
    evens: int,
    energy: Matrix,
    targets: Targets,
    blocks: NDArray[np.intp],
    own: NDArray[np.bool_],
    found: Without,
) -> None:
    """Predict the photos ``own``, N, by a metric learned from the others."""
    pairs, images = components.shape[:2]
    learned = ~own if pairs > 1 else own
    stage = first_stage(components, evens, targets, learned)

    def predicted(group: NDArray[np.intp]) -> Matrix:
        groups = image_groups(np.where(own, group, -1), images)
        flat = stage.solver.left_out(targets.flat, targets.evens, groups)
        return np.asarray(flat.reshape(targets.coefficients.shape)[own, 0])

    if pairs > 1:
        found.alone[own] = predicted(np.arange(pairs))
        found.blocked[own] = predicted(blocks)
    features = stage.codes[:, 0] / stage.metric.stretch
    residual = _residual(stage.metric, components[:, 0], evens, energy, learned)
    for block in np.unique(blocks[own]):
        mine = np.flatnonzero(blocks == block)
        others = blocks != block if pairs > 1 else own
        squared = nearer(features[mine], features[others], stage.metric.even.shape[1])
        squared /= np.float32(usual_energy(energy))
        found.novelty[mine] = [
            novelty_of(row, float(left)) for row, left in zip(squared, residual[mine], strict=True)
        ]


def _residual(
    metric: Metric, photos: Matrix, evens: int, energy: Matrix, learned: NDArray[np.bool_]
) -> Matrix:
    """Return N: what the photos' codes leave out, in units of the usual features'; photos are N×P.

    About the mean of those learned from: about that of all, the last is minus all the others.
    """
    mean = photos[learned].mean(axis=0)
    mean[evens:] = 0
    shifted = photos - mean
    around = energy - (photos**2).sum(axis=1) + (shifted**2).sum(axis=1)
    left = left_over(around, metric.turned(shifted), metric.stretch)
    return np.asarray(left / np.float32(usual_energy(energy)))
