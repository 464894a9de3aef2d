"""DepthEstimator: estimates the depth of photos from a pool, by any method."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, Protocol

from neardepth.datasets import open_source
from neardepth.encoders import Encoder
from neardepth.errors import MethodError, NearDepthError, PhotoError, PoolError
from neardepth.imaging.photos import Photo, PhotoSource, as_photo
from neardepth.kernel.shared import SharedModel
from neardepth.methods import DEFAULT_METHOD, Method, find_method
from neardepth.pool import Pool, Progress, open_pool
from neardepth.pool.pipeline import read_ahead
from neardepth.result import DepthResult
from neardepth.retrieval.camera import with_camera
from neardepth.retrieval.choice import AUTO, NONE, choose_retrieval
from neardepth.retrieval.encoders import choose_encoders, choose_pool_encoders
from neardepth.retrieval.neighbours import NeighbourRetrieval
from neardepth.retrieval.prior import PriorRetrieval

PREFETCH = 2
"""Photos that are read ahead of the network, beside those being read."""


class DepthEstimator:
    """Estimates the depth of photos from a pool of RGB-D pairs, or from a model fitted on one.

    Args:
        pool: an open pool, or the path of one; None asks a model that was fitted elsewhere.
        method: a named method or a `Method`.
        prior: of methods of solved weights: the model whose errors are learned from the pool, a
            name or a file; "none" fits the pool alone; "auto" takes what is off by less on the
            pool's own pairs (see `choose_retrieval`).
        frames: where the pictures of the model's own photos may be found, for explanations.
        encoder: an encoder, a registered name or an ONNX file, instead of the pool's or the
            method's own: one, several, or names joined by "+".
        focal_px: focal length of the photos in pixels, where their EXIF data do not tell it or
            are wrong.
        fov: horizontal field of view of the photos in degrees, instead of ``focal_px``.
        fill: fill in what no neighbour knows; `DepthResult.filled` marks it.
        threads: network threads; None leaves the choice to ONNX Runtime.
        providers: ONNX Runtime execution providers, best first; None means the CPU.
        progress: told how far descriptors and fit are, where the pool has not got them yet.
        **overrides: settings of the method to replace, for example ``k=8``.

    Raises:
        MethodError: unknown method or setting.
        PoolError: no usable pool there.
        ModelError: no usable model there.
        EncoderError: the encoder's weights are not available, or are not the model's.
    """

    def __init__(
        self,
        pool: Pool | str | os.PathLike[str] | None = None,
        method: str | Method = DEFAULT_METHOD,
        *,
        prior: str | os.PathLike[str] = AUTO,
        frames: str | os.PathLike[str] | None = None,
        encoder: Encoder | Sequence[Encoder] | str | None = None,
        focal_px: float | None = None,
        fov: float | None = None,
        fill: bool = False,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        progress: Progress | None = None,
        **overrides: Any,
    ) -> None:
        chosen = find_method(method) if isinstance(method, str) else method
        self.method = chosen.override(**overrides)
        self.pool = open_pool(pool) if isinstance(pool, (str, os.PathLike)) else pool
        if self.pool is not None and not len(self.pool):
            raise PoolError(
                f"{self.pool.path}: the pool is empty; add pairs with `neardepth pool add`"
            )
        self.encoders = self._encoders(encoder, threads, providers)
        """The networks, in the order of the method's."""
        if self.method.weights != "solved" and (focal_px is not None or fov is not None):
            raise MethodError(
                f"method {self.method.name} takes no focal length: its depth is that of its "
                "neighbours; use kernel"
            )
        self.focal_px, self.fov = focal_px, fov
        self.fill = fill
        self.choice = ""
        """Of methods of solved weights: which prior was chosen and why, for people."""
        self._retrieval = self._make(prior, frames, progress)

    def _make(
        self,
        prior: str | os.PathLike[str],
        frames: str | os.PathLike[str] | None,
        progress: Progress | None,
    ) -> Retrieval:
        if self.method.weights == "solved":
            source = None if frames is None else open_source(frames)
            retrieval, self.choice = choose_retrieval(
                self.pool, prior, self.method, self.encoders, self.fill, source, progress
            )
            return retrieval
        if prior not in (AUTO, NONE) or frames is not None:
            raise MethodError(f"method {self.method.name} takes no prior and no frames; use kernel")
        return NeighbourRetrieval(
            self._needed_pool(), self.method, self.encoders, self.fill, progress
        )

    def _needed_pool(self) -> Pool:
        if self.pool is None:
            raise MethodError(f"method {self.method.name} needs a pool: give --pool")
        return self.pool

    @property
    def encoder(self) -> Encoder:
        """The first of the networks."""
        return self.encoders[0]

    @property
    def model(self) -> SharedModel | None:
        """The model that answers, alone or corrected by the pool; None where the pool is fitted."""
        return self._retrieval.shared if isinstance(self._retrieval, PriorRetrieval) else None

    def _encoders(
        self,
        requested: Encoder | Sequence[Encoder] | str | None,
        threads: int | None,
        providers: Sequence[str] | None,
    ) -> tuple[Encoder, ...]:
        if isinstance(requested, Encoder):
            return (requested,)
        if requested is not None and not isinstance(requested, str):
            return tuple(requested)
        if self.method.weights == "solved":
            return choose_encoders(self.method, requested, threads, providers)
        return choose_pool_encoders(self._needed_pool(), self.method, requested, threads, providers)

    def __call__(self, photo: PhotoSource, *, exclude: Collection[str] = ()) -> DepthResult:
        """Estimate the depth of one photo.

        Args:
            photo: path, bytes of an image file, PIL image, or array (H×W×3 uint8 **RGB**).
            exclude: ids of pool images that must not be used.

        Raises:
            PhotoError: the photo cannot be read.
            PoolError: nothing is left of the pool after the exclusion.
        """
        image, prepared = self.prepare(photo)
        return self.from_descriptor(image, self.describe(prepared), exclude)

    def map(self, photos: Iterable[PhotoSource]) -> Iterator[DepthResult]:
        """Estimate the depth of many photos, reading ahead while the network runs.

        Only a few photos are held at a time, so any iterable will do, however long.

        Raises:
            PhotoError: a photo cannot be read; `outcomes` goes on with the rest instead.
        """
        for _, outcome in self.outcomes(photos):
            if isinstance(outcome, NearDepthError):
                raise outcome
            yield outcome

    def outcomes(
        self, photos: Iterable[PhotoSource]
    ) -> Iterator[tuple[PhotoSource, DepthResult | NearDepthError]]:
        """Yield each photo with its result, or with the error that says why there is none."""
        with closing(read_ahead(self.prepare, photos, PREFETCH)) as stream:
            for source, prepared in stream:
                try:
                    if isinstance(prepared, NearDepthError):
                        raise prepared
                    photo, images = prepared
                    outcome: DepthResult | NearDepthError = self.from_descriptor(
                        photo, self.describe(images)
                    )
                except NearDepthError as error:
                    outcome = error
                yield source, outcome

    def clip(self, photos: Iterable[PhotoSource]) -> list[DepthResult]:
        """Estimate frames of a video together, so that their depth is tied along the motion.

        Only `karsch2014` (Depth Transfer) knows how; all frames are held at once, so a clip is of
        a few dozen. `neardepth video` steadies any method, and videos of any length.

        Args:
            photos: the frames in order, of one size.

        Raises:
            MethodError: the method estimates frames one by one.
            PhotoError: a frame cannot be read, or is of another size than the first.
        """
        if not isinstance(self._retrieval, NeighbourRetrieval):
            raise MethodError(f"method {self.method.name} estimates frames one by one")
        prepared = [self.prepare(photo) for photo in photos]
        for photo, _ in prepared:
            if photo.image.shape != prepared[0][0].image.shape:
                raise PhotoError(f"{photo.name} is of another size than the clip's first frame")
        frames = [photo for photo, _ in prepared]
        return self._retrieval.clip(frames, [self.describe(images) for _, images in prepared])

    def leave_one_out(
        self,
        exclude: Callable[[str], Collection[str]] | None = None,
        ids: Iterable[str] | None = None,
    ) -> Iterator[tuple[str, DepthResult]]:
        """Estimate each pool photo from the others.

        Args:
            exclude: gives the ids to leave out for a query's id; only itself when None.
            ids: the pool photos to estimate, in this order; all of them when None.

        Yields:
            The pool photo's id and its estimate.

        Raises:
            ModelError: the prior was fitted on one of them.
        """
        if self.pool is None:
            raise PoolError("there is no pool to leave anything out of")
        for pair_id in self.pool.ids if ids is None else ids:
            left_out = {pair_id, *(exclude(pair_id) if exclude else ())}
            yield pair_id, self._retrieval.alone(pair_id, left_out)

    def prepare(self, source: PhotoSource) -> tuple[Photo, Any]:
        """Read a photo and make it the networks' input."""
        photo = with_camera(as_photo(source), self.focal_px, self.fov)
        return photo, self._retrieval.prepare(photo)

    def describe(self, prepared: Any) -> Any:
        """Run the networks on a prepared photo."""
        return self._retrieval.describe(prepared)

    def from_descriptor(
        self, photo: Photo, descriptor: Any, exclude: Collection[str] = ()
    ) -> DepthResult:
        """Estimate a photo that is described already.

        Args:
            photo: the photo.
            descriptor: as `describe` returns it.
            exclude: ids of pool images that must not be used.

        Raises:
            PoolError: nothing is left of the pool after the exclusion.
        """
        return self._retrieval.estimate(photo, descriptor, exclude)


class Retrieval(Protocol):
    """From a photo to its depth; `NeighbourRetrieval`, `KernelRetrieval` and `PriorRetrieval`."""

    def prepare(self, photo: Photo) -> Any:
        """Make a photo the networks' input; called in reader threads."""

    def describe(self, prepared: Any) -> Any:
        """Run the networks on a prepared photo."""

    def estimate(self, photo: Photo, descriptor: Any, exclude: Collection[str]) -> DepthResult:
        """Estimate a described photo."""

    def alone(self, pair_id: str, exclude: Collection[str]) -> DepthResult:
        """Estimate a photo of the pool without some of the pool, itself among them."""
