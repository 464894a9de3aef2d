"""Stacked generalisation of local cues: regressors trained on a photo's neighbours.

After H. Mohaghegh et al., *Aggregation of Rich Depth-Aware Features in a Modified Stacked
Generalization Model for Single Image Depth Estimation*, IEEE TCSVT, 2018, as far as it is defined
in public: texture, blurriness, colour and relative height, each with a learner of its own; a second
level puts their answers together. The learners are our choice.

D. Wolpert, *Stacked Generalization*, Neural Networks 5(2), 1992; L. Breiman, *Stacked Regressions*,
Machine Learning 24, 1996: the second level learns from answers for images that were left out, and
its weights are not negative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import resize_depth
from neardepth.steps.cues import local_cues
from neardepth.steps.dense import CELLS

Map = NDArray[np.float32]

_RIDGE = 10.0  # of standardised features, per image
_FOLDS = 5


def stacked_depth(
    photo: NDArray[np.uint8],
    photos: NDArray[np.uint8],
    depths: Map,
    weights: Map,
) -> Map:
    """Return depth regressed from a photo's local cues, H×W metres.

    Args:
        photo: H×W×3.
        photos: K×H×W×3, its neighbours.
        depths: K×H×W metres, NaN where unknown.
        weights: K, positive: how much each neighbour counts.
    """
    with np.errstate(invalid="ignore"):
        targets = np.stack([resize_depth(np.log(depth), CELLS) for depth in depths])
    targets = targets.reshape(len(depths), -1)
    if not np.isfinite(targets).any():
        return np.full(depths.shape[1:], np.nan, np.float32)
    own, others = _seen(local_cues(photo)), [_seen(local_cues(other)) for other in photos]
    groups = np.arange(len(targets)) % min(_FOLDS, len(targets))
    answers, left_out = [], []
    for kind in own:
        features = np.stack([cues[kind] for cues in others])
        answers.append(_Learner(features, targets, weights).answer(own[kind][None])[0])
        held = np.full_like(targets, np.nan)
        for group in np.unique(groups) if len(targets) > 1 else ():
            out = groups == group
            learner = _Learner(features[~out], targets[~out], weights[~out])
            held[out] = learner.answer(features[out])
        left_out.append(held)
    log_depth = _second_level(np.stack(answers), np.stack(left_out), targets, weights)
    return resize_depth(np.exp(log_depth.reshape(CELLS)), depths.shape[1:])


def _seen(cues: dict[str, Map]) -> dict[str, Map]:
    """Return what each learner sees of a photo, cells×F: a kind of cue, by itself and by height.

    Height alone says what the neighbours' mean map says of a cell.
    """
    row = cues["height"][:, :1]
    kinds = {kind: values for kind, values in cues.items() if kind != "height"}
    seen = {kind: np.concatenate([values, row * values], axis=1) for kind, values in kinds.items()}
    return {**seen, "height": cues["height"]}


class _Learner:
    """The neighbours' mean map of log depth, and a ridge regression of what cues say beyond it."""

    def __init__(self, features: Map, targets: Map, weights: Map) -> None:
        known = np.isfinite(targets)
        share = np.where(known, weights[:, None], 0)
        total = share.sum(axis=0)
        mean = np.where(known, targets * share, 0).sum(axis=0) / np.maximum(total, 1e-9)
        self._mean = np.where(total > 0, mean, np.nan)
        self._typical = np.average(features, axis=0, weights=weights)  # of each cell
        x = (features - self._typical)[known]
        self._scale = x.std(axis=0) + 1e-6
        x = x / self._scale
        rows = share[known][:, None]
        ridge = _RIDGE * targets.shape[1] * weights.mean() * np.eye(x.shape[1])
        right = x.T @ (rows[:, 0] * (targets - self._mean)[known])
        self._slopes = np.linalg.solve(x.T @ (rows * x) + ridge, right)

    def answer(self, features: Map) -> Map:
        """Return log depth of images, N×cells; NaN where no neighbour knows a cell."""
        beyond = ((features - self._typical) / self._scale) @ self._slopes
        return np.asarray(self._mean + beyond, np.float32)


def _second_level(answers: Map, left_out: Map, targets: Map, weights: Map) -> Map:
    """Put the learners' answers together, L×cells to cells, as those for left-out images say."""
    from scipy.optimize import nnls  # takes half a second to import

    seen = np.isfinite(targets) & np.isfinite(left_out).all(axis=0)
    if seen.sum() <= len(answers):
        return np.asarray(answers.mean(axis=0))
    level = np.float32(targets[seen].mean())
    roots = np.sqrt(np.broadcast_to(weights[:, None], targets.shape)[seen])
    x = (left_out[:, seen] - level) * roots
    y = (targets[seen] - level) * roots
    shares, _ = nnls(x.T.astype(float), y.astype(float))
    return np.asarray(level + np.tensordot(shares.astype(np.float32), answers - level, axes=1))
