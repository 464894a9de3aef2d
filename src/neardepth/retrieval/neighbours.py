"""Retrieval of neighbours: the paper's six steps, and those of the methods before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder, joint_info
from neardepth.errors import MethodError, PoolError
from neardepth.imaging.photos import Photo
from neardepth.imaging.resize import resize_depth, resize_photo
from neardepth.methods import Method
from neardepth.pool import Pool, Progress, ensure_descriptors
from neardepth.pool.descriptors import Describer
from neardepth.result import DepthResult, Neighbour
from neardepth.retrieval.common import facts_of, rows_of, working_size
from neardepth.retrieval.evidence import pool_evidence
from neardepth.retrieval.index import Index
from neardepth.retrieval.structure import MeanDepth, clusters_of, shares_of
from neardepth.steps.fusion import FUSIONS, spread
from neardepth.steps.neighbours import nearest
from neardepth.steps.refinement import REFINEMENTS, fill_unknown
from neardepth.steps.selection import SELECTIONS, members
from neardepth.steps.transfer import (
    NEED_USUAL,
    TRANSFERS,
    Candidates,
    depth_transfer_clip,
    transfer_size,
)
from neardepth.threads import one_blas_thread


class NeighbourRetrieval:
    """Describes a photo, finds the pool images most like it and fuses their depth.

    Args:
        pool: an open pool.
        method: the settings of the steps.
        encoders: what describes tiles; of several, how much each counts is learned from the pool.
        fill: fill in what no neighbour knows.
        progress: told how far the pool's descriptors are, where some must be computed first.
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
        self._describers = [Describer(encoder, method.tiles) for encoder in self.encoders]
        tables = [
            np.asarray(ensure_descriptors(pool, encoder, method.tiles, progress), np.float32)
            for encoder in self.encoders
        ]
        if len(tables) > 1 and method.similarity == "distance":
            raise MethodError(
                f"method {method.name} compares by distance, which takes one encoder, not "
                f"{len(tables)}"
            )
        shares = shares_of(pool, tables, progress) if len(tables) > 1 else None
        self._index = Index(tables, method.similarity, shares)
        clustered = method.cluster_size > 0
        self._clusters = clusters_of(self._index.rows, method.cluster_size) if clustered else None
        self._mean = MeanDepth(pool, progress) if method.fusion in NEED_USUAL else None

    def prepare(self, photo: Photo) -> list[NDArray[np.float32]]:
        """Cut a photo into each encoder's input."""
        return [describer.prepare(photo) for describer in self._describers]

    def describe(self, prepared: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the descriptor of a prepared photo, D float32."""
        pairs = zip(self._describers, prepared, strict=True)
        return np.concatenate([describer.describe([tiles])[0] for describer, tiles in pairs])

    def alone(self, pair_id: str, exclude: Collection[str]) -> DepthResult:
        """Estimate a pool photo from its own descriptor, without some of the pool."""
        descriptor = self._index.rows[self.pool.row_of[pair_id]]
        return self.estimate(self.pool.photo(pair_id), descriptor, exclude)

    @one_blas_thread
    def estimate(
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
        chosen = self._choose(photo, descriptor, exclude)
        if self.method.fusion not in TRANSFERS:
            return self._result(photo, chosen, None)
        transfer = TRANSFERS[self.method.fusion]
        return self._result(photo, chosen, transfer(self._candidates(photo, chosen)))

    @one_blas_thread
    def clip(
        self, photos: Sequence[Photo], descriptors: Sequence[NDArray[np.float32]]
    ) -> list[DepthResult]:
        """Estimate frames of a video together, tied along their optical flow (Depth Transfer).

        Raises:
            MethodError: the method's fusion knows no time.
        """
        if self.method.fusion != "depth-transfer":
            raise MethodError(
                f"method {self.method.name} estimates frames one by one; use karsch2014"
            )
        if not photos:
            return []
        # One set of neighbours for all frames, as the publication has it.
        chosen = self._choose(photos[0], np.mean(descriptors, axis=0), ())
        first = self._candidates(photos[0], chosen)
        size = first.photo.shape[:2]
        maps = depth_transfer_clip(
            [replace(first, photo=resize_photo(photo.image, size)) for photo in photos]
        )
        return [
            self._result(photo, chosen, depth) for photo, depth in zip(photos, maps, strict=True)
        ]

    def _choose(
        self, photo: Photo, descriptor: NDArray[np.float32], exclude: Collection[str]
    ) -> _Chosen:
        """Take steps 3 and 4."""
        excluded = np.zeros(len(self.pool), np.bool_)
        excluded[rows_of(self.pool, exclude)] = True
        likeness = self._index.compare(descriptor)
        found = nearest(likeness, self.method.k, excluded)
        if not len(found):
            raise PoolError(
                f"{self.pool.path}: every pair of the pool is excluded for {photo.name}"
            )
        if self._clusters is not None:
            found = members(self._clusters, found, likeness, excluded)
        correlations = self._index.correlate(descriptor, found, likeness)
        kept, low_confidence = SELECTIONS[self.method.selection](
            correlations, self.method.threshold
        )
        # A lone best neighbour may correlate negatively; its weight cancels out of Eq. 2.
        shares = np.maximum(correlations, np.finfo(np.float32).tiny)
        weights = np.where(kept, 1 if self.method.weights == "equal" else shares, 0)
        neighbours = tuple(
            Neighbour(id=self.pool.ids[row], correlation=float(c), weight=float(w), kept=bool(keep))
            for row, c, w, keep in zip(
                found, correlations, weights / weights.sum(), kept, strict=True
            )
        )
        used = [neighbour.id for neighbour in neighbours if neighbour.kept]
        return _Chosen(
            neighbours, low_confidence, self.pool.depths(used), np.float32(weights[kept]), excluded
        )

    def _candidates(self, photo: Photo, chosen: _Chosen) -> Candidates:
        """Bring a photo and its neighbours to one grid, for fusions that look at them."""
        size = transfer_size(photo.image)
        used = [neighbour.id for neighbour in chosen.neighbours if neighbour.kept]

        def usual() -> NDArray[np.float32]:
            if self._mean is None:
                raise ValueError(f"{self.method.fusion} is not among those that need the mean")
            return resize_depth(self._mean.without(chosen.excluded), size)

        return Candidates(
            photo=resize_photo(photo.image, size),
            photos=np.stack([resize_photo(self.pool.photo(i).image, size) for i in used]),
            depths=np.stack([resize_depth(depth, size) for depth in chosen.maps]),
            weights=chosen.weights,
            usual=usual,
        )

    def _result(
        self, photo: Photo, chosen: _Chosen, transferred: NDArray[np.float32] | None
    ) -> DepthResult:
        return DepthResult(
            photo=photo,
            **self._maps(photo.image, chosen, transferred),
            neighbours=chosen.neighbours,
            evidence=pool_evidence(self.pool, [neighbour.id for neighbour in chosen.neighbours]),
            low_confidence=chosen.low_confidence,
            intrinsics=photo.intrinsics,
            method={**self.method.settings(), "encoder": joint_info(self.encoders)},
            pool=facts_of(self.pool),
        )

    def _maps(
        self,
        photo: NDArray[np.uint8],
        chosen: _Chosen,
        transferred: NDArray[np.float32] | None,
    ) -> dict[str, Any]:
        """Fuse and refine the neighbours' depth: the maps of a `DepthResult`."""
        size, full = working_size(photo), photo.shape[:2]
        depths = np.stack([resize_depth(depth, size) for depth in chosen.maps])
        if transferred is not None:
            fused, known = resize_depth(transferred, size), None
        else:
            fused = FUSIONS[self.method.fusion](depths, chosen.weights)
            known = known_to_any(chosen.maps, full)
        refined = REFINEMENTS[self.method.refine](
            fused, resize_photo(photo, size), self.method.refine_radius, self.method.refine_sigma
        )

        def answer(values: NDArray[np.float32]) -> NDArray[np.float32]:
            resized = resize_depth(values, full)
            return resized if known is None else np.where(known, resized, np.float32(np.nan))

        depth = answer(refined)
        return {
            "depth": resize_depth(fill_unknown(refined), full) if self.fill else depth,
            "fused": answer(fused),
            "uncertainty": answer(spread(depths, chosen.weights, fused)),
            "filled": np.isnan(depth) if self.fill else None,
        }


class _Chosen(NamedTuple):
    """What steps 3 and 4 chose for a photo."""

    neighbours: tuple[Neighbour, ...]
    low_confidence: bool
    maps: list[NDArray[np.float32]]
    """Depth of the kept neighbours, each of its own size."""
    weights: NDArray[np.float32]
    """Of the kept neighbours."""
    excluded: NDArray[np.bool_]
    """N, True where a pool image must not be used."""


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
