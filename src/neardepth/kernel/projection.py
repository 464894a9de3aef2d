"""From the networks' maps to codes: principal components of the pool's views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from neardepth.kernel.model import Projection
from neardepth.pool.views import Layout
from neardepth.steps.dense import GRIDS, mirrored

Matrix = NDArray[np.float32]
Rows = NDArray[np.float16]

COMPONENTS = 640
"""Principal components that views are described by at first."""

_BASIS = 2048  # views that the principal components are made of
_STANDARD = 1024  # photos that features are standardised by
_FEW = 10  # photos that the mean variance of a level's features counts as
_WEIGHTS = {"stride16": 1.0, "stride32": 2.5}


def project(
    layouts: Sequence[Layout], rows: Sequence[Rows], used: int
) -> tuple[tuple[Projection, ...], Matrix, Matrix]:
    """Find the principal components of the views' features, and every view's code.

    Of the photos alone, each photo of the pool would have a share of its own in the components, by
    which it seems farther from the others than an unseen photo does; crops outweigh that.

    Args:
        layouts: of each network's table.
        rows: of each network, N×dim.
        used: views of each pair that take part, the first ones of `steps.views`.

    Returns:
        The projections, codes N×used×P, and N squared lengths of the photos' features.
    """
    pairs = len(rows[0])
    chosen = np.sort(np.random.default_rng(0).permutation(pairs * used)[:_BASIS])
    owners, kinds = np.divmod(chosen, used)
    photos = np.unique(np.linspace(0, pairs - 1, min(pairs, _STANDARD)).astype(int))
    standard, gram = [], np.zeros((len(chosen), len(chosen)), np.float32)
    for layout, table in zip(layouts, rows, strict=True):
        usual = layout.view(table[photos], 0).astype(np.float32)
        mean, scale = usual.mean(axis=0), _scale(layout, usual)
        features = np.empty((len(chosen), usual.shape[1]), np.float32)
        for kind in range(used):
            some = layout.view(table[owners[kinds == kind]], kind // 2).astype(np.float32)
            features[kinds == kind] = _mirrored(layout, some) if kind % 2 else some
        features -= mean
        features *= scale
        gram += features @ features.T
        standard.append((features, mean, scale))
    count = len(gram)
    largest = (max(0, count - COMPONENTS), count - 1)
    values, vectors = scipy.linalg.eigh(gram, subset_by_index=largest, overwrite_a=True)
    kept = values > max(values[-1] * 1e-6, 1e-12)
    values, vectors = values[kept], vectors[:, kept]
    to_code = vectors / np.sqrt(values)
    if not len(values):  # all photos are alike
        to_code = np.zeros((count, 1), np.float32)
    projections = []
    for features, mean, scale in standard:
        directions = scale[:, None] * (features.T @ to_code)
        projections.append(Projection(scale, directions, mean @ directions, mean * scale))
    codes = np.zeros((pairs, used, to_code.shape[1]), np.float32)
    energy = np.zeros(pairs, np.float32)
    for layout, table, projection in zip(layouts, rows, projections, strict=True):
        # The codes of mirror images, without mirroring the features of all of them.
        turned = replace(
            projection,
            directions=np.ascontiguousarray(_mirrored(layout, projection.directions.T).T),
        )
        for view in range(0, used, 2):
            features = layout.view(table, view // 2).astype(np.float32)
            codes[:, view] += projection.codes(features)
            codes[:, view + 1] += turned.codes(features)
            if view == 0:
                energy += projection.energy(features)
    return tuple(projections), codes, energy


def _mirrored(layout: Layout, features: Matrix) -> Matrix:
    return mirrored(features, dict(zip(GRIDS, layout.channels, strict=True)))


def _scale(layout: Layout, features: Matrix) -> Matrix:
    """What to multiply features by: one over their deviation, times the weight of their level."""
    deviation = features.std(axis=0)
    scales, start = [], 0
    for (level, (rows, columns)), channels in zip(GRIDS.items(), layout.channels, strict=True):
        part = deviation[start : start + channels * rows * columns]
        # Few photos know little of how much each feature varies, and unseen ones stand out.
        part = np.sqrt((len(features) * part**2 + _FEW * np.mean(part**2)) / (len(features) + _FEW))
        floor = max(1e-3 * float(part.max()), 1e-6)  # a channel that never changes says nothing
        scales.append((_WEIGHTS[level] / len(part)) ** 0.5 / np.maximum(part, floor))
        start += len(part)
    return np.concatenate(scales).astype(np.float32)
