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
from scipy.optimize import nnls

from neardepth.imaging.resize import resize_depth
from neardepth.steps.cues import local_cues
from neardepth.steps.dense import CELLS
from neardepth.steps.refinement import fill_unknown

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
    learners = _learners(local_cues(photo), [local_cues(other) for other in photos])
    groups = np.arange(len(targets)) % min(_FOLDS, len(targets))
    answers, left_out = [], []
    for own, others in learners:
        answers.append(_predict(own, others, targets, weights))
        held = np.full_like(targets, np.nan)
        for group in range(groups.max() + 1 if len(targets) > 1 else 0):
            out = groups == group
            rest = others[~out], targets[~out], weights[~out]
            held[out] = [_predict(other, *rest) for other in others[out]]
        left_out.append(held)
    log_depth = _second_level(np.stack(answers), np.stack(left_out), targets, weights)
    return resize_depth(np.exp(fill_unknown(log_depth.reshape(CELLS))), depths.shape[1:])


def _learners(own: dict[str, Map], others: list[dict[str, Map]]) -> list[tuple[Map, Map]]:
    """Return what each learner sees: of the photo, cells×F, and of its neighbours, K×cells×F.

    Each kind of cue goes with the relative height; height alone is a learner, too.
    """
    found = []
    for kind in own:
        kinds = {kind: None, "height": None}
        found.append(
            (
                np.concatenate([own[name] for name in kinds], axis=1),
                np.stack([np.concatenate([o[name] for name in kinds], axis=1) for o in others]),
            )
        )
    return found


def _predict(own: Map, others: Map, targets: Map, weights: Map) -> Map:
    """Add to the neighbours' mean map a ridge regression of what cues say beyond it, cells."""
    known = np.isfinite(targets)
    share = np.where(known, weights[:, None], 0)
    total = share.sum(axis=0)
    usual = np.where(known, targets * share, 0).sum(axis=0) / np.maximum(total, 1e-9)
    typical = np.average(others, axis=0, weights=weights)  # of each cell
    x = (others - typical)[known]
    y = (targets - usual)[known]
    scale = x.std(axis=0) + 1e-6
    x = x / scale
    rows = share[known][:, None]
    ridge = _RIDGE * len(own) * weights.mean() * np.eye(x.shape[1])
    slopes = np.linalg.solve(x.T @ (rows * x) + ridge, x.T @ (rows[:, 0] * y))
    answer = usual + ((own - typical) / scale) @ slopes
    return np.where(total > 0, answer, np.nan).astype(np.float32)


def _second_level(answers: Map, left_out: Map, targets: Map, weights: Map) -> Map:
    """Put the learners' answers together, L×cells to cells, as those for left-out images say."""
    seen = np.isfinite(targets) & np.isfinite(left_out).all(axis=0)
    if seen.sum() <= len(answers):
        return np.asarray(answers.mean(axis=0))
    level = np.float32(targets[seen].mean())
    roots = np.sqrt(np.broadcast_to(weights[:, None], targets.shape)[seen])
    x = (left_out[:, seen] - level) * roots
    y = (targets[seen] - level) * roots
    shares, _ = nnls((x @ x.T).astype(float), (x @ y).astype(float))
    return np.asarray(level + np.tensordot(shares.astype(np.float32), answers - level, axes=1))
