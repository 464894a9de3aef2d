"""DepthEstimator: the six steps composed."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder, Preprocessing, load_encoder
from neardepth.errors import EncoderError, NearDepthError, PoolError
from neardepth.imaging.photos import Photo, PhotoSource, as_photo
from neardepth.imaging.resize import resize_depth, resize_photo
from neardepth.methods import DEFAULT_METHOD, Method, find_method
from neardepth.pool import Pool, Progress, ensure_descriptors
from neardepth.pool.descriptors import Describer
from neardepth.pool.pipeline import read_ahead
from neardepth.result import DepthResult, Neighbour
from neardepth.steps.fusion import FUSIONS, spread
from neardepth.steps.neighbours import correlate, nearest, standardise
from neardepth.steps.refinement import REFINEMENTS, fill_unknown
from neardepth.steps.selection import select

MAX_WORKING_SIDE = 640
"""Longest side of the grid that depth is fused and refined on, pixels.

RGB-D pools are of VGA size or so: a finer grid knows nothing more, and a 100-megapixel photo
would take gigabytes and minutes. The answer is resized to the photo.
"""

PREFETCH = 2
"""Photos that are read ahead of the network, beside those being read."""


class DepthEstimator:
    """Estimates the depth of photos from a pool of RGB-D pairs.

    Args:
        pool: an open pool, or the path of one.
        method: a named method or a `Method`.
        encoder: an encoder, a registered name or an ONNX file, instead of the pool's or the
            method's own.
        fill: fill in what no neighbour knows; `DepthResult.filled` marks it.
        threads: network threads; None leaves the choice to ONNX Runtime.
        providers: ONNX Runtime execution providers, best first; None means the CPU.
        progress: told how far the pool's descriptors are, where some must be computed first.
        **overrides: settings of the method to replace, for example ``k=8``.

    Raises:
        MethodError: unknown method or setting.
        PoolError: no usable pool there.
        EncoderError: the encoder's weights are not available.
    """

    def __init__(
        self,
        pool: Pool | str | os.PathLike[str],
        method: str | Method = DEFAULT_METHOD,
        *,
        encoder: Encoder | str | None = None,
        fill: bool = False,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
        progress: Progress | None = None,
        **overrides: Any,
    ) -> None:
        chosen = find_method(method) if isinstance(method, str) else method
        self.method = chosen.override(**overrides)
        self.pool = pool if isinstance(pool, Pool) else Pool.open(pool)
        if not len(self.pool):
            raise PoolError(
                f"{self.pool.path}: the pool is empty; add pairs with `neardepth pool add`"
            )
        self.encoder = (
            encoder
            if isinstance(encoder, Encoder)
            else choose_encoder(self.pool, self.method, encoder, threads, providers)
        )
        self.fill = fill
        self._describer = Describer(self.encoder, self.method.tiles)
        self._standardised = standardise(
            ensure_descriptors(self.pool, self.encoder, self.method.tiles, progress)
        )
        kinds = self.pool.table(["depth_kind"])["depth_kind"].unique().to_pylist()
        self._pool_facts = {
            "path": str(self.pool.path),
            "version": self.pool.version,
            "pairs": len(self.pool),
            "depth_kind": kinds[0] if len(kinds) == 1 else "mixed",
        }
        self._row = {pair_id: row for row, pair_id in enumerate(self.pool.ids)}

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
                    photo, tiles = prepared
                    outcome: DepthResult | NearDepthError = self.from_descriptor(
                        photo, self.describe(tiles)
                    )
                except NearDepthError as error:
                    outcome = error
                yield source, outcome

    def leave_one_out(
        self,
        exclude: Callable[[str], Collection[str]] | None = None,
        ids: Iterable[str] | None = None,
    ) -> Iterator[tuple[str, DepthResult]]:
        """Estimate each pool photo from the others, with the descriptors that the pool keeps.

        Args:
            exclude: gives the ids to leave out for a query's id; only itself when None.
            ids: the pool photos to estimate, in this order; all of them when None.

        Yields:
            The pool photo's id and its estimate.
        """
        for pair_id in self.pool.ids if ids is None else ids:
            left_out = {pair_id, *(exclude(pair_id) if exclude else ())}
            photo = self.pool.photo(pair_id)
            descriptor = self._standardised[self._row[pair_id]]
            yield pair_id, self.from_descriptor(photo, descriptor, left_out)

    def prepare(self, source: PhotoSource) -> tuple[Photo, NDArray[np.float32]]:
        """Read a photo and cut it into the network's input, T×3×H×W float32."""
        photo = as_photo(source)
        return photo, self._describer.prepare(photo)

    def describe(self, prepared: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the descriptor of a prepared photo, D float32."""
        descriptor: NDArray[np.float32] = self._describer.describe([prepared])[0]
        return descriptor

    def from_descriptor(
        self, photo: Photo, descriptor: NDArray[np.float32], exclude: Collection[str] = ()
    ) -> DepthResult:
        """Take steps 3 to 6 for a photo that is described already.

        Args:
            photo: the photo.
            descriptor: D, as `describe` returns it or the pool keeps it.
            exclude: ids of pool images that must not be used.

        Raises:
            PoolError: nothing is left of the pool after the exclusion.
        """
        excluded = np.zeros(len(self.pool), np.bool_)
        excluded[self._rows(exclude)] = True
        correlations = correlate(descriptor[None], self._standardised)[0]
        found = nearest(correlations, self.method.k, excluded)
        if not len(found):
            raise PoolError(
                f"{self.pool.path}: every pair of the pool is excluded for {photo.name}"
            )
        correlations = correlations[found]
        ids = [self.pool.ids[row] for row in found]
        kept, low_confidence = select(correlations, self.method.threshold)
        # A lone best neighbour may correlate negatively; its weight cancels out of Eq. 2.
        weights = np.where(kept, np.maximum(correlations, np.finfo(np.float32).tiny), 0)
        return DepthResult(
            photo=photo,
            **self._combine(photo.image, np.array(ids)[kept].tolist(), weights[kept]),
            neighbours=tuple(
                Neighbour(id=pair_id, correlation=float(c), weight=float(share), kept=bool(keep))
                for pair_id, c, share, keep in zip(
                    ids, correlations, weights / weights.sum(), kept, strict=True
                )
            ),
            evidence=self._evidence(ids),
            low_confidence=low_confidence,
            intrinsics=photo.intrinsics,
            method={**self.method.settings(), "encoder": self.encoder.info()},
            pool=self._pool_facts,
        )

    def _rows(self, ids: Collection[str]) -> list[int]:
        """Look ids up; a misspelt one would spoil a leave-one-out unseen."""
        if isinstance(ids, str):
            raise PoolError(f"ids to exclude come as a list, not as the text '{ids}'")
        unknown = [pair_id for pair_id in ids if pair_id not in self._row]
        if unknown:
            raise PoolError(f"{self.pool.path} has no pair {unknown[0]} to exclude")
        return [self._row[pair_id] for pair_id in ids]

    def _combine(
        self, photo: NDArray[np.uint8], ids: Sequence[str], weights: NDArray[np.float32]
    ) -> dict[str, Any]:
        """Fuse and refine the neighbours' depth: the maps of a `DepthResult`."""
        size, full = working_size(photo), photo.shape[:2]
        maps = self.pool.depths(ids)
        depths = np.stack([resize_depth(depth, size) for depth in maps])
        fused = FUSIONS[self.method.fusion](depths, weights)
        refined = REFINEMENTS[self.method.refine](
            fused, resize_photo(photo, size), self.method.refine_radius, self.method.refine_sigma
        )
        known = known_to_any(maps, full)

        def answer(values: NDArray[np.float32]) -> NDArray[np.float32]:
            resized = resize_depth(values, full)
            return resized if known is None else np.where(known, resized, np.float32(np.nan))

        depth = answer(refined)
        return {
            "depth": resize_depth(fill_unknown(refined), full) if self.fill else depth,
            "fused": answer(fused),
            "uncertainty": answer(spread(depths, weights, fused)),
            "filled": np.isnan(depth) if self.fill else None,
        }

    def _evidence(
        self, ids: Sequence[str]
    ) -> Callable[[], list[tuple[NDArray[np.uint8], NDArray[np.float32]]]]:
        """Photos and depth maps of neighbours, read only when somebody looks at them."""

        def read() -> list[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
            photos = [self.pool.photo(pair_id).image for pair_id in ids]
            return list(zip(photos, self.pool.depths(ids), strict=True))

        return read


def working_size(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Return height and width of the grid that depth is fused and refined on."""
    height, width = image.shape[:2]
    scale = min(1.0, MAX_WORKING_SIDE / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def known_to_any(
    maps: Sequence[NDArray[np.float32]], size: tuple[int, int]
) -> NDArray[np.bool_] | None:
    """Return H×W where at least one map knows the pixel; None where one knows every pixel.

    Working on a smaller grid would otherwise spread a LiDAR's points over their surroundings.
    """
    if not all(np.isnan(depth).any() for depth in maps):
        return None
    known = np.zeros(size, np.bool_)
    for depth in maps:
        known |= ~np.isnan(resize_depth(depth, size))
    return known


def choose_encoder(
    pool: Pool,
    method: Method,
    requested: str | None,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
) -> Encoder:
    """Load the encoder to describe photos with: the requested, the pool's own or the method's.

    A pool that was built with an encoder of the user's choice keeps to it for every method, so
    that its descriptors are used; another encoder is only ever taken when asked for by name.

    Raises:
        EncoderError: its weights are not available, or are not those the pool was built with.
    """
    setting = pool.encoder_setting
    if requested is not None or setting is None:
        return load_encoder(requested or method.encoder, threads=threads, providers=providers)
    try:
        encoder = load_encoder(
            setting["source"],
            preprocessing=Preprocessing.from_dict(setting["preprocessing"]),
            threads=threads,
            providers=providers,
        )
    except EncoderError as error:
        raise EncoderError(
            f"{pool.path} was built with encoder {setting['name']}, which cannot be loaded now "
            f"({error}); name another with --encoder"
        ) from error
    if encoder.weights_hash != setting["weights_hash"]:
        raise EncoderError(
            f"{setting['source']} has changed since {pool.path} was built with it; describe the "
            f"pool anew with `neardepth pool encode {pool.path} --encoder {setting['source']}`"
        )
    return encoder
