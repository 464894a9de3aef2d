"""Retrieval by a model fitted elsewhere, corrected by what it gets wrong on the pool's pairs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.datasets.pair import Source
from neardepth.encoders import Encoder, joint_info
from neardepth.errors import ModelError, PoolError
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo
from neardepth.kernel.adaptation import Adaptation, adapt
from neardepth.kernel.model import Matrix, Prediction, unit
from neardepth.kernel.photo_maps import framed, photo_maps
from neardepth.kernel.pool_fit import focal_lengths
from neardepth.kernel.pool_prior import PriorOnPool, pool_prior
from neardepth.kernel.shared import SharedModel
from neardepth.methods import Method
from neardepth.pool import Pool, Progress
from neardepth.result import DepthResult, Neighbour
from neardepth.retrieval.answers import camera_of, maps_of, ranked
from neardepth.retrieval.common import REFITTED, facts_of, rows_of
from neardepth.retrieval.evidence import prior_evidence
from neardepth.steps.dense import CELLS, Maps
from neardepth.threads import one_blas_thread

COPY = 0.85
"""Correlation above which a photo is taken for a copy of one that the model was fitted on, unless
the model's own photos are as much alike. Copies of half the size correlate 0.86 and more with
theirs, as JPEG of quality 30 0.95 and more; 99 % of the 795 of `indoor` at most 0.80 with any
other, and neighbouring frames of one room up to 0.97.
"""

_MANY = 100  # photos of a model that say how much alike different ones may be
_GO_ON = (
    "so its error there says nothing: go on with `--prior none`, or with a model that was fitted "
    "without them"
)
_ADAPTATIONS = 2  # without parts of the pool, held at a time


@dataclass(frozen=True, eq=False)
class _Learned:
    """What the prior gets wrong on some pairs, and what follows from it."""

    on_pool: PriorOnPool
    adaptation: Adaptation
    directions: Matrix
    """N×P: as `KernelModel.directions`, of the pool's photos."""


class PriorRetrieval:
    """Predicts depth by a shared model, and learns its errors from a pool where there is one.

    Args:
        shared: the model.
        method: how to refine.
        encoders: the networks.
        fill: fill in what the model does not know.
        pool: an open pool.
        frames: where the pictures of the model's own photos may be found.
        progress: told how far the pool's photos are.

    Raises:
        EncoderError: the networks are not those of the model.
    """

    def __init__(
        self,
        shared: SharedModel,
        method: Method,
        encoders: Sequence[Encoder],
        fill: bool,
        pool: Pool | None = None,
        frames: Source | None = None,
        progress: Progress | None = None,
    ) -> None:
        shared.check(encoders)
        self.shared, self.method, self.encoders, self.fill = shared, method, tuple(encoders), fill
        self.pool, self.frames = pool, frames
        self._pool_focal: float | None = None
        self._names = [f"{shared.name}:{pair_id}" for pair_id in shared.ids]
        self._shift = np.float32(0)
        """What is added to log depth for the pool's usual camera."""
        self._learned: _Learned | None = None
        self._without: dict[frozenset[str], _Learned | None] = {}
        if pool is not None:
            self._learned = self._learn(
                self._scaled(pool, pool_prior(pool, shared, encoders, progress))
            )

    @property
    def adaptation(self) -> Adaptation | None:
        """What was learned from the whole pool."""
        return self._learned.adaptation if self._learned else None

    def _scaled(self, pool: Pool, on_pool: PriorOnPool) -> PriorOnPool:
        """Scale the prior's depth of each pair from the model's camera to the pair's own."""
        known = focal_lengths(pool, on_pool.ids)
        model_focal = self.shared.model.focal
        if model_focal is None or not known:
            return on_pool
        self._pool_focal = usual = float(np.median(list(known.values())))
        self._shift = np.float32(np.log(usual / model_focal))
        shifts = [np.log(known.get(pair_id, usual) / model_focal) for pair_id in on_pool.ids]
        on_pool.log_depth[:] += np.array(shifts, np.float32)[:, None]
        return on_pool

    def prepare(self, photo: Photo) -> NDArray[np.uint8]:
        """Resize a photo to what the networks look at, 1×H×W×3."""
        return framed(photo.image)

    def describe(self, prepared: NDArray[np.uint8]) -> list[Maps]:
        """Return each network's maps of a prepared photo."""
        return photo_maps(self.encoders, prepared)

    def estimate(
        self, photo: Photo, descriptor: list[Maps], exclude: Collection[str] = ()
    ) -> DepthResult:
        """Estimate a described photo; where pairs are excluded, nothing is learned from them."""
        if self.pool is None:
            with one_blas_thread:  # once for both, as in `KernelRetrieval.estimate`
                return self._result(photo, self.shared.model.predict(descriptor), None)
        prediction = self.shared.model.predict(descriptor)
        left_out = frozenset(self.pool.ids[row] for row in rows_of(self.pool, exclude))
        if len(left_out) == len(self.pool):
            raise PoolError(
                f"{self.pool.path}: every pair of the pool is excluded for {photo.name}"
            )
        return self._result(photo, prediction, self._learned_without(left_out))

    def alone(self, pair_id: str, exclude: Collection[str]) -> DepthResult:
        """Estimate a photo of the pool without some of the pool.

        Raises:
            ModelError: the model was fitted on this photo.
        """
        if self.pool is None or self._learned is None:
            raise PoolError("there is no pool to leave anything out of")
        refuse_seen(self.shared, {pair_id: self.pool.image_hashes[pair_id]})
        photo = self.pool.photo(pair_id)
        descriptor = self.describe(self.prepare(photo))
        ids = self._learned.on_pool.ids
        # In small pools a photo has a part in everything, and learning takes no time.
        if set(exclude) != {pair_id} or pair_id not in ids or len(ids) < REFITTED:
            return self.estimate(photo, descriptor, exclude)
        prediction = self.shared.model.predict(descriptor)
        return self._result(photo, prediction, self._learned, ids.index(pair_id))

    def _learned_without(self, left_out: frozenset[str]) -> _Learned | None:
        if self._learned is None:
            return None
        left_out = left_out.intersection(self._learned.on_pool.ids)
        if not left_out:
            return self._learned
        if left_out not in self._without:
            if len(self._without) >= _ADAPTATIONS:
                del self._without[next(iter(self._without))]
            self._without[left_out] = self._learn(self._learned.on_pool.without(left_out))
        return self._without[left_out]

    def _learn(self, on_pool: PriorOnPool) -> _Learned | None:
        if not on_pool.ids:
            return None
        model, errors = self.shared.model, on_pool.truth - on_pool.log_depth
        adaptation = adapt(model, on_pool.codes, on_pool.residual, errors, on_pool.spread)
        return _Learned(on_pool, adaptation, unit(on_pool.codes / model.stretch))

    @one_blas_thread
    def _result(
        self,
        photo: Photo,
        prediction: Prediction,
        learned: _Learned | None,
        own: int | None = None,
    ) -> DepthResult:
        model, codes = self.shared.model, prediction.codes
        log_depth, spread = prediction.log_depth, prediction.spread
        unlike = prediction.novelty > model.calibration.limit
        named, alike = ranked(
            self._names,
            model.correlations(codes),
            model.weights_of(prediction.similarity),
            self.method.k,
        )
        nearest = alike
        if learned is not None:
            on_pool, adaptation = learned.on_pool, learned.adaptation
            change = adaptation.correction(codes)[0] if own is None else adaptation.alone[own]
            log_depth = log_depth + change.reshape(CELLS)
            familiar = adaptation.is_familiar(model, codes, prediction.residual, own)
            unlike = unlike and not familiar
            if familiar or adaptation.spread > 1:  # a pool says nothing good of photos unlike it
                spread = spread * np.float32(adaptation.spread)
            weights = adaptation.weights_of(codes)
            correlations = learned.directions @ unit(codes / model.stretch)[0]
            mine, nearest = ranked(on_pool.ids, correlations, weights, self.method.k, own)
            named = tuple(sorted((*named, *mine), key=lambda neighbour: -abs(neighbour.weight)))
        camera, assumption, shift = self._camera(photo, learned)
        neighbours = named[: self.method.k]
        return DepthResult(
            photo=photo,
            **maps_of(photo.image, log_depth + shift, spread, self.method, self.fill),
            neighbours=neighbours,
            nearest=nearest,
            evidence=prior_evidence(self.pool, self.shared, self.frames, neighbours),
            low_confidence=unlike,
            intrinsics=camera,
            method={
                **self.method.settings(),
                "encoder": joint_info(self.encoders),
                "camera": assumption,
                "novelty": round(prediction.novelty, 4),
                "novelty_limit": round(max(model.calibration.limit, -99.0), 4),
                "prior": self._facts(learned, alike),
            },
            pool=self._pool_facts(),
            factor95=model.calibration.factor95,
        )

    def _camera(
        self, photo: Photo, learned: _Learned | None
    ) -> tuple[Intrinsics | None, str, np.float32]:
        """Return the photo's camera, what is assumed of it, and what to add to log depth."""
        if self._pool_focal is not None:
            camera, assumption, shift = camera_of(photo, self._pool_focal, "pool")
            return camera, assumption, self._shift + shift
        if learned is not None and learned.adaptation.strength > 0:
            # What was learned from the pool holds its camera already, whatever that is.
            return camera_of(photo, None, "pool")
        return camera_of(photo, self.shared.model.focal, "model")

    @property
    def has_seen_the_pool(self) -> bool:
        """Whether the model was fitted on photos of the pool, or on copies of them."""
        if self.pool is None or self._learned is None:
            return False
        seen = not self.shared.seen.isdisjoint(self.pool.image_hashes.values())
        correlations = map(self.shared.model.correlations, self._learned.on_pool.codes[:, None])
        return seen or any(found.max() > self._copy_limit for found in correlations)

    @cached_property
    def _copy_limit(self) -> float:
        if len(self.shared.ids) < _MANY:
            return 1.0
        photos = self.shared.model.directions
        cosine = photos @ photos.T
        np.fill_diagonal(cosine, -1)
        return max(COPY, float(np.quantile(cosine.max(axis=1), 0.99)))

    def _facts(self, learned: _Learned | None, alike: Neighbour) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "name": self.shared.name,
            "digest": self.shared.digest,
            "pairs": len(self.shared.ids),
            "most_alike": {
                "id": alike.id,
                "correlation": round(alike.correlation, 4),
                "copy": alike.correlation > self._copy_limit,
            },
        }
        if learned is not None:
            facts["learned_from"] = len(learned.on_pool.ids)
            facts["strength"] = round(learned.adaptation.strength, 4)
        return facts

    def _pool_facts(self) -> dict[str, Any]:
        if self.pool is not None:
            return facts_of(self.pool)
        return {
            "model": self.shared.name,
            "pairs": len(self.shared.ids),
            "depth_kind": self.shared.depth_kind,
        }


def refuse_copy(result: DepthResult) -> None:
    """Make sure that an answer is not judged where the prior was fitted on a copy of the photo.

    Raises:
        ModelError: its most alike photo is the same one, or a frame of the same view.
    """
    prior = result.method.get("prior")
    if not isinstance(prior, dict) or not prior["most_alike"]["copy"]:
        return
    raise ModelError(
        f"model {prior['name']} was fitted on a copy of {result.photo.name} "
        f"({prior['most_alike']['id']}), {_GO_ON}"
    )


def refuse_seen(shared: SharedModel, hashes: dict[str, str]) -> None:
    """Make sure that a model is not judged on photos that it was fitted on.

    Args:
        shared: the model.
        hashes: SHA-256 of each photo's file, by id.

    Raises:
        ModelError: it was fitted on one of them.
    """
    seen = [pair_id for pair_id, digest in hashes.items() if digest in shared.seen]
    if seen:
        count = f" and {len(seen) - 1} more photos" if len(seen) > 1 else ""
        raise ModelError(f"model {shared.name} was fitted on {seen[0]}{count}, {_GO_ON}")
