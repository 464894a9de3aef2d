"""Whether a pool's depth comes from its own pairs alone, or from a model and the pool's pairs."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

from neardepth.datasets.pair import Source
from neardepth.encoders import Encoder
from neardepth.errors import EncoderError, MethodError, ModelError
from neardepth.kernel.export import rooms_model
from neardepth.kernel.pool_prior import LARGEST
from neardepth.kernel.shared import SharedModel, load_model
from neardepth.methods import Method
from neardepth.pool import Pool, Progress
from neardepth.pool.shipped import ROOMS
from neardepth.retrieval.prior import PriorRetrieval
from neardepth.retrieval.solved import KernelRetrieval

AUTO, NONE = "auto", "none"

OPTIMISM = 2.0
"""A small pool's mean map and components know the photos that are left out of its fit: over the
pairs' number, by how much its own error is too small (1.75 times with 2 pairs, 1.2 with 10)."""


def choose_retrieval(
    pool: Pool | None,
    prior: str | os.PathLike[str],
    method: Method,
    encoders: Sequence[Encoder],
    fill: bool = False,
    frames: Source | None = None,
    progress: Progress | None = None,
) -> tuple[KernelRetrieval | PriorRetrieval, str]:
    """Choose how a method of solved weights gets its answers.

    Args:
        pool: an open pool; None asks the model alone.
        prior: "auto", "none", the name of a model that ships with the package, a model file, or
            "rooms", which is fitted to the pool of that name on first use. "auto" takes the
            method's own where it is off by less on the pool's pairs than a fit of the pool, each
            run of pairs left out in turn.
        method: the method.
        encoders: its networks.
        fill: fill in what is unknown.
        frames: where the pictures of the model's own photos may be found.
        progress: told how far descriptors, fit and comparison are.

    Returns:
        The retrieval, and what was chosen and why, for people.

    Raises:
        MethodError: there is neither a pool nor a model.
        ModelError: the model is missing or damaged.
        EncoderError: the networks are not the model's.
    """
    if pool is None:
        if prior == NONE:
            raise MethodError("without a prior a pool is needed: give --pool")
        if prior == AUTO and method.model is None:
            raise MethodError(f"method {method.name} has no model of its own: give --pool")
        named = method.model if prior == AUTO and method.model else prior
        shared = _load(named, encoders, progress)
        return PriorRetrieval(shared, method, encoders, fill, None, frames), (
            f"model {shared.name}, fitted on {len(shared.ids)} pairs; no pool"
        )
    if prior not in (AUTO, NONE):
        shared = _load(prior, encoders, progress)
        if pool.depth_kind != shared.depth_kind:
            raise ModelError(
                f"model {shared.name} gives {shared.depth_kind} depth and {pool.path} holds "
                f"{pool.depth_kind} depth: go on with `--prior none`"
            )
        given = PriorRetrieval(shared, method, encoders, fill, pool, frames, progress)
        seen = "; it knows photos of this pool, so its errors are larger than they seem here"
        said = f"prior {shared.name}, as asked{_strength(given)}"
        return given, said + (seen if given.has_seen_the_pool else "")
    shared_or_why = _usable(pool, method, encoders) if prior == AUTO else "as asked"
    if isinstance(shared_or_why, str):
        own = KernelRetrieval(pool, method, encoders, fill, progress)
        return own, f"no prior: {shared_or_why}"
    shared = shared_or_why
    with_prior = PriorRetrieval(shared, method, encoders, fill, pool, frames, progress)
    own = KernelRetrieval(pool, method, encoders, fill, progress)
    if with_prior.has_seen_the_pool:
        return own, f"no prior: {shared.name} was fitted on copies of this pool's photos"
    adaptation = with_prior.adaptation
    alone = own.score * (1 + OPTIMISM / len(pool))
    scores = adaptation.score if adaptation else math.inf, alone
    if not math.isfinite(scores[0]):
        return with_prior, f"prior {shared.name}: the pool has too few pairs to compare"
    compared = (
        f"off by {_percent(scores[0])} on the pool's pairs against {_percent(scores[1])} without"
    )
    if scores[0] < scores[1]:
        return with_prior, f"prior {shared.name}: {compared}{_strength(with_prior)}"
    return own, f"no prior: {shared.name} is {compared}"


def _load(
    prior: str | os.PathLike[str], encoders: Sequence[Encoder], progress: Progress | None
) -> SharedModel:
    if str(prior) == ROOMS:
        return rooms_model(encoders, progress)
    return load_model(prior)


def _usable(pool: Pool, method: Method, encoders: Sequence[Encoder]) -> SharedModel | str:
    """Return the method's model, or why it is not to be used with this pool."""
    if method.model is None:
        return f"method {method.name} has none"
    if len(pool) > LARGEST:
        return f"the pool is large, {len(pool)} pairs"
    shared = load_model(method.model)
    if pool.depth_kind != shared.depth_kind:
        return f"{shared.name} gives {shared.depth_kind} depth, the pool {pool.depth_kind} depth"
    try:
        shared.check(encoders)
    except EncoderError:
        return f"{shared.name} was fitted with other networks"
    if not shared.seen.isdisjoint(pool.image_hashes.values()):
        return f"{shared.name} was fitted on photos of this pool"
    return shared


def _strength(retrieval: PriorRetrieval) -> str:
    adaptation = retrieval.adaptation
    return f", corrected at {adaptation.strength:.0%} strength" if adaptation else ""


def _percent(log_error: float) -> str:
    return f"{math.expm1(log_error):.1%}"
