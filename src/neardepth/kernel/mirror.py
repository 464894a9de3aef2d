"""Mirror images take part without being computed: everything splits into even and odd halves.

The mirror image of a photo has the mirrored depth, and each photo counts together with it. Maps and
codes are written as even numbers, the same in the mirror image, followed by odd ones, the opposite
there. Then even depth depends on the kernel ``k(x, y) + k(x, My)`` alone and odd depth on
``k(x, y) − k(x, My)``, M being the reflection: two problems of half the size, a quarter of the work
(B. Haasdonk, H. Burkhardt, *Invariant kernel functions for pattern analysis and machine learning*,
2007).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.steps.dense import CELLS
from neardepth.steps.ridge import rational_quadratic

Matrix = NDArray[np.float32]


class Kernels(NamedTuple):
    """Kernel values of n points with m, n×m."""

    even: Matrix
    odd: Matrix


class Basis(NamedTuple):
    """Orthogonal maps of log depth."""

    maps: Matrix
    """R×cells, the even ones first."""
    evens: int


def distances(x: Matrix, y: Matrix, evens: int) -> tuple[Matrix, Matrix]:
    """Return ``|x_i − y_j|²`` and ``|x_i − M y_j|²`` of n×P and m×P codes, n×m each.

    Args:
        x: codes, ``evens`` even numbers and then odd ones.
        y: likewise.
        evens: how many are even.
    """
    lengths = np.einsum("nd,nd->n", x, x)[:, None] + np.einsum("md,md->m", y, y)
    lengths -= 2 * (x[:, :evens] @ y[:, :evens].T)
    odd = 2 * (x[:, evens:] @ y[:, evens:].T)
    near, mirrored = lengths - odd, np.add(lengths, odd, out=lengths)
    return np.maximum(near, 0, out=near), np.maximum(mirrored, 0, out=mirrored)


def nearer(x: Matrix, y: Matrix, evens: int) -> Matrix:
    """Return the squared distances of n×P points to m×P ones or their mirror images, n×m."""
    return np.minimum(*distances(x, y, evens))


def kernels(x: Matrix, y: Matrix, evens: int, width: float) -> Kernels:
    """Return the kernels of n×P and m×P codes; ``width`` as in `steps.ridge`."""
    near, mirrored = (rational_quadratic(part, width) for part in distances(x, y, evens))
    odd = near - mirrored
    return Kernels(np.add(near, mirrored, out=near), odd)


def fold(maps: Matrix) -> tuple[Matrix, Matrix]:
    """Return the even and the odd half of n×cells maps, n×cells/2 each: a rotation."""
    grid = maps.reshape(-1, *CELLS)
    half = CELLS[1] // 2
    left, right = grid[..., :half], grid[..., ::-1][..., :half]
    root = np.float32(0.5**0.5)
    return tuple((root * part).reshape(len(maps), -1) for part in (left + right, left - right))


def principal(maps: Matrix, rank: int) -> Basis:
    """Return the first principal directions of n×cells maps and their mirror images."""
    half = CELLS[0] * CELLS[1] // 2
    parts = [np.linalg.eigh((part.T @ part).astype(np.float64)) for part in fold(maps)]
    values = np.concatenate([part[0] for part in parts])
    first = np.sort(np.argsort(-values, kind="stable")[:rank])
    evens = int((first < half).sum())
    directions = np.concatenate([part[1].T for part in parts])[first]
    # From half the columns back to all of them.
    left = np.float32(0.5**0.5) * directions.reshape(-1, CELLS[0], CELLS[1] // 2)
    right = left[..., ::-1].copy()
    right[evens:] *= -1
    whole = np.concatenate([left, right], axis=2).reshape(len(first), -1)
    return Basis(np.ascontiguousarray(whole, np.float32), evens)
