"""Fitting a kernel model to a pool: features and depth in, plain arrays out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.first import WIDTH, first_stage, usual_energy, without
from neardepth.kernel.local import (
    COMPONENTS,
    SURROUNDINGS,
    components,
    random_frequencies,
    regress,
    surroundings,
)
from neardepth.kernel.model import KernelModel, LocalStage, Prediction
from neardepth.kernel.projection import project
from neardepth.kernel.solvers import Solver
from neardepth.kernel.spread import calibrate, uncalibrated
from neardepth.kernel.targets import filled_by_level, known_cells, principal, view_groups
from neardepth.pool.views import Layout
from neardepth.steps.dense import CELLS, GRIDS, Maps
from neardepth.steps.views import VIEWS

Matrix = NDArray[np.float32]
Rows = NDArray[np.float16]

RECIPE = 10
"""Counted up whenever the same pool gives another fit."""
RANK = 64
"""Principal components of log depth that are regressed."""
BLOCKS = 10
"""Runs of consecutive pairs that are left out in turn: neighbouring frames show one room."""

_AUGMENTED = 2560  # pairs up to which crops take part as well
_SAMPLES = 200  # cells of known depth from which on the spread is calibrated
_LOCAL_PAIRS = 256
_LOCAL_BATCH = 64
SMALLEST = 5
"""Pairs from which on the spread is calibrated."""
_ROUNDS = 3  # of filling in what a depth map does not know by what is predicted for it


@dataclass(frozen=True, eq=False)
class Fit:
    """A model, and what is needed to judge it on its own pool."""

    model: KernelModel
    first: Matrix
    """N×rows×columns: stage 1's log depth of each photo from all other pairs."""
    without: tuple[Matrix, ...]
    """Stage 2's coefficients without each block."""
    blocks: NDArray[np.intp]
    """N: the block of each pair."""
    novelty: NDArray[np.float64]
    """N: how unlike the pairs outside its block each photo is."""
    score: float
    """Mean absolute error of the log depth predicted without each block; infinite of one pair."""

    def left_out(self, place: int, maps: Sequence[Maps]) -> Prediction:
        """Predict a photo of the pool from all other pairs.

        Args:
            place: of the pair in the fit.
            maps: of its photo; see `KernelModel.predict`.
        """
        model = self.model
        local = replace(model.local, coefficients=self.without[self.blocks[place]])
        return replace(model, local=local).predict(
            maps, self.first[place], float(self.novelty[place])
        )


def fit(
    layouts: Sequence[Layout],
    rows: Sequence[Rows],
    targets: Matrix,
    focal: float | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Fit:
    """Fit both stages and the calibration.

    Args:
        layouts: of each network's table.
        rows: of each network, N×dim, in the natural order of the pairs.
        targets: N×VIEWS×cells log depth (metres), NaN where unknown; scaled to ``focal``.
        focal: focal length the targets are scaled to, in units of the root of the photo's area.
        progress: told the share of the work that is done.
    """
    pairs = len(targets)
    blocks = blocks_of(pairs)
    used = VIEWS if pairs <= _AUGMENTED else 2
    projections, principal_codes, energy = project(layouts, rows, used)
    progress(0.3)
    known = known_cells(targets)
    mean, log_depth = _centred(targets[:, :used], known)
    every = np.ones(pairs, bool)
    stage = first_stage(principal_codes, _levelled(log_depth, pairs), every)
    basis, coefficients = _solve_for(log_depth, known, stage.solver, used)
    progress(0.5)
    others = without(
        principal_codes, energy, coefficients.reshape(pairs, used, -1), blocks, len(stage.owners)
    )
    alone = (mean + others.alone @ basis).reshape(pairs, 2, *CELLS)
    first = (mean + others.blocked @ basis).reshape(pairs, *CELLS)
    progress(0.7)
    local, partial, cells, components_at = _fit_local(layouts, rows, targets, alone, blocks)
    progress(0.9)
    calibration, strength, score = uncalibrated(stage.unit), 0.0, np.inf
    truth = np.take_along_axis(targets[:, 0], cells, axis=1)
    if pairs > 1:
        start = np.take_along_axis(first.reshape(pairs, -1), cells, axis=1)
        score = _mean_error(start, truth)
    if pairs >= SMALLEST and np.isfinite(truth).sum() >= _SAMPLES:
        corrected = np.stack(
            [
                local.at(components_at[pair], first[pair], cells[pair], partial[blocks[pair]])
                for pair in range(pairs)
            ]
        )
        strength = _strength(corrected - start, truth - start)
        corrected = start + np.float32(strength) * (corrected - start)
        score = _mean_error(corrected, truth)
        calibration = calibrate(corrected, truth, first, others.novelty, cells, stage.unit)
    local = local.weakened(strength)
    partial = tuple(np.float32(strength) * fitted for fitted in partial)
    model = KernelModel(
        projections=tuple(p.turned(stage.metric.turn) for p in projections),
        stretch=stage.metric.stretch,
        usual_energy=usual_energy(energy),
        centres=stage.centres,
        width=WIDTH / stage.unit,
        weights=stage.solver.solve(coefficients),
        basis=basis,
        mean=mean,
        known=known,
        local=local,
        calibration=calibration,
        owners=stage.owners,
        photos=(stage.codes[:, 0] / stage.metric.stretch).astype(np.float16),
        image_weights=stage.solver.shares(used).astype(np.float16),
        landmarks=np.arange(len(stage.owners)),
        focal=focal,
    )
    progress(1.0)
    return Fit(model, alone[:, 0], partial, blocks, others.novelty, score)


def blocks_of(pairs: int) -> NDArray[np.intp]:
    """Return the block of each pair, in their natural order."""
    return np.arange(pairs) * min(BLOCKS, pairs) // max(pairs, 1)


def _mean_error(log_depth: Matrix, truth: Matrix) -> float:
    return float(np.nanmean(np.abs(log_depth - truth), dtype=np.float64))


def _strength(corrections: Matrix, errors: Matrix) -> float:
    """How much of stage 2's corrections to believe, by what they do to photos left out: 0 to 1."""
    known = np.isfinite(errors)
    power = float((corrections[known] ** 2).sum())
    gain = float((corrections[known] * errors[known]).sum())
    return min(max(gain / power, 0.0), 1.0) if power > 0 else 0.0


def _centred(targets: Matrix, known: NDArray[np.bool_]) -> tuple[Matrix, Matrix]:
    """Return the mean (cells) and log depth less it, n×cells; ``targets`` are N×views×cells."""
    # Of the photos as they are: crops are nearer, and what is unlike the pool shrinks to the mean.
    cells = targets.shape[2]
    whole = targets[:, :2].reshape(-1, cells)
    overall = float(whole[np.isfinite(whole)].mean(dtype=np.float64))
    counts = np.maximum(np.isfinite(whole).sum(axis=0), 1)
    mean = np.nansum(whole - overall, axis=0, dtype=np.float64) / counts + overall
    mean = np.where(known, mean, overall).astype(np.float32)
    return mean, targets.reshape(-1, cells) - mean


def _levelled(log_depth: Matrix, pairs: int) -> Matrix:
    """Return log depth less its mean in a basis of its own, guessed where unknown: N×views×R."""
    filled = filled_by_level(log_depth)
    return np.asarray((filled @ principal(filled, RANK).T).reshape(pairs, -1, RANK))


def _solve_for(
    log_depth: Matrix, known: NDArray[np.bool_], solver: Solver, views: int
) -> tuple[Matrix, Matrix]:
    """Return a basis (R×cells) of log depth less its mean, and each view's coefficients in it.

    What a depth map does not know is filled in with what is predicted for it from the others.
    """
    pairs = len(log_depth) // views
    unknown = ~np.isfinite(log_depth)
    filled = filled_by_level(log_depth)
    groups = view_groups(np.arange(pairs), views)
    rounds = _ROUNDS if unknown[:, known].any() and pairs > 1 else 0
    for _ in range(rounds):
        basis = principal(filled, RANK)
        coefficients = filled @ basis.T
        alone = solver.left_out(coefficients, groups) @ basis
        filled = np.where(unknown, alone, filled)
    basis = principal(filled, RANK)
    return basis, filled @ basis.T


def _fit_local(
    layouts: Sequence[Layout],
    rows: Sequence[Rows],
    targets: Matrix,
    alone: Matrix,
    blocks: NDArray[np.intp],
) -> tuple[LocalStage, tuple[Matrix, ...], NDArray[np.intp], Matrix]:
    """Fit stage 2 to what stage 1 leaves of each photo and its mirror image, without their pair.

    Returns:
        The stage, its coefficients without each block, each pair's sampled cells (N×n), and the
        components there (N×n×ΣP).
    """
    cells = layouts[0].cells(rows[0])
    means, directions = _local_components(layouts, rows)

    local = _local_inputs(layouts, rows, means, directions)
    count = sum(d[level].shape[1] for d in directions for level in GRIDS) + SURROUNDINGS
    frequencies, phases = random_frequencies(count)

    def batches() -> Iterator[tuple[int, Matrix, Matrix]]:
        for pair, block in enumerate(blocks):
            around = surroundings(alone[pair, :2])
            places = (cells[pair], _mirrored_cells(cells[pair]))
            inputs = [
                np.concatenate([local[pair], around[view][place]], axis=1)
                for view, place in enumerate(places)
            ]
            residual = [
                targets[pair, view][place] - alone[pair, view].ravel()[place]
                for view, place in enumerate(places)
            ]
            wanted = np.concatenate(residual)
            known = np.isfinite(wanted)
            yield int(block), np.concatenate(inputs)[known], wanted[known]

    whole, without = regress(batches(), frequencies, phases)
    stage = LocalStage(means, directions, frequencies, phases, whole)
    return stage, tuple(without[block] for block in sorted(without)), cells, local


def _local_inputs(
    layouts: Sequence[Layout],
    rows: Sequence[Rows],
    means: Sequence[Mapping[str, Matrix]],
    directions: Sequence[Mapping[str, Matrix]],
) -> Matrix:
    """Return the components at every photo's sampled cells, N×n×ΣP."""

    def some(start: int, end: int) -> Matrix:
        parts = []
        for layout, table, mean, direction in zip(layouts, rows, means, directions, strict=True):
            channels = layout.local(table[start:end])
            ends = np.cumsum(layout.channels)
            for level, part in zip(GRIDS, np.split(channels, ends[:-1], axis=2), strict=True):
                along = part.astype(np.float32) @ direction[level]
                parts.append(along - mean[level] @ direction[level])
        return np.concatenate(parts, axis=2)

    pairs = len(rows[0])
    return np.concatenate([some(i, i + _LOCAL_BATCH) for i in range(0, pairs, _LOCAL_BATCH)])


def _local_components(
    layouts: Sequence[Layout], rows: Sequence[Rows]
) -> tuple[tuple[dict[str, Matrix], ...], tuple[dict[str, Matrix], ...]]:
    """Return means and principal directions of each network's channels, by level."""
    means, directions = [], []
    for layout, table in zip(layouts, rows, strict=True):
        step = max(1, len(table) // _LOCAL_PAIRS)
        sample = layout.local(table[::step]).reshape(-1, sum(layout.channels)).astype(np.float32)
        mean, direction, start = {}, {}, 0
        for level, channels in zip(GRIDS, layout.channels, strict=True):
            part = sample[:, start : start + channels]
            mean[level], direction[level] = components(part, COMPONENTS[level])
            start += channels
        means.append(mean)
        directions.append(direction)
    return tuple(means), tuple(directions)


def _mirrored_cells(cells: NDArray[np.intp]) -> NDArray[np.intp]:
    rows, columns = np.divmod(cells, CELLS[1])
    return rows * CELLS[1] + CELLS[1] - 1 - columns
