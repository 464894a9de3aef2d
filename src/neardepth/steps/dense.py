"""Features of the whole frame: a network's maps averaged on small grids, and at single cells."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Maps = Mapping[str, NDArray[np.float32]]
"""N×C×h×w of each level of a network."""

GRIDS: dict[str, tuple[int, int]] = {"stride16": (6, 8), "stride32": (5, 7)}
"""Rows and columns on which each level is averaged: enough to tell layouts apart."""

CELLS = (30, 40)
"""Rows and columns of the grid that depth is regressed on, whatever the photo's aspect ratio."""


def pooled(maps: Maps) -> NDArray[np.float32]:
    """Average each level over its grid of `GRIDS`, as sums and differences of mirrored columns.

    A cell and the one on the other side of the frame become ``(left + right)/√2`` and
    ``(left − right)/√2``, which is a rotation. Of the mirror image the sums are the same and the
    differences the opposite: networks are not quite symmetric, but running them on mirrored photos
    gains nothing.

    Returns:
        N×D: the sums level by level, then the differences, `halves` says how many of each.
    """
    sums: list[NDArray[np.float32]] = []
    differences: list[NDArray[np.float32]] = []
    for level, (rows, columns) in GRIDS.items():
        values, summed = maps[level], columns - columns // 2
        images, channels, height, width = values.shape
        # One matrix product for all lines of all channels.
        lines = values.reshape(-1, width) @ _folded(columns, width).T
        cells = averaging(rows, height) @ lines.reshape(images, channels, height, columns)
        sums.append(cells[..., :summed].reshape(images, -1))
        differences.append(cells[..., summed:].reshape(images, -1))
    return np.concatenate(sums + differences, axis=1)


def halves(channels: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Return how many of `pooled`'s numbers are sums, and how many differences, of each level."""
    sums, differences = {}, {}
    for level, (rows, columns) in GRIDS.items():
        differences[level] = channels[level] * rows * (columns // 2)
        sums[level] = channels[level] * rows * columns - differences[level]
    return sums, differences


def at_cells(maps: Maps, cells: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return every channel of every level at some cells of the grid `CELLS`.

    Args:
        maps: C×h×w of each level, of one photo.
        cells: n indices into the flat grid.

    Returns:
        n×ΣC, interpolated bilinearly, level by level.
    """
    parts = []
    for level in GRIDS:
        values = maps[level]
        down, across = (
            interpolation(CELLS[0], values.shape[1]),
            interpolation(CELLS[1], values.shape[2]),
        )
        rows, columns = np.divmod(cells, CELLS[1])
        # Of each cell only the rows and columns that it lies between: two matrix products.
        lines = np.einsum("nh,chw->ncw", down[rows], values, optimize=True)
        parts.append(np.einsum("ncw,nw->nc", lines, across[columns], optimize=True))
    return np.concatenate(parts, axis=1)


@lru_cache(maxsize=64)
def _folded(parts: int, length: int) -> NDArray[np.float32]:
    """Return the weights of `averaging` as sums, then differences, of mirrored ones."""
    weights, half = averaging(parts, length), parts // 2
    left, right = weights[:half], weights[::-1][:half]
    root = np.float32(0.5**0.5)
    middle = weights[half : parts - half]  # of an odd number of columns, its own mirror image
    return np.concatenate([root * (left + right), middle, root * (left - right)])


@lru_cache(maxsize=64)
def averaging(parts: int, length: int) -> NDArray[np.float32]:
    """Weights that average ``length`` pixels over ``parts`` equal intervals, parts×length."""
    edges = np.arange(parts + 1)[:, None] * length / parts
    pixels = np.arange(length)[None]
    overlap = np.minimum(edges[1:], pixels + 1) - np.maximum(edges[:-1], pixels)
    weights = np.maximum(overlap, 0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=64)
def interpolation(cells: int, length: int) -> NDArray[np.float32]:
    """Weights that interpolate ``length`` pixels at ``cells`` equally spaced centres.

    Bilinear, with pixel and cell centres at halves; the border is held. cells×length.
    """
    place = (np.arange(cells) + 0.5) * length / cells - 0.5
    place = np.clip(place, 0, length - 1)
    low = np.minimum(place.astype(int), length - 1)
    high = np.minimum(low + 1, length - 1)
    weights = np.zeros((cells, length), np.float32)
    np.add.at(weights, (np.arange(cells), low), 1 - (place - low))
    np.add.at(weights, (np.arange(cells), high), place - low)
    return weights
