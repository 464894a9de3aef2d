"""How wide stage 1's kernel is and how much noise it expects: chosen by what each pool is like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.folds import FOLD_IMAGES, Fold
from neardepth.kernel.metric import typical
from neardepth.kernel.mirror import Basis, Kernels, distances
from neardepth.kernel.solvers import exact_solver
from neardepth.kernel.targets import Targets, image_groups
from neardepth.steps.ridge import rational_quadratic
from neardepth.threads import in_threads

Matrix = NDArray[np.float32]


class Setting(NamedTuple):
    """Of kernel ridge regression."""

    width: float
    """What `steps.ridge` calls so, times the median squared distance: the larger, the narrower."""
    ridge: float
    """λ."""


USUAL = Setting(3.0, 0.1)
"""Of pools too small to choose by."""
SETTINGS = tuple(
    Setting(width, ridge) for width in (1.0, 2.0, 3.0, 5.0) for ridge in (0.03, 0.1, 0.3)
)

_FEWEST = 20  # pairs of known depth to choose by
_IMAGES = 640  # that are looked at
_CLEAR = 4  # standard errors, as if photos erred each on its own


def choose(
    components: Matrix,
    log_depth: Matrix,
    targets: Targets,
    basis: Basis,
    blocks: NDArray[np.intp],
    folds: Sequence[Fold],
) -> Setting:
    """Return the setting by which photos are predicted best without their blocks.

    Of each pair as many images count as in `first.without`, on which intervals and stage 2 rest.
    Predicted by their fold's metric: one that was learned from their depth too would place them by
    it, and prefer wide kernels. A fold's metric is learned from less than the pool's, and
    neighbouring frames err alike, which standard errors do not see: the usual setting stays where
    another is not clearly better.

    Args:
        components: N×images×P principal components.
        log_depth: N×cells less its mean, NaN where unknown, of the photos.
        targets: of all images, in ``basis``.
        basis: orthogonal maps.
        blocks: N.
        folds: of the pairs.
    """
    pairs, images = len(components), min(components.shape[1], FOLD_IMAGES)
    if pairs < _FEWEST:
        return USUAL
    some = np.linspace(0, pairs - 1, min(pairs, _IMAGES // images)).astype(np.intp)
    blocks, log_depth = blocks[some], log_depth[some]
    codes_of = components[some, :images].reshape(len(some) * images, -1)
    coefficients = targets.coefficients[some, :images]
    flat = coefficients.reshape(len(codes_of), -1)

    def errors(fold: Fold) -> Matrix:
        """Return the mean absolute error of each setting and photo of the fold."""
        own = fold.own[some]
        groups = image_groups(np.where(own, blocks, -1), images)
        codes = fold.metric.turned(codes_of)
        evens = fold.metric.even.shape[1]
        squared = distances(codes, codes, evens)
        unit = typical(codes, evens)
        known = np.isfinite(log_depth[own]).any(axis=1)
        found = []
        for setting in SETTINGS:
            near, mirrored = (
                rational_quadratic(part.copy(), setting.width / unit) for part in squared
            )
            solver = exact_solver(Kernels(near + mirrored, near - mirrored), setting.ridge)
            left_out = solver.left_out(flat, targets.evens, groups)
            photos = left_out.reshape(coefficients.shape)[own, 0]
            wrong = np.abs(photos @ basis.maps - log_depth[own])
            found.append(np.nanmean(wrong[known], axis=1))
        return np.stack(found)

    every = np.concatenate(in_threads(errors, folds), axis=1)
    if every.shape[1] < _FEWEST:
        return USUAL
    gains = every[SETTINGS.index(USUAL)] - every
    gain, deviation = gains.mean(axis=1), gains.std(axis=1)
    clear = gain * every.shape[1] ** 0.5 > _CLEAR * deviation
    return SETTINGS[int(np.argmax(np.where(clear, gain, 0)))] if clear.any() else USUAL
