"""Retrieval by tiles: the paper's six steps, with weights that are correlations."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder
from neardepth.errors import PoolError
from neardepth.imaging.photos import Photo
from neardepth.imaging.resize import resize_depth, resize_photo
from neardepth.methods import Method
from neardepth.pool import Pool, Progress, ensure_descriptors
from neardepth.pool.descriptors import Describer
from neardepth.result import DepthResult, Neighbour
from neardepth.retrieval.common import facts_of, rows_of, working_size
from neardepth.retrieval.evidence import pool_evidence
from neardepth.steps.fusion import FUSIONS, spread
from neardepth.steps.neighbours import correlate, nearest, standardise
from neardepth.steps.refinement import REFINEMENTS, fill_unknown
from neardepth.steps.selection import select


class TileRetrieval:
    """Describes tiles, finds the most correlated pool images and fuses their depth.

    Args:
        pool: an open pool.
        method: the settings of the steps.
        encoder: the network that describes tiles.
        fill: fill in what no neighbour knows.
        progress: told how far the pool's descriptors are, where some must be computed first.
    """

    def __init__(
        self, pool: Pool, method: Method, encoder: Encoder, fill: bool, progress: Progress | None
    ) -> None:
        self.pool, self.method, self.encoder, self.fill = pool, method, encoder, fill
        self._describer = Describer(encoder, method.tiles)
        self._standardised = standardise(
            np.asarray(ensure_descriptors(pool, encoder, method.tiles, progress), np.float32)
        )
        self._row = {pair_id: row for row, pair_id in enumerate(pool.ids)}

    def prepare(self, photo: Photo) -> NDArray[np.float32]:
        """Cut a photo into the network's input, T×3×H×W float32."""
        return self._describer.prepare(photo)

    def describe(self, prepared: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the descriptor of a prepared photo, D float32."""
        descriptor: NDArray[np.float32] = self._describer.describe([prepared])[0]
        return descriptor

    def alone(self, pair_id: str, exclude: Collection[str]) -> DepthResult:
        """Estimate a pool photo from its own descriptor, without some of the pool."""
        descriptor = self._standardised[self._row[pair_id]]
        return self.estimate(self.pool.photo(pair_id), descriptor, exclude)

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
        excluded = np.zeros(len(self.pool), np.bool_)
        excluded[rows_of(self.pool, exclude)] = True
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
            evidence=pool_evidence(self.pool, ids),
            low_confidence=low_confidence,
            intrinsics=photo.intrinsics,
            method={**self.method.settings(), "encoder": self.encoder.info()},
            pool=facts_of(self.pool),
        )

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
