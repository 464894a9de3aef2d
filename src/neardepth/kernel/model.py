"""A fitted kernel model: plain arrays, and how a photo's depth comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.local import SURROUNDINGS, regressed, surroundings
from neardepth.kernel.metric import Metric
from neardepth.kernel.mirror import Basis, distances, nearer
from neardepth.kernel.spread import Calibration, novelty_of
from neardepth.steps.dense import CELLS, GRIDS, Maps, interpolation, pooled
from neardepth.steps.ridge import rational_quadratic
from neardepth.threads import one_blas_thread

Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Projection:
    """From one network's pooled maps to codes: even features to even numbers, odd ones to odd.

    Features are those of `steps.dense.pooled`, D of which De are sums.
    """

    scale: Matrix
    """D."""
    centre: Matrix
    """D, mean of the features times ``scale``; 0 for the differences."""
    even: Matrix
    """De×Pe, already multiplied by ``scale``."""
    odd: Matrix
    """(D − De)×Po, likewise."""
    offset: Matrix
    """Pe, subtracted from the even numbers."""

    def codes(self, features: Matrix) -> Matrix:
        """Return N×(Pe + Po); the codes of several networks are added up."""
        evens = len(self.even)
        even = features[:, :evens] @ self.even - self.offset
        return np.concatenate([even, features[:, evens:] @ self.odd], axis=1)

    def turned(self, metric: Metric) -> Projection:
        """Return the projection whose codes are these turned by a metric."""
        return replace(
            self,
            even=self.even @ metric.even,
            odd=self.odd @ metric.odd,
            offset=self.offset @ metric.even,
        )

    def energy(self, features: Matrix) -> Matrix:
        """Return N, the squared length of the standardised features."""
        centred = features * self.scale - self.centre
        return np.asarray(np.einsum("nd,nd->n", centred, centred))


@dataclass(frozen=True, eq=False)
class LocalStage:
    """Stage 2's arrays; see `kernel.local`."""

    means: tuple[Mapping[str, Matrix], ...]
    """Of each network, by level: C."""
    directions: tuple[Mapping[str, Matrix], ...]
    """Of each network, by level: C×components."""
    frequencies: Matrix
    phases: Matrix
    coefficients: Matrix

    def inputs(self, maps: Sequence[Maps], first: Matrix) -> Matrix:
        """Return what every cell is regressed on, cells×(ΣP + SURROUNDINGS).

        Args:
            maps: of one photo, C×h×w a level.
            first: stage 1's log depth, rows×columns.
        """
        inputs = np.empty((first.size, len(self.frequencies)), np.float32)
        inputs[:, -SURROUNDINGS:] = surroundings(first[None])[0]
        start = 0
        for network, means, directions in zip(maps, self.means, self.directions, strict=True):
            for level in GRIDS:
                values, turn = network[level], directions[level].T
                narrow = turn @ values.reshape(len(values), -1) - (turn @ means[level])[:, None]
                narrow = narrow.reshape(-1, *values.shape[1:])
                if narrow.shape[1:] != CELLS:
                    down = interpolation(CELLS[0], values.shape[1])
                    across = interpolation(CELLS[1], values.shape[2])
                    narrow = down @ (narrow @ across.T)
                inputs[:, start : start + len(narrow)] = narrow.reshape(len(narrow), -1).T
                start += len(narrow)
        return inputs

    def weakened(self, strength: float) -> LocalStage:
        """Return the same with its corrections multiplied by ``strength``."""
        return replace(self, coefficients=np.float32(strength) * self.coefficients)

    def at(
        self, components: Matrix, first: Matrix, cells: NDArray[np.intp], coefficients: Matrix
    ) -> Matrix:
        """Return the log depth of some cells, n, by other coefficients; components are n×ΣP."""
        inputs = np.concatenate([components, surroundings(first[None])[0][cells]], axis=1)
        said = regressed(inputs, self.frequencies, self.phases, coefficients)
        return np.asarray(first.ravel()[cells] + said)

    def correct(self, maps: Sequence[Maps], first: Matrix) -> Matrix:
        """Return stage 1's log depth (rows×columns) with its expected error added."""
        inputs = self.inputs(maps, first)
        said = regressed(inputs, self.frequencies, self.phases, self.coefficients)
        return first + said.reshape(first.shape)


class Prediction(NamedTuple):
    """What a model says of one photo, on the grid `CELLS`."""

    log_depth: Matrix
    """Rows×columns, natural logarithm of metres; NaN where nothing is known."""
    first: Matrix
    """Stage 1's."""
    spread: Matrix
    """Rows×columns, half width of the 68 % interval of log depth."""
    novelty: float
    """How unlike the pool the photo is; see `spread.novelty_of`."""
    residual: float
    """Squared length of what the codes leave out of the features, in units of the usual ones'."""
    similarity: Matrix
    """Even kernel value with each image of the pool; see `kernel.mirror`."""
    codes: Matrix
    """1×P."""


@dataclass(frozen=True, eq=False)
class KernelModel:
    """Everything that is fitted; see `kernel.fitting`."""

    projections: tuple[Projection, ...]
    """One a network, in the order of the encoders."""
    stretch: Matrix
    """P: by what the features are multiplied along each of the codes' directions, 1 at most."""
    usual_energy: float
    """Usual squared length of the pool's photos' standardised features."""
    centres: Matrix
    """n×P codes of the pool's images, or of some of them where it is large."""
    width: float
    """Of the kernel; see `steps.ridge.rational_quadratic`."""
    weights: Matrix
    """n×R: the solved weights of the images' log depth, in the basis."""
    basis: Basis
    mean: Matrix
    """Cells: mean log depth."""
    known: NDArray[np.bool_]
    """Cells: where enough of the pool's depth maps know anything."""
    local: LocalStage
    calibration: Calibration
    owners: NDArray[np.intp]
    """n: the pair that each centre is an image of."""
    photos: NDArray[np.float16]
    """N×P features of the pool's photos along the codes' directions, not stretched."""
    image_weights: NDArray[np.float16]
    """N×n: the weight of each pool image is this times the even kernel values."""
    focal: float | None
    """Focal length that depth is scaled to, in units of the root of the photo's area."""

    @one_blas_thread
    def predict(
        self,
        maps: Sequence[Maps],
        first: Matrix | None = None,
        novelty: float | None = None,
    ) -> Prediction:
        """Predict the log depth of one photo.

        Args:
            maps: of each network, 1×C×h×w a level.
            first: stage 1's answer, where it is known already.
            novelty: likewise.
        """
        features = [pooled(network) for network in maps]
        codes = self.codes(features)
        squared = distances(codes, self.centres, self.evens)
        residual = float(self.residual(features, codes)[0])
        if novelty is None:
            novelty = novelty_of(self.apart(codes)[0], residual)
        near, mirrored = (rational_quadratic(part, self.width)[0] for part in squared)
        similarity = near + mirrored
        if first is None:
            first = self._first(similarity, near - mirrored)
        single = [{name: values[0] for name, values in network.items()} for network in maps]
        log_depth = self.local.correct(single, first)
        spread = self.calibration.spread(
            log_depth.reshape(1, -1), first[None], np.array([novelty])
        ).reshape(CELLS)
        unknown = ~self.known.reshape(CELLS)
        log_depth[unknown] = np.nan
        spread[unknown] = np.nan
        return Prediction(log_depth, first, spread, novelty, residual, similarity, codes)

    def _first(self, even: Matrix, odd: Matrix) -> Matrix:
        """Return stage 1's log depth, rows×columns, by the kernels' values."""
        evens = self.basis.evens
        parts = [even @ self.weights[:, :evens], odd @ self.weights[:, evens:]]
        depth = self.mean + np.concatenate(parts) @ self.basis.maps
        return np.asarray(depth, np.float32).reshape(CELLS)

    @cached_property
    def _image_weights(self) -> Matrix:
        return self.image_weights.astype(np.float32)

    @property
    def evens(self) -> int:
        """How many of a code's numbers are even; see `kernel.mirror`."""
        return int(self.projections[0].even.shape[1])

    def codes(self, features: Sequence[Matrix]) -> Matrix:
        """Return the codes N×P of each network's pooled maps N×D."""
        return np.asarray(
            sum(p.codes(values) for p, values in zip(self.projections, features, strict=True))
        )

    def residual(self, features: Sequence[Matrix], codes: Matrix) -> Matrix:
        """Return N: squared lengths of what codes leave out, in units of the usual features'."""
        whole = sum(p.energy(values) for p, values in zip(self.projections, features, strict=True))
        left = left_over(np.asarray(whole), codes, self.stretch)
        return np.asarray(left / np.float32(self.usual_energy))

    def correlations(self, codes: Matrix) -> Matrix:
        """Correlation of a photo's features with each pool photo's, N; ``codes`` are 1×P."""
        return np.asarray(self.directions @ unit(codes / self.stretch)[0])

    def apart(self, codes: Matrix) -> Matrix:
        """Return n×N: squared distances of n photos' features to each pool photo's.

        Along the codes' directions, in units of the usual features' squared length; of a photo and
        its mirror image the nearer counts.
        """
        squared = nearer(codes / self.stretch, self._photos, self.evens)
        return np.asarray(squared / np.float32(self.usual_energy))

    @cached_property
    def _photos(self) -> Matrix:
        return self.photos.astype(np.float32)

    @cached_property
    def directions(self) -> Matrix:
        """The pool's photos' features, N×P, each of length 1."""
        return unit(self._photos)

    def weights_of(self, similarity: Matrix, own: int | None = None) -> Matrix:
        """Return N: the weight of each pool image in a prediction, of any sign.

        A photo's weight is the sum of its images'. Where the photo is the pool's image ``own`` and
        was left out, the others' are approximate: its own images take the one kernel value with
        which its own weight is 0, where exactly each of them has a value of its own.
        """
        sums = self._image_weights
        if own is not None:
            mine = self.owners == own
            others = float(sums[own, ~mine] @ similarity[~mine])
            itself = float(sums[own, mine].sum())
            similarity = np.where(mine, np.float32(-others / itself if itself else 0), similarity)
        weights = np.asarray(sums @ similarity, np.float32)
        if own is not None:
            weights[own] = 0
        return weights


def left_over(energy: Matrix, codes: Matrix, stretch: Matrix) -> Matrix:
    """Return N: what N×P codes leave out of features of squared length ``energy``."""
    return np.asarray(np.maximum(energy - ((codes / stretch) ** 2).sum(axis=1), 0))


def unit(features: Matrix) -> Matrix:
    """Return N×P features with each photo's divided by its length.

    Features are about the pool's mean, so that products of these are the correlations of what sets
    photos apart.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(lengths, 1e-12))
