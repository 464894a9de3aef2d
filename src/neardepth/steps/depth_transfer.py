"""Depth Transfer: one depth map from warped candidates, by global optimisation.

K. Karsch, C. Liu, S. B. Kang, *Depth Transfer: Depth Extraction from Video Using Non-Parametric
Sampling*, PAMI 36(11), 2014. Over the pixels i of depth D in metres, and a video's frames,

    Σ_k w_ki [φ(D_i − C_ki) + γ (φ(∇x D_i − ∇x C_ki) + φ(∇y D_i − ∇y C_ki))]
      + α [s_xi φ(∇x D_i) + s_yi φ(∇y D_i)] + β φ(D_i − P_i) + ν s_ti φ(D_i(t) − D_flow(i)(t + 1))

with φ(x) = √(x² + ε), minimised by iteratively reweighted least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.threads import one_blas_thread

Map = NDArray[np.float32]
Real = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

GRADIENTS = 10.0  # γ
SMOOTHNESS = 10.0  # α
PRIOR = 0.5  # β
TEMPORAL = 100.0  # ν
_EPSILON = 1e-4  # ε, m²
_ROUNDS = 10  # of reweighting

_EDGE, _EDGE_WIDTH = 0.05, 0.01  # gradient of a photo on [0, 1] at which smoothness is halved
_MOVED, _MOVED_WIDTH = 0.05, 0.01  # the same for the difference of a pixel along optical flow
_TOLERANCE = 1e-3  # of the linear solver: each round is only a step
_STEPS = 200


@dataclass(frozen=True, eq=False)
class Frame:
    """One photo with its warped candidates; maps in metres, NaN where unknown."""

    photo: NDArray[np.uint8]
    """H×W×3."""
    depths: Map
    """K×H×W."""
    across: Map
    """K×H×(W−1): depth to the right less depth here, as warped."""
    down: Map
    """K×(H−1)×W."""
    confidence: Map
    """K×H×W, 0…1."""


def confidence(difference: Map) -> Map:
    """Return how far each candidate is to be believed, 0…1, from its descriptors' difference.

    A falling sigmoid around the mean difference of all candidates.
    """
    usual = float(difference.mean()) + 1e-9
    return _falling(difference / usual, 1.0, 0.25)


def optimise(frames: Sequence[Frame], usual: Map, flows: Sequence[NDArray[np.float32]] = ()) -> Map:
    """Return depth that the candidates agree on, smooth but for the photos' edges: T×H×W metres.

    Args:
        frames: the photo alone, or the frames of a video in order.
        usual: H×W metres: the prior, the pool's mean depth.
        flows: of a video, optical flow from each frame to the next, H×W×2 pixels (x, y).
    """
    known = [frame.depths[np.isfinite(frame.depths)] for frame in frames]
    limits = np.concatenate([*known, usual[np.isfinite(usual)]])
    if not limits.size:
        return np.full((len(frames), *usual.shape), np.nan, np.float32)
    terms = _terms(frames, usual, flows)
    x = np.stack([_median(frame.depths, usual) for frame in frames]).astype(np.float64)
    with one_blas_thread:
        for _ in range(_ROUNDS):
            x = _reweighted(terms, x)
    return np.clip(x, limits.min(), limits.max()).astype(np.float32)


def _median(depths: Map, usual: Map) -> Map:
    """Return the median of the candidates that know a pixel, the prior where none does."""
    ordered = np.sort(depths, axis=0)  # NaN sorts last
    count = np.isfinite(depths).sum(axis=0)
    middle = np.take_along_axis(ordered, np.maximum(count - 1, 0)[None] // 2, axis=0)[0]
    level = usual[np.isfinite(usual)].mean() if np.isfinite(usual).any() else np.nanmean(middle)
    return np.where(count > 0, middle, np.where(np.isfinite(usual), usual, level))


class _Pulls(NamedTuple):
    """Terms of one kind: what is aimed at and how strongly, …×T×H×W; strength 0 where unknown."""

    target: Map
    strength: Map


class _Ties(NamedTuple):
    """Pixels that should be equal: places in a flattened T×H×W, and how strongly."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    strength: Map


class _Terms(NamedTuple):
    """All terms of the energy."""

    depth: _Pulls
    across: _Pulls
    down: _Pulls
    ties: _Ties


def _terms(frames: Sequence[Frame], usual: Map, flows: Sequence[NDArray[np.float32]]) -> _Terms:
    trust = np.stack([frame.confidence for frame in frames], axis=1)
    smooth = [_smooth_where(frame.photo) for frame in frames]

    def pulls(name: str, trust: Floats, last: Floats, strength: Floats) -> _Pulls:
        maps = np.stack([getattr(frame, name) for frame in frames], axis=1)
        target = np.concatenate([maps, last[None]])
        weight = np.concatenate([trust, strength[None]])
        known = np.isfinite(target)
        return _Pulls(np.where(known, target, 0), np.where(known, weight, 0).astype(np.float32))

    smooth_x, smooth_y = (np.stack(maps) for maps in zip(*smooth, strict=True))
    level = np.broadcast_to(usual, trust.shape[1:])
    return _Terms(
        pulls("depths", trust, level, np.full(level.shape, PRIOR, np.float32)),
        pulls(
            "across", GRADIENTS * trust[..., :-1], np.zeros_like(smooth_x), SMOOTHNESS * smooth_x
        ),
        pulls(
            "down", GRADIENTS * trust[..., :-1, :], np.zeros_like(smooth_y), SMOOTHNESS * smooth_y
        ),
        _tied([frame.photo for frame in frames], flows),
    )


def _tied(photos: Sequence[NDArray[np.uint8]], flows: Sequence[NDArray[np.float32]]) -> _Ties:
    """Tie pixels to where optical flow takes them, as far as they look the same there."""
    height, width = photos[0].shape[:2]
    rows, columns = np.mgrid[:height, :width]
    parts = [(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0, np.float32))]
    for time, flow in enumerate(flows):
        there = np.rint(np.stack([rows + flow[..., 1], columns + flow[..., 0]])).astype(int)
        inside = ((there >= 0) & (there < np.array([height, width])[:, None, None])).all(axis=0)
        first = np.flatnonzero(inside)
        second = np.ravel_multi_index((there[0][inside], there[1][inside]), (height, width))
        here, after = (photos[time + step].reshape(-1, 3).astype(np.float32) for step in (0, 1))
        changed = np.abs(after[second] - here[first]).mean(axis=1) / 255
        start = time * height * width
        strength = TEMPORAL * _falling(changed, _MOVED, _MOVED_WIDTH)
        parts.append((first + start, second + start + height * width, strength))
    return _Ties(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _reweighted(terms: _Terms, x: Real) -> Real:
    """Solve the least squares whose weights are the energy's slopes at ``x``, T×H×W."""
    from scipy.sparse.linalg import LinearOperator, cg  # takes half a second to import

    def weigh(pulls: _Pulls, value: Real) -> tuple[Real, Real]:
        pull = pulls.strength / np.sqrt((value - pulls.target) ** 2 + _EPSILON)
        return pull.sum(axis=0), (pull * pulls.target).sum(axis=0)

    own, right = weigh(terms.depth, x)
    across, step_x = weigh(terms.across, np.diff(x, axis=2))
    down, step_y = weigh(terms.down, np.diff(x, axis=1))
    ties = terms.ties
    apart = x.ravel()[ties.second] - x.ravel()[ties.first]
    tie = ties.strength / np.sqrt(apart**2 + _EPSILON)

    def spread_out(edges_x: Real, edges_y: Real, sign: float) -> Real:
        """Add what lies between two pixels to the second, and ``sign`` times to the first."""
        out = np.zeros_like(x)
        out[..., 1:] += edges_x
        out[..., :-1] += sign * edges_x
        out[:, 1:] += edges_y
        out[:, :-1] += sign * edges_y
        return out

    def tied(values: Real, sign: float) -> Real:
        if not len(values):
            return np.zeros_like(x)
        flat = np.bincount(ties.second, values, x.size)
        return (flat + sign * np.bincount(ties.first, values, x.size)).reshape(x.shape)

    def apply(vector: Real) -> Real:
        v = vector.reshape(x.shape)
        out = own * v + spread_out(across * np.diff(v, axis=2), down * np.diff(v, axis=1), -1)
        if len(tie):
            out += tied(tie * (vector[ties.second] - vector[ties.first]), -1)
        return np.asarray(out.ravel())

    diagonal = (own + spread_out(across, down, 1) + tied(tie, 1)).ravel()
    right = (right + spread_out(step_x, step_y, -1)).ravel()
    square = (x.size, x.size)
    solution, _ = cg(
        LinearOperator(square, matvec=apply, dtype=float),
        right,
        x0=x.ravel(),
        rtol=_TOLERANCE,
        maxiter=_STEPS,
        M=LinearOperator(square, matvec=lambda v: v / diagonal, dtype=float),
    )
    return np.asarray(solution.reshape(x.shape))


def _falling(values: Map, middle: float, width: float) -> Map:
    """Fall from 1 to 0 around ``middle``, as a sigmoid."""
    return np.asarray(1 / (1 + np.exp(np.clip((values - middle) / width, -30, 30))), np.float32)


def _smooth_where(photo: NDArray[np.uint8]) -> tuple[Map, Map]:
    """Return how smooth depth is to be from each pixel to the right one and to the one below."""
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    right, below = (np.abs(np.diff(grey, axis=axis)) for axis in (1, 0))
    return _falling(right, _EDGE, _EDGE_WIDTH), _falling(below, _EDGE, _EDGE_WIDTH)
