"""From the networks' maps to codes: principal components of the pool's images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neardepth.kernel.model import Projection
from neardepth.pool.views import Layout
from neardepth.steps.dense import GRIDS

Matrix = NDArray[np.float32]
Rows = NDArray[np.float16]

COMPONENTS = 640
"""Principal components that images are described by at first."""

_BASIS = 1024  # images that the principal components are made of
_STANDARD = 1024  # photos that features are standardised by
_FEW = 10  # photos that the mean variance of a level's features counts as
_WEIGHTS = {"stride16": 1.0, "stride32": 2.5}


def project(
    layouts: Sequence[Layout], rows: Sequence[Rows], used: int
) -> tuple[tuple[Projection, ...], Matrix, Matrix]:
    """Find the principal components of the images' features, and every image's code.

    Of the photos alone, each photo of the pool would have a share of its own in the components, by
    which it seems farther from the others than an unseen photo does; crops outweigh that.

    Args:
        layouts: of each network's table.
        rows: of each network, N×dim.
        used: images of each pair that take part, the first ones of `steps.views`.

    Returns:
        The projections, codes N×used×P, and N squared lengths of the photos' features.
    """
    pairs = len(rows[0])
    chosen = np.sort(np.random.default_rng(0).permutation(pairs * used)[:_BASIS])
    owners, kinds = np.divmod(chosen, used)
    photos = np.unique(np.linspace(0, pairs - 1, min(pairs, _STANDARD)).astype(int))
    standard, grams = [], np.zeros((2, len(chosen), len(chosen)), np.float32)
    for layout, table in zip(layouts, rows, strict=True):
        scale, centre = _standard(layout, layout.view(table[photos], 0).astype(np.float32))
        features = np.empty((len(chosen), len(scale)), np.float32)
        for kind in range(used):
            features[kinds == kind] = layout.view(table[owners[kinds == kind]], kind)
        features *= scale
        features -= centre
        halves = np.split(features, [sum(layout.halves[0].values())], axis=1)
        for gram, half in zip(grams, halves, strict=True):
            gram += half @ half.T
        standard.append((scale, centre, halves))
    to_codes = _largest(grams)
    projections = []
    for scale, centre, halves in standard:
        scales = np.split(scale, [halves[0].shape[1]])
        even, odd = (
            part[:, None] * (half.T @ to_code)
            for part, half, to_code in zip(scales, halves, to_codes, strict=True)
        )
        offset = (centre / scale)[: len(even)] @ even
        projections.append(Projection(scale, centre, even, odd, offset))
    codes = np.zeros((pairs, used, sum(part.shape[1] for part in to_codes)), np.float32)
    energy = np.zeros(pairs, np.float32)
    for layout, table, projection in zip(layouts, rows, projections, strict=True):
        for view in range(used):
            features = layout.view(table, view).astype(np.float32)
            codes[:, view] += projection.codes(features)
            if view == 0:
                energy += projection.energy(features)
    return tuple(projections), codes, energy


def _largest(grams: Matrix) -> list[Matrix]:
    """Return what makes codes of the halves' features: n×P each, for the largest components."""
    count = grams.shape[1]
    largest = (max(0, count - COMPONENTS), count - 1)
    found = [scipy.linalg.eigh(gram, subset_by_index=largest) for gram in grams]
    every = np.sort(np.concatenate([values for values, _ in found]))[::-1]
    floor = max(every[:COMPONENTS][-1], every[0] * 1e-6, 1e-12)
    to_codes = []
    for values, vectors in found:
        kept = values >= floor
        to_codes.append((vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32))
    if not any(part.shape[1] for part in to_codes):  # all photos are alike
        to_codes[0] = np.zeros((count, 1), np.float32)
    return to_codes


def _standard(layout: Layout, features: Matrix) -> tuple[Matrix, Matrix]:
    """Return what to multiply features by, and then to subtract, to standardise them.

    That is one over the deviation of a cell and its mirror image, times the weight of its level.
    Odd features are 0 in the mean, over photos and mirror images.
    """
    count = sum(layout.halves[0].values())
    mean = features.mean(axis=0)
    mean[count:] = 0
    evens, odds = np.split(((features - mean) ** 2).mean(axis=0), [count])
    scales: tuple[list[Matrix], list[Matrix]] = [], []
    for (level, (rows, columns)), channels in zip(GRIDS.items(), layout.channels, strict=True):
        half, lines = columns // 2, channels * rows
        even, evens = np.split(evens, [lines * (columns - half)])
        odd, odds = np.split(odds, [lines * half])
        even, odd = even.reshape(lines, -1), odd.reshape(lines, -1)
        pairs = (even[:, :half] + odd) / 2
        cells = np.concatenate([pairs, even[:, half:], pairs], axis=1)
        # Few photos know little of how much each varies, and unseen ones stand out.
        cells = (len(features) * cells + _FEW * cells.mean()) / (len(features) + _FEW)
        deviation = np.sqrt(cells)
        floor = max(1e-3 * float(deviation.max()), 1e-6)  # what never changes says nothing
        scale = (_WEIGHTS[level] / cells.size) ** 0.5 / np.maximum(deviation, floor)
        for parts, part in zip(scales, np.split(scale, [columns - half], axis=1), strict=True):
            parts.append(part.ravel())
    every = np.concatenate([*scales[0], *scales[1]]).astype(np.float32)
    return every, mean * every
