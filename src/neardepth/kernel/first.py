"""Stage 1: log depth regressed on what whole photos look like, in a metric learned for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.folds import FOLD_IMAGES, Fold
from neardepth.kernel.metric import Metric, typical
from neardepth.kernel.mirror import nearer
from neardepth.kernel.model import left_over
from neardepth.kernel.setting import Setting
from neardepth.kernel.solvers import Solver, make_solver, solver_bytes
from neardepth.kernel.spread import novelty_of
from neardepth.kernel.targets import Targets, image_groups
from neardepth.threads import in_threads

Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FirstStage:
    """The regression of N pairs' images."""

    metric: Metric
    codes: Matrix
    """N×images×Q."""
    width: float
    """Of the kernel; see `steps.ridge`."""
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


def first_stage(components: Matrix, metric: Metric, setting: Setting) -> FirstStage:
    """Set up the regression of N×images×P principal components."""
    codes = metric.turned(components)
    flat = codes.reshape(-1, codes.shape[2])
    evens = metric.even.shape[1]
    width = setting.width / typical(flat, evens)
    return FirstStage(metric, codes, width, make_solver(flat, evens, width, setting.ridge))


def usual_energy(energy: Matrix) -> float:
    """Return the usual squared length of photos' features; 1 where all are alike."""
    return float(np.median(energy)) or 1.0


def without(
    components: Matrix,
    evens: int,
    energy: Matrix,
    targets: Targets,
    blocks: NDArray[np.intp],
    folds: Sequence[Fold],
    setting: Setting,
) -> Without:
    """Predict every photo without its pair, and without its block.

    A metric that was learned from a photo's own depth would flatter the photo: that of its fold was
    learned from the others.

    Args:
        components: N×images×P principal components.
        evens: how many of them are even; see `kernel.mirror`.
        energy: N, squared lengths of the photos' features.
        targets: of the images.
        blocks: N.
        folds: of the pairs.
        setting: of the regression.
    """
    pairs = len(components)
    components = components[:, :FOLD_IMAGES]
    targets = targets._replace(coefficients=targets.coefficients[:, :FOLD_IMAGES])
    alone = np.zeros_like(targets.coefficients[:, 0])  # of a single pair: the mean
    found = Without(alone, alone.copy(), np.zeros(pairs))

    def predict(fold: Fold) -> None:
        stage = first_stage(components, fold.metric, setting)
        if pairs > 1:
            for group, predicted in ((np.arange(pairs), found.alone), (blocks, found.blocked)):
                groups = image_groups(np.where(fold.own, group, -1), components.shape[1])
                flat = stage.solver.left_out(targets.flat, targets.evens, groups)
                predicted[fold.own] = flat.reshape(targets.coefficients.shape)[fold.own, 0]
        residual = _residual(fold, components[:, 0], evens, energy)
        features = stage.codes[:, 0] / fold.metric.stretch
        for block in np.unique(blocks[fold.own]):
            mine = np.flatnonzero(blocks == block)
            others = blocks != block if pairs > 1 else fold.own
            squared = nearer(features[mine], features[others], fold.metric.even.shape[1])
            squared /= np.float32(usual_energy(energy))
            found.novelty[mine] = [
                novelty_of(row, float(left))
                for row, left in zip(squared, residual[mine], strict=True)
            ]

    in_threads(predict, folds, solver_bytes(components.shape[0] * components.shape[1]))
    return found


def _residual(fold: Fold, photos: Matrix, evens: int, energy: Matrix) -> Matrix:
    """Return N: what the photos' codes leave out, in units of the usual features'; photos are N×P.

    About the mean of those learned from: about that of all, the last is minus all the others.
    """
    mean = photos[fold.others].mean(axis=0)
    mean[evens:] = 0
    shifted = photos - mean
    around = energy - (photos**2).sum(axis=1) + (shifted**2).sum(axis=1)
    left = left_over(around, fold.metric.turned(shifted), fold.metric.stretch)
    return np.asarray(left / np.float32(usual_energy(energy)))
