"""Stage 2: the log depth that stage 1 leaves, regressed cell by cell on the photo's own features.

A cell's inputs are the principal components of the networks' channels there and what stage 1 says
of its surroundings. The regression is linear in these and in random cosines of them (A. Rahimi,
B. Recht, *Random Features for Large-Scale Kernel Machines*, 2007). Many are drawn, and those kept
that count most.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neardepth.steps.dense import CELLS
from neardepth.threads import in_threads

Matrix = NDArray[np.float32]
Cells = Callable[[int], tuple[Matrix, Matrix]]
"""Of a pair: inputs n×I and residuals n (log depth) of some cells."""

COMPONENTS = {"stride16": 48, "stride32": 64}
"""Principal components kept of each level's channels."""

_DRAWN = 1024  # cosines
_KEPT = 256
_COSINE_STEP = 3  # cosines are chosen by every third pair
_FREQUENCY = 0.08
_RIDGE = 0.016  # for each cell that is trained on
_PAIRS = 32  # at a time
_BLUR = 3.0  # cells
SURROUNDINGS = 8
MIRRORED = np.array([1, 1, 1, -1, 1, 1, -1, 1], np.float32)
"""What `surroundings` are multiplied by in the mirror image."""


def surroundings(log_depth: Matrix) -> Matrix:
    """Describe each cell by what stage 1 says around it.

    Args:
        log_depth: N×rows×columns, stage 1's.

    Returns:
        N×cells×8: less its mean over the frame, that mean, the deviation over the frame, both
        gradients, less its blur, and the cell's position in −1…1.
    """
    mean = log_depth.mean(axis=(1, 2), keepdims=True)
    spread = log_depth.std(axis=(1, 2), keepdims=True)
    blurred = np.stack([cv2.GaussianBlur(values, (0, 0), _BLUR) for values in log_depth])
    down, across = np.gradient(log_depth, axis=(1, 2))
    rows, columns = np.meshgrid(
        *(np.linspace(-1, 1, n, dtype=np.float32) for n in CELLS), indexing="ij"
    )
    parts = (
        log_depth - mean,
        mean,
        spread,
        5 * across,
        5 * down,
        5 * (log_depth - blurred),
        columns[None],
        rows[None],
    )
    stacked = np.stack(np.broadcast_arrays(*parts), axis=-1)
    return stacked.reshape(len(log_depth), -1, SURROUNDINGS).astype(np.float32, copy=False)


def components(channels: Matrix, count: int) -> tuple[Matrix, Matrix]:
    """Return the mean of n×C channels and their first principal directions, C×count.

    Directions are divided by the first one's deviation, so that levels weigh alike.
    """
    mean = channels.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = channels - mean
    values, vectors = np.linalg.eigh((centred.T @ centred).astype(np.float64) / len(centred))
    first = max(float(values[-1]), np.finfo(np.float32).tiny)
    return mean, (vectors[:, ::-1][:, :count] / first**0.5).astype(np.float32)


def random_frequencies(inputs: int, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Draw frequencies (inputs×M; stage 1's come last and twice as high) and phases (M)."""
    random = np.random.default_rng(seed)
    frequencies = random.normal(0, _FREQUENCY, (inputs, _DRAWN))
    frequencies[-SURROUNDINGS:] *= 2
    return frequencies.astype(np.float32), random.uniform(0, 2 * np.pi, _DRAWN).astype(np.float32)


def expand(inputs: Matrix, frequencies: Matrix, phases: Matrix) -> Matrix:
    """Return the regression's features: cosines, the inputs themselves and 1; n×F."""
    count = len(phases)
    features = np.empty((len(inputs), count + inputs.shape[1] + 1), np.float32)
    np.cos(inputs @ frequencies + phases, out=features[:, :count])
    features[:, count:-1] = inputs
    features[:, -1] = 1
    return features


def regressed(inputs: Matrix, frequencies: Matrix, phases: Matrix, coefficients: Matrix) -> Matrix:
    """Return ``expand(inputs) @ coefficients``, n, without putting the features together."""
    cosines = inputs @ frequencies
    cosines += phases
    np.cos(cosines, out=cosines)
    count = len(phases)
    linear = inputs @ coefficients[count:-1] + coefficients[-1]
    return np.asarray(cosines @ coefficients[:count] + linear)


def useful_cosines(
    cells: Cells, blocks: NDArray[np.intp], frequencies: Matrix, phases: Matrix
) -> tuple[Matrix, Matrix]:
    """Return the frequencies and phases that a regression on every third pair weighs most.

    Half of them are dropped at a time: without the dropped ones others weigh more.

    Args:
        cells: of a pair.
        blocks: N.
        frequencies: I×M.
        phases: M.
    """
    size = len(phases) + len(frequencies) + 1
    every = _Moments(size)
    some = np.arange(0, len(blocks), _COSINE_STEP)
    for moments in _moments(cells, blocks, some, frequencies, phases).values():
        every.join(moments, 1)
    deviations = every.deviations()
    kept, rest = np.arange(len(phases)), np.arange(len(phases), size)
    while len(kept) > _KEPT:
        weights = every.part(np.concatenate([kept, rest])).solve()[: len(kept)]
        order = np.argsort(-np.abs(weights) * deviations[kept], kind="stable")
        kept = np.sort(kept[order[: max(_KEPT, len(kept) // 2)]])
    return np.ascontiguousarray(frequencies[:, kept]), phases[kept]


def regress(
    cells: Cells, blocks: NDArray[np.intp], frequencies: Matrix, phases: Matrix
) -> tuple[Matrix, dict[int, Matrix]]:
    """Solve the regression on everything, and without each block, from one pass over the cells.

    Args:
        cells: of a pair.
        blocks: N.
        frequencies: I×M.
        phases: M.

    Returns:
        The coefficients F, and those without each block.
    """
    parts = _moments(cells, blocks, np.arange(len(blocks)), frequencies, phases)
    whole = _Moments(len(phases) + len(frequencies) + 1)
    for part in parts.values():
        whole.join(part, 1)
    coefficients = whole.solve()
    without = {}
    for block, part in parts.items():
        whole.join(part, -1)
        without[block] = whole.solve()
        whole.join(part, 1)
    return coefficients, without


def _moments(
    cells: Cells,
    blocks: NDArray[np.intp],
    pairs: NDArray[np.intp],
    frequencies: Matrix,
    phases: Matrix,
) -> dict[int, _Moments]:
    """Return the sums over some pairs' cells, by block."""

    def of_block(block: int) -> _Moments:
        moments = _Moments(len(phases) + len(frequencies) + 1)
        own = pairs[blocks[pairs] == block]
        for start in range(0, len(own), _PAIRS):
            parts = [cells(int(pair)) for pair in own[start : start + _PAIRS]]
            inputs, residuals = (np.concatenate(part) for part in zip(*parts, strict=True))
            moments.add(expand(inputs, frequencies, phases), residuals)
        return moments

    present = np.unique(blocks[pairs]).tolist()
    return dict(zip(present, in_threads(of_block, present), strict=True))


class _Moments:
    """Sums that a regression needs of its features F and residuals r: FᵀF, Fᵀr and their count."""

    def __init__(self, size: int) -> None:
        self.square = np.zeros((size, size), np.float64)
        self.cross = np.zeros(size)
        self.count = 0

    def add(self, features: Matrix, residuals: Matrix) -> None:
        # NumPy makes half of this product. SciPy's own routine would run on threads of its own,
        # which NumPy's keep waiting.
        self.square += features.T @ features
        self.cross += features.T @ residuals
        self.count += len(residuals)

    def join(self, other: _Moments, sign: int) -> None:
        self.square += sign * other.square
        self.cross += sign * other.cross
        self.count += sign * other.count

    def part(self, features: NDArray[np.intp]) -> _Moments:
        """Return the sums of some of the features, in ascending order."""
        part = _Moments(len(features))
        part.square = self.square[np.ix_(features, features)]
        part.cross, part.count = self.cross[features], self.count
        return part

    def deviations(self) -> NDArray[np.float64]:
        """Return the deviation of each feature; the last feature is 1."""
        count = max(self.count, 1)
        means = self.square[:, -1] / count
        return np.asarray(np.sqrt(np.maximum(self.square.diagonal() / count - means**2, 0)))

    def solve(self) -> Matrix:
        if not self.count:
            return np.zeros(len(self.cross), np.float32)
        ridge = np.full(len(self.cross), _RIDGE * self.count)
        ridge[-1] = 1e-6 * self.count  # the constant is free
        factor = scipy.linalg.cho_factor(self.square + np.diag(ridge), overwrite_a=True)
        return np.asarray(scipy.linalg.cho_solve(factor, self.cross), np.float32)
