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
    """Average each level over its grid of `GRIDS`, level by level.

    Returns:
        N×D; D is the sum of channels × rows × columns, in that order.
    """
    parts = [resample(maps[level], grid) for level, grid in GRIDS.items()]
    return np.concatenate([part.reshape(len(part), -1) for part in parts], axis=1)


def mirrored(features: NDArray[np.float32], channels: Mapping[str, int]) -> NDArray[np.float32]:
    """Return what `pooled` gives for the mirror images, N×D.

    Networks are not quite symmetric, but running them on mirrored photos gains nothing.
    """
    parts, start = [], 0
    for level, (rows, columns) in GRIDS.items():
        end = start + channels[level] * rows * columns
        part = features[:, start:end].reshape(len(features), -1, rows, columns)
        parts.append(part[..., ::-1].reshape(len(features), -1))
        start = end
    return np.concatenate(parts, axis=1)


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


def resample(values: NDArray[np.float32], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Average N×C×h×w over the cells of a coarser grid, N×C×rows×columns."""
    down, across = averaging(grid[0], values.shape[2]), averaging(grid[1], values.shape[3])
    return np.asarray(down @ (values @ across.T))


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
