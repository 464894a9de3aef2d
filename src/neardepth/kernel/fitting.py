"""Fitting a kernel model to a pool: features and depth in, plain arrays out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.first import first_stage, usual_energy, without
from neardepth.kernel.folds import blocks_of, fold_metrics
from neardepth.kernel.local import (
    COMPONENTS,
    MIRRORED,
    SURROUNDINGS,
    components,
    random_frequencies,
    regress,
    surroundings,
    useful_cosines,
)
from neardepth.kernel.metric import CODE, learn_metric
from neardepth.kernel.mirror import Basis, principal
from neardepth.kernel.model import KernelModel, LocalStage, Prediction
from neardepth.kernel.projection import project
from neardepth.kernel.setting import choose
from neardepth.kernel.solvers import Solver
from neardepth.kernel.spread import calibrate, uncalibrated
from neardepth.kernel.targets import Targets, filled_by_level, image_groups, known_cells
from neardepth.pool.views import Layout
from neardepth.steps.dense import CELLS, GRIDS, Maps
from neardepth.steps.views import IMAGES

Matrix = NDArray[np.float32]
Rows = NDArray[np.float16]

RECIPE = 13
"""Counted up whenever the same pool gives another fit."""
RANK = 64
"""Principal components of log depth that are regressed."""

_AUGMENTED = 2560  # pairs up to which crops and blurred copies take part as well
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
        targets: N×IMAGES×cells log depth (metres), NaN where unknown; scaled to ``focal``.
        focal: focal length the targets are scaled to, in units of the root of the photo's area.
        progress: told the share of the work that is done.
    """
    pairs = len(targets)
    blocks = blocks_of(pairs)
    used = IMAGES if pairs <= _AUGMENTED else 1
    projections, components, energy = project(layouts, rows, used)
    evens = projections[0].even.shape[1]
    progress(0.3)
    known = known_cells(targets)
    mean = _mean(targets[:, 0])
    log_depth = targets[:, :used].reshape(pairs * used, -1) - mean
    basis, guessed = _guessed(log_depth, pairs)
    folds = fold_metrics(components, evens, guessed, blocks)
    photos = log_depth.reshape(pairs, used, -1)[:, 0]
    setting = choose(components, photos, guessed, basis, blocks, folds)
    progress(0.5)
    metric = learn_metric(
        components.reshape(-1, components.shape[2]), evens, guessed.flat, guessed.evens, CODE
    )
    stage = first_stage(components, metric, setting)
    basis, coefficients = _solve_for(log_depth, known, stage.solver, used)
    wanted = Targets(coefficients.reshape(pairs, used, -1), basis.evens)
    others = without(components, evens, energy, wanted, blocks, folds, setting)
    alone = (mean + others.alone @ basis.maps).reshape(pairs, *CELLS)
    first = (mean + others.blocked @ basis.maps).reshape(pairs, *CELLS)
    progress(0.7)
    local, partial, cells, components_at = _fit_local(layouts, rows, targets, alone, blocks)
    progress(0.9)
    calibration, strength, score = uncalibrated(), 0.0, np.inf
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
        calibration = calibrate(corrected, truth, first, others.novelty, cells)
    local = local.weakened(strength)
    partial = tuple(np.float32(strength) * fitted for fitted in partial)
    model = KernelModel(
        projections=tuple(p.turned(stage.metric) for p in projections),
        stretch=stage.metric.stretch,
        usual_energy=usual_energy(energy),
        centres=stage.centres,
        width=stage.width,
        weights=stage.solver.solve(coefficients, basis.evens),
        basis=basis,
        mean=mean,
        known=known,
        local=local,
        calibration=calibration,
        owners=stage.owners,
        photos=(stage.codes[:, 0] / stage.metric.stretch).astype(np.float16),
        image_weights=stage.solver.shares(used).astype(np.float16),
        focal=focal,
    )
    progress(1.0)
    return Fit(model, alone, partial, blocks, others.novelty, score)


def _mean_error(log_depth: Matrix, truth: Matrix) -> float:
    return float(np.nanmean(np.abs(log_depth - truth), dtype=np.float64))


def _strength(corrections: Matrix, errors: Matrix) -> float:
    """How much of stage 2's corrections to believe, by what they do to photos left out: 0 to 1."""
    known = np.isfinite(errors)
    power = float((corrections[known] ** 2).sum())
    gain = float((corrections[known] * errors[known]).sum())
    return min(max(gain / power, 0.0), 1.0) if power > 0 else 0.0


def _mean(targets: Matrix) -> Matrix:
    """Return the mean of N×cells log depth and its mirror images; overall, where nobody knows.

    Of the photos as they are: crops are nearer, and what is unlike the pool shrinks to the mean.
    """
    overall = float(targets[np.isfinite(targets)].mean(dtype=np.float64))
    sums, counts = (
        values.reshape(CELLS) + values.reshape(CELLS)[:, ::-1]
        for values in (
            np.nansum(targets - overall, axis=0, dtype=np.float64),
            np.isfinite(targets).sum(axis=0),
        )
    )
    return (sums / np.maximum(counts, 1) + overall).ravel().astype(np.float32)


def _guessed(log_depth: Matrix, pairs: int) -> tuple[Basis, Targets]:
    """Return a basis of log depth less its mean, guessed where unknown, and its coefficients."""
    filled = filled_by_level(log_depth)
    basis = principal(filled, RANK)
    coefficients = (filled @ basis.maps.T).reshape(pairs, -1, len(basis.maps))
    return basis, Targets(coefficients, basis.evens)


def _solve_for(
    log_depth: Matrix, known: NDArray[np.bool_], solver: Solver, images: int
) -> tuple[Basis, Matrix]:
    """Return a basis of log depth less its mean, and each image's coefficients in it.

    What a depth map does not know is filled in with what is predicted for it from the others.
    """
    pairs = len(log_depth) // images
    unknown = ~np.isfinite(log_depth)
    filled = filled_by_level(log_depth)
    groups = image_groups(np.arange(pairs), images)
    rounds = _ROUNDS if unknown[:, known].any() and pairs > 1 else 0
    for _ in range(rounds):
        basis = principal(filled, RANK)
        alone = solver.left_out(filled @ basis.maps.T, basis.evens, groups) @ basis.maps
        filled = np.where(unknown, alone, filled)
    basis = principal(filled, RANK)
    return basis, filled @ basis.maps.T


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
    around = _surroundings_at(alone, cells)
    flipped = around * MIRRORED
    count = sum(d[level].shape[1] for d in directions for level in GRIDS) + SURROUNDINGS
    frequencies, phases = random_frequencies(count)

    def known_cells_of(pair: int) -> tuple[Matrix, Matrix]:
        wanted = targets[pair, 0, cells[pair]] - alone[pair].ravel()[cells[pair]]
        known = np.isfinite(wanted)
        inputs = [
            np.concatenate([local[pair], part[pair]], axis=1)[known] for part in (around, flipped)
        ]
        return np.concatenate(inputs), np.tile(wanted[known], 2)

    frequencies, phases = useful_cosines(known_cells_of, blocks, frequencies, phases)
    coefficients, without = regress(known_cells_of, blocks, frequencies, phases)
    stage = LocalStage(means, directions, frequencies, phases, coefficients)
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


def _surroundings_at(log_depth: Matrix, cells: NDArray[np.intp]) -> Matrix:
    """Return what stage 1 says around every photo's sampled cells, N×n×SURROUNDINGS."""
    parts = []
    for start in range(0, len(cells), _LOCAL_BATCH):
        some = slice(start, start + _LOCAL_BATCH)
        parts.append(
            np.take_along_axis(surroundings(log_depth[some]), cells[some][..., None], axis=1)
        )
    return np.concatenate(parts)


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
