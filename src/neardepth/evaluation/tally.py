"""Collecting what a method or baseline reaches, image by image."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.evaluation.metrics import accumulate, known
from neardepth.evaluation.profiles import Profile, judged, score
from neardepth.evaluation.protocols import Query
from neardepth.evaluation.report import ImageScore, Row
from neardepth.evaluation.statistics import paired_difference, summarise
from neardepth.evaluation.uncertainty import certainty
from neardepth.result import DepthResult

Depth = NDArray[np.float32]
Predict = Callable[[Query], Depth]
"""Gives a depth map, H×W metres, for a query."""

PIXELS_AN_IMAGE = 256
"""Drawn for the picture page."""


@dataclass
class Tally:
    """The images judged so far."""

    method: str
    label: str
    baseline: bool
    profile: Profile
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    encoder: Mapping[str, Any] | None = None
    images: list[ImageScore] = field(default_factory=list)
    pixels: list[Depth] = field(default_factory=list)
    seconds: float = 0.0

    def add_result(self, query_id: str, result: DepthResult, truth: Depth) -> None:
        """Judge a method's estimate."""
        best = result.nearest or result.neighbours[0]
        pair = judged(self.profile, result.depth, truth)
        image = ImageScore(
            query_id,
            accumulate(*pair),
            neighbour=best.id,
            correlation=best.correlation,
            kept=sum(neighbour.kept for neighbour in result.neighbours),
            low_confidence=result.low_confidence,
            certainty=certainty(self.profile, result, truth),
        )
        self.images.append(image)
        self.pixels.append(self._draw(query_id, *pair))

    def add_map(self, query: Query, predict: Predict, truth: Depth) -> None:
        """Judge the depth map, H×W metres, that a baseline gives for a query."""
        start = time.perf_counter()
        sums = score(self.profile, predict(query), truth)
        self.images.append(ImageScore(query.id, sums))
        self.seconds += time.perf_counter() - start

    def arrange(self, ids: Sequence[str]) -> None:
        """Put the images, which may have been judged in any order, in the order of ``ids``."""
        place = {image.id: index for index, image in enumerate(self.images)}
        self.images = [self.images[place[query_id]] for query_id in ids]
        self.pixels = [self.pixels[place[query_id]] for query_id in ids]

    def row(self, first: Tally) -> Row:
        """Put the images together, and compare them with the first method's."""
        aggregation = self.profile.aggregation
        own, other = ([image.sums for image in tally.images] for tally in (self, first))
        return Row(
            method=self.method,
            label=self.label,
            baseline=self.baseline,
            settings=self.settings,
            encoder=self.encoder,
            images=tuple(self.images),
            measures=summarise(own, aggregation, seed=self.seed),
            difference=None
            if self is first
            else paired_difference(own, other, aggregation, seed=self.seed),
            seconds=self.seconds,
            pixels=np.concatenate([np.empty((2, 0), np.float32), *self.pixels], axis=1),
        )

    def _draw(self, query_id: str, prediction: Depth, truth: Depth) -> Depth:
        """Draw judged pixels: 2×N true and predicted metres."""
        both = np.flatnonzero(known(truth) & known(prediction))
        if not both.size:
            return np.empty((2, 0), np.float32)
        dice = np.random.default_rng([self.seed, zlib.crc32(query_id.encode())])
        drawn = both[dice.integers(both.size, size=PIXELS_AN_IMAGE)]
        return np.stack([truth.ravel()[drawn], prediction.ravel()[drawn]])
