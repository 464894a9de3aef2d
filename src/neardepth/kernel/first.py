"""Stage 1: log depth regressed on what whole photos look like, in a metric learned for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.metric import Metric, learn_metric, typical
from neardepth.kernel.model import left_over
from neardepth.kernel.solvers import Solver, make_solver
from neardepth.kernel.spread import NEAREST, novelty_of
from neardepth.kernel.targets import view_groups
from neardepth.steps.ridge import squared_distances

Matrix = NDArray[np.float32]

CODE = 192
"""Numbers of a code: directions of the principal components that matter for depth."""
WIDTH = 2.0
"""Of the Gaussian kernel, in units of the median squared distance."""
RIDGE = 0.2

_FOLDS = 5  # groups of blocks that a metric is learned without
_FOLD_VIEWS = 4


@dataclass(frozen=True, eq=False)
class FirstStage:
    """The regression of N pairs' views."""

    metric: Metric
    codes: Matrix
    """N×views×Q."""
    unit: float
    """Usual squared distance of two codes."""
    solver: Solver

    @property
    def centres(self) -> Matrix:
        """Codes that the solver's weights belong to, m×Q."""
        return np.asarray(self.codes.reshape(-1, self.codes.shape[2])[self.solver.centres])

    @property
    def owners(self) -> NDArray[np.intp]:
        """The pair that each centre is a view of, m."""
        return np.asarray(self.solver.centres // self.codes.shape[1])


class Without(NamedTuple):
    """What is predicted for photos that did not take part."""

    alone: Matrix
    """N×2×R: coefficients of photos and mirror images without their pairs."""
    blocked: Matrix
    """N×R: coefficients of photos without their blocks."""
    novelty: NDArray[np.float64]
    """N: how unlike the pairs outside its block each photo is."""


def first_stage(components: Matrix, targets: Matrix, learned: NDArray[np.bool_]) -> FirstStage:
    """Set up the regression.

    Args:
        components: N×views×P principal components.
        targets: N×views×R coefficients of log depth, for the metric.
        learned: N, the pairs that the metric is learned from.
    """
    metric = learn_metric(
        components[learned].reshape(-1, components.shape[2]),
        targets[learned].reshape(-1, targets.shape[2]),
        WIDTH,
        RIDGE,
        CODE,
    )
    codes = components @ metric.turn
    views = codes.reshape(-1, codes.shape[2])
    unit = typical(views)
    solver = make_solver(views, WIDTH / unit, RIDGE)
    return FirstStage(metric, codes, unit, solver)


def usual_energy(energy: Matrix) -> float:
    """Return the usual squared length of photos' features; 1 where all are alike."""
    return float(np.median(energy)) or 1.0


def without(
    components: Matrix,
    energy: Matrix,
    targets: Matrix,
    blocks: NDArray[np.intp],
    centres: int,
) -> Without:
    """Predict every photo without its pair, and without its block.

    A metric that was learned from a photo's own depth would flatter the photo: for each group of
    blocks it is learned anew from the others. Fewer views a pair make that quick.

    Args:
        components: as in `first_stage`.
        energy: N, squared lengths of the photos' features.
        targets: as in `first_stage`.
        blocks: N.
        centres: of the regression with all views, whose nearest `NEAREST` count for novelty.
    """
    pairs, views = len(components), min(_FOLD_VIEWS, components.shape[1])
    components, targets = components[:, :views], targets[:, :views]
    alone = np.zeros((pairs, 2, targets.shape[2]), np.float32)  # of a single pair: the mean
    found = Without(alone, alone[:, 0].copy(), np.zeros(pairs))
    for fold in range(min(_FOLDS, blocks[-1] + 1)):
        _without_fold(components, energy, targets, blocks, centres, blocks % _FOLDS == fold, found)
    return found


def _without_fold(
    components: Matrix,
    energy: Matrix,
    targets: Matrix,
    blocks: NDArray[np.intp],
    centres: int,
    own: NDArray[np.bool_],
    found: Without,
) -> None:
    """Predict the photos ``own``, N, by a metric learned from the others."""
    pairs, views = targets.shape[:2]
    learned = ~own if pairs > 1 else own
    stage = first_stage(components, targets, learned)

    def predicted(group: NDArray[np.intp]) -> Matrix:
        groups = view_groups(np.where(own, group, -1), views)
        flat = stage.solver.left_out(targets.reshape(pairs * views, -1), groups)
        return flat.reshape(targets.shape)[own]

    if pairs > 1:
        found.alone[own] = predicted(np.arange(pairs))[:, :2]
        found.blocked[own] = predicted(blocks)[:, 0]
    # As many pairs' views as are looked at among all of them.
    nearest = max(1, round(NEAREST * len(stage.owners) / centres))
    residual = _residual(stage.metric, components[:, 0], energy, learned)
    for block in np.unique(blocks[own]):
        mine = np.flatnonzero(blocks == block)
        others = blocks != block if pairs > 1 else own
        squared = squared_distances(stage.codes[mine, 0], stage.centres[others[stage.owners]])
        found.novelty[mine] = [
            novelty_of(row, float(left), stage.unit, nearest)
            for row, left in zip(squared, residual[mine], strict=True)
        ]


def _residual(metric: Metric, photos: Matrix, energy: Matrix, learned: NDArray[np.bool_]) -> Matrix:
    """Return N: what the photos' codes leave out, in units of the usual features'; photos are N×P.

    About the mean of those learned from: about that of all, the last is minus all the others.
    """
    shifted = photos - photos[learned].mean(axis=0)
    around = energy - (photos**2).sum(axis=1) + (shifted**2).sum(axis=1)
    left = left_over(around, shifted @ metric.turn, metric.stretch)
    return np.asarray(left / np.float32(usual_energy(energy)))
