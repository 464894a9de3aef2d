"""Fitting a kernel model to a pool: features and depth in, plain arrays out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neardepth.kernel.local import (
    COMPONENTS,
    SURROUNDINGS,
    components,
    random_frequencies,
    regress,
    surroundings,
)
from neardepth.kernel.model import KernelModel, LocalStage, Prediction, Projection
from neardepth.kernel.solvers import Solver, make_solver
from neardepth.kernel.spread import calibrate, novelty_of, uncalibrated
from neardepth.kernel.targets import filled_by_level, known_cells, principal, view_groups
from neardepth.pool.views import Layout
from neardepth.steps.dense import CELLS, GRIDS, Maps, mirrored
from neardepth.steps.ridge import squared_distances
from neardepth.steps.views import VIEWS

Matrix = NDArray[np.float32]
Rows = NDArray[np.float16]

RECIPE = 8
"""Counted up whenever the same pool gives another fit."""
CODE = 512
"""Numbers of a code: principal components of the pool's features."""
RANK = 64
"""Principal components of log depth that are regressed."""
WIDTH = 1.6
"""Of the Gaussian kernel, in units of the median squared distance."""
RIDGE = 0.1
BLOCKS = 10
"""Runs of consecutive pairs that are left out in turn: neighbouring frames show one room."""

_WEIGHTS = {"stride16": 1.0, "stride32": 2.5}
_AUGMENTED = 2560  # pairs up to which crops take part as well
_BASIS_ROWS = 1024
_SHRINKAGE = 0.08  # of the principal components' mean energy
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
        return replace(model, local=local).predict(maps, first=self.first[place], own=place)


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
    projections, codes, residual = _project(layouts, rows, blocks)
    used = VIEWS if pairs <= _AUGMENTED else 2
    views = codes[:, :used].reshape(pairs * used, -1)
    unit = _typical(views)
    progress(0.3)
    solver = make_solver(views, WIDTH / unit, RIDGE)
    centres, owners = views[solver.centres], solver.centres // used
    novelty = _novelty(codes[:, 0], residual, blocks, centres, owners, unit)
    progress(0.5)

    known = known_cells(targets)
    mean, basis, coefficients = _solve_for(targets[:, :used], known, solver)
    weights = solver.solve(coefficients)

    def predicted(group: NDArray[np.intp]) -> Matrix:
        """Stage 1 of photos and mirror images without their group of pairs, N×2×rows×columns."""
        if pairs < 2:  # nothing is left when the one pair is not used
            log_depth = coefficients - np.float32(RIDGE) * weights
        else:
            log_depth = solver.left_out(coefficients, view_groups(group, used))
        maps: Matrix = mean + log_depth.reshape(pairs, used, -1)[:, :2] @ basis
        return maps.reshape(pairs, 2, *CELLS)

    alone = predicted(np.arange(pairs))
    local, without, cells, components_at = _fit_local(layouts, rows, targets, alone, blocks)
    progress(0.85)
    calibration, strength, score = uncalibrated(unit), 0.0, np.inf
    truth = np.take_along_axis(targets[:, 0], cells, axis=1)
    first = predicted(blocks)[:, 0]
    if pairs > 1:
        start = np.take_along_axis(first.reshape(pairs, -1), cells, axis=1)
        score = _mean_error(start, truth)
    if pairs >= SMALLEST and np.isfinite(truth).sum() >= _SAMPLES:
        corrected = np.stack(
            [
                local.at(components_at[pair], first[pair], cells[pair], without[blocks[pair]])
                for pair in range(pairs)
            ]
        )
        strength = _strength(corrected - start, truth - start)
        corrected = start + np.float32(strength) * (corrected - start)
        score = _mean_error(corrected, truth)
        calibration = calibrate(corrected, truth, first, novelty, cells, unit)
    local = local.weakened(strength)
    without = tuple(np.float32(strength) * coefficients for coefficients in without)
    model = KernelModel(
        projections=projections,
        centres=centres,
        width=WIDTH / unit,
        weights=weights,
        basis=basis,
        mean=mean,
        known=known,
        local=local,
        calibration=calibration,
        owners=owners,
        photos=codes[:, 0].astype(np.float16),
        image_weights=solver.shares(used).astype(np.float16),
        landmarks=np.arange(len(centres)),
        focal=focal,
    )
    progress(1.0)
    return Fit(model, alone[:, 0], without, blocks, score)


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


def _project(
    layouts: Sequence[Layout], rows: Sequence[Rows], blocks: NDArray[np.intp]
) -> tuple[tuple[Projection, ...], Matrix, Matrix]:
    """Find the principal components of the photos' features, and every view's code.

    Returns:
        The projections, codes N×VIEWS×P, and N squared lengths of what the photos' codes leave
        out.
    """
    pairs = len(rows[0])
    chosen = np.unique(np.linspace(0, pairs - 1, min(pairs, _BASIS_ROWS)).astype(int))
    standard, gram = [], np.zeros((len(chosen), len(chosen)), np.float32)
    for layout, table in zip(layouts, rows, strict=True):
        features = layout.view(table[chosen], 0).astype(np.float32)
        mean, scale = features.mean(axis=0), _scale(layout, features)
        features = (features - mean) * scale
        gram += features @ features.T
        standard.append((features, mean, scale))
    values, vectors = np.linalg.eigh(gram.astype(np.float64))
    kept = values > max(values[-1] * 1e-6, 1e-12)
    values, vectors = values[kept][::-1][:CODE], vectors[:, kept][:, ::-1][:, :CODE]
    to_code = (vectors / np.sqrt(values)).astype(np.float32)
    if not len(values):  # all photos are alike
        to_code = np.zeros((len(chosen), 1), np.float32)
    projections = []
    for features, mean, scale in standard:
        directions = scale[:, None] * (features.T @ to_code)
        projections.append(Projection(scale, directions, mean @ directions, mean * scale))
    codes = np.zeros((pairs, VIEWS, to_code.shape[1]), np.float32)
    energy = np.zeros(pairs, np.float32)
    for layout, table, projection in zip(layouts, rows, projections, strict=True):
        channels = dict(zip(GRIDS, layout.channels, strict=True))
        for view in range(VIEWS // 2):
            features = layout.view(table, view).astype(np.float32)
            codes[:, 2 * view] += projection.codes(features)
            codes[:, 2 * view + 1] += projection.codes(mirrored(features, channels))
            if view == 0:
                energy += projection.energy(features)
    shrink = _shrink(codes, chosen, blocks)
    projections = [
        replace(p, directions=p.directions @ shrink, offset=p.offset @ shrink) for p in projections
    ]
    residual = np.maximum(energy - (codes[:, 0] ** 2).sum(axis=1), 0)
    return tuple(projections), codes, residual


def _shrink(codes: Matrix, chosen: NDArray[np.intp], blocks: NDArray[np.intp]) -> Matrix:
    """Shrink codes, in place, to what the photos of other blocks have in common with them.

    A photo that takes part in the principal components has a share of its own in them, by which
    it seems farther from the others than an unseen photo does. So every photo is projected on the
    others by ridge regression, ``z ↦ z (C + μI)⁻¹ C``, where ``C = ZᵀZ`` is summed over the photos
    outside its block.

    Args:
        codes: N×VIEWS×P, changed.
        chosen: the photos that the components were made of.
        blocks: N.

    Returns:
        P×P, for photos that are not in the pool.
    """
    basis = codes[chosen, 0]
    whole = (basis.T @ basis).astype(np.float64)
    ridge = _SHRINKAGE * np.trace(whole) / len(whole)

    def projector(square: NDArray[np.float64]) -> Matrix:
        damped = square + np.diag(np.full(len(square), max(ridge, 1e-12)))
        return np.asarray(scipy.linalg.solve(damped, square, assume_a="pos"), np.float32)

    if blocks[-1] > 0:
        for block in range(blocks[-1] + 1):
            own = basis[blocks[chosen] == block]
            codes[blocks == block] = codes[blocks == block] @ projector(whole - own.T @ own)
    return projector(whole)


def _scale(layout: Layout, features: Matrix) -> Matrix:
    """What to multiply features by: one over their deviation, times the weight of their level."""
    deviation = features.std(axis=0)
    scales, start = [], 0
    for (level, (rows, columns)), channels in zip(GRIDS.items(), layout.channels, strict=True):
        part = deviation[start : start + channels * rows * columns]
        floor = max(1e-3 * float(part.max()), 1e-6)  # a channel that never changes says nothing
        scales.append((_WEIGHTS[level] / len(part)) ** 0.5 / np.maximum(part, floor))
        start += len(part)
    return np.concatenate(scales).astype(np.float32)


def _typical(views: Matrix) -> float:
    """Return the median squared distance of two views; 1 where all are alike."""
    some = views[:: max(1, len(views) // 512)]
    median = float(np.median(squared_distances(some, some)))
    floor = 1e-3 * float((some**2).sum(axis=1).mean())  # finer than rounding tells apart
    return max(median, floor) if max(median, floor) > 1e-9 else 1.0


def _novelty(
    photos: Matrix,
    residual: Matrix,
    blocks: NDArray[np.intp],
    centres: Matrix,
    owners: NDArray[np.intp],
    unit: float,
) -> NDArray[np.float64]:
    """How unlike the pairs outside its block each photo is; see `spread.novelty_of`."""
    found = np.empty(len(photos))
    for block in set(blocks):
        own = np.flatnonzero(blocks == block)
        others = blocks[owners] != block if len(set(blocks)) > 1 else slice(None)
        squared = squared_distances(photos[own], centres[others])
        found[own] = [
            novelty_of(row, float(rest), unit)
            for row, rest in zip(squared, residual[own], strict=True)
        ]
    return found


def _solve_for(
    targets: Matrix, known: NDArray[np.bool_], solver: Solver
) -> tuple[Matrix, Matrix, Matrix]:
    """Return the mean (cells), a basis (R×cells) of log depth, and each view's coefficients in it.

    What a depth map does not know is filled in with what is predicted for it from the others.
    """
    pairs, views = targets.shape[:2]
    flat = targets.reshape(pairs * views, -1)
    unknown = ~np.isfinite(flat)
    # Of the photos as they are: crops are nearer, and what is unlike the pool shrinks to the mean.
    whole = targets[:, :2].reshape(pairs * 2, -1)
    overall = float(whole[np.isfinite(whole)].mean(dtype=np.float64))
    counts = np.maximum(np.isfinite(whole).sum(axis=0), 1)
    mean = np.nansum(whole - overall, axis=0, dtype=np.float64) / counts + overall
    mean = np.where(known, mean, overall).astype(np.float32)
    filled = filled_by_level(flat - mean)
    groups = view_groups(np.arange(pairs), views)
    rounds = _ROUNDS if unknown[:, known].any() and pairs > 1 else 0
    for _ in range(rounds):
        basis = principal(filled, RANK)
        coefficients = filled @ basis.T
        alone = solver.left_out(coefficients, groups) @ basis
        filled = np.where(unknown, alone, filled)
    basis = principal(filled, RANK)
    return mean, basis, filled @ basis.T


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
