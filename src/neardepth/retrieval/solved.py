"""Retrieval by the kernel method: depth maps of the pool, with weights that are solved for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder, joint_info
from neardepth.errors import PoolError
from neardepth.imaging.photos import Photo
from neardepth.kernel.fitting import Fit
from neardepth.kernel.model import KernelModel, Prediction
from neardepth.kernel.photo_maps import framed, photo_maps
from neardepth.kernel.pool_fit import ordered, pool_fit
from neardepth.methods import Method
from neardepth.pool import Pool, Progress
from neardepth.result import DepthResult
from neardepth.retrieval.answers import camera_of, maps_of, ranked
from neardepth.retrieval.common import REFITTED, facts_of, rows_of
from neardepth.retrieval.evidence import pool_evidence
from neardepth.steps.dense import Maps
from neardepth.threads import one_blas_thread

_FITS = 8  # fits without parts of the pool that are held at a time


class KernelRetrieval:
    """Predicts depth by a model fitted to the whole pool.

    Args:
        pool: an open pool.
        method: which networks, and how to refine.
        encoders: the networks.
        fill: fill in what no pair of the pool knows.
        progress: told how far descriptors and fit are, where the pool has not got them yet.
    """

    def __init__(
        self,
        pool: Pool,
        method: Method,
        encoders: Sequence[Encoder],
        fill: bool,
        progress: Progress | None,
    ) -> None:
        self.pool, self.method, self.encoders, self.fill = pool, method, tuple(encoders), fill
        self._fit = pool_fit(pool, self.encoders, progress)
        self._ids = ordered(pool)
        self._place = {pair_id: place for place, pair_id in enumerate(self._ids)}
        self._without: dict[frozenset[str], Fit] = {}
        self.score = self._fit.score
        """Mean absolute error of log depth on the pool's pairs, each block left out."""

    def prepare(self, photo: Photo) -> NDArray[np.uint8]:
        """Resize a photo to what the networks look at, 1×H×W×3."""
        return framed(photo.image)

    def describe(self, prepared: NDArray[np.uint8]) -> list[Maps]:
        """Return each network's maps of a prepared photo."""
        return photo_maps(self.encoders, prepared)

    def estimate(
        self, photo: Photo, descriptor: list[Maps], exclude: Collection[str] = ()
    ) -> DepthResult:
        """Estimate a described photo; where pairs are excluded, from a fit without them."""
        left_out = frozenset(self.pool.ids[row] for row in rows_of(self.pool, exclude))
        fitted, ids = self._fit, self._ids
        if left_out:
            if len(left_out) == len(self.pool):
                raise PoolError(
                    f"{self.pool.path}: every pair of the pool is excluded for {photo.name}"
                )
            fitted, ids = self._fit_without(left_out), ordered(self.pool, left_out)
        with one_blas_thread:  # once for both: to take and give back costs a fifth of a millisecond
            return self._result(photo, fitted.model, ids, fitted.model.predict(descriptor))

    def alone(self, pair_id: str, exclude: Collection[str]) -> DepthResult:
        """Estimate a photo of the pool without some of the pool.

        Without itself alone no new fit is needed: stage 1 has a closed form, and stage 2 takes the
        coefficients that were fitted without the photo's block.
        """
        photo = self.pool.photo(pair_id)
        descriptor = self.describe(self.prepare(photo))
        # In small pools a photo has a part in everything, and a fit takes no time.
        if set(exclude) != {pair_id} or len(self.pool) < REFITTED:
            return self.estimate(photo, descriptor, exclude)
        place = self._place[pair_id]
        prediction = self._fit.left_out(place, descriptor)
        model = self._fit.model
        return self._result(photo, model, self._ids, prediction, place)

    def _fit_without(self, left_out: frozenset[str]) -> Fit:
        if left_out not in self._without:
            if len(self._without) >= _FITS:
                del self._without[next(iter(self._without))]
            self._without[left_out] = pool_fit(self.pool, self.encoders, exclude=left_out)
        return self._without[left_out]

    @one_blas_thread
    def _result(
        self,
        photo: Photo,
        model: KernelModel,
        ids: Sequence[str],
        prediction: Prediction,
        own: int | None = None,
    ) -> DepthResult:
        weights = model.weights_of(prediction.similarity, own)
        correlations = model.correlations(prediction.codes)
        neighbours, nearest = ranked(ids, correlations, weights, self.method.k, own)
        camera, assumption, shift = camera_of(photo, model.focal, "pool")
        return DepthResult(
            photo=photo,
            **maps_of(
                photo.image,
                prediction.log_depth + shift,
                prediction.spread,
                self.method,
                self.fill,
            ),
            neighbours=neighbours,
            nearest=nearest,
            evidence=pool_evidence(self.pool, [neighbour.id for neighbour in neighbours]),
            low_confidence=prediction.novelty > model.calibration.limit,
            intrinsics=camera,
            method={
                **self.method.settings(),
                "encoder": joint_info(self.encoders),
                "camera": assumption,
                "novelty": round(prediction.novelty, 4),
                "novelty_limit": round(max(model.calibration.limit, -99.0), 4),
            },
            pool=facts_of(self.pool),
            factor95=model.calibration.factor95,
        )
