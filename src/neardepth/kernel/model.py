"""A fitted kernel model: plain arrays, and how a photo's depth comes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.local import expand, surroundings
from neardepth.kernel.spread import Calibration, novelty_of
from neardepth.steps.dense import CELLS, GRIDS, Maps, interpolation, pooled
from neardepth.steps.ridge import gaussian, squared_distances
from neardepth.threads import one_blas_thread

Matrix = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Projection:
    """From one network's pooled maps to codes: ``(features · scale) @ directions − offset``."""

    scale: Matrix
    """D."""
    directions: Matrix
    """D×P, already multiplied by ``scale``."""
    offset: Matrix
    """P."""
    centre: Matrix
    """D, mean of the features times ``scale``."""

    def codes(self, features: Matrix) -> Matrix:
        """Return N×P; the codes of several networks are added up."""
        return np.asarray(features @ self.directions - self.offset)

    def turned(self, turn: Matrix) -> Projection:
        """Return the projection whose codes are these multiplied by ``turn``, P×Q."""
        return replace(self, directions=self.directions @ turn, offset=self.offset @ turn)

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

    def inputs(self, maps: Sequence[Maps]) -> Matrix:
        """Return the components at every cell, cells×ΣP, of one photo's maps, C×h×w each."""
        parts = []
        for network, means, directions in zip(maps, self.means, self.directions, strict=True):
            for level in GRIDS:
                values = network[level]
                flat = values.reshape(len(values), -1) - means[level][:, None]
                narrow = (directions[level].T @ flat).reshape(-1, *values.shape[1:])
                down = interpolation(CELLS[0], values.shape[1])
                across = interpolation(CELLS[1], values.shape[2])
                parts.append((down @ (narrow @ across.T)).reshape(len(narrow), -1))
        return np.ascontiguousarray(np.concatenate(parts).T)

    def weakened(self, strength: float) -> LocalStage:
        """Return the same with its corrections multiplied by ``strength``."""
        return replace(self, coefficients=np.float32(strength) * self.coefficients)

    def at(
        self, components: Matrix, first: Matrix, cells: NDArray[np.intp], coefficients: Matrix
    ) -> Matrix:
        """Return the log depth of some cells, n, by other coefficients; components are n×ΣP."""
        inputs = np.concatenate([components, surroundings(first[None])[0][cells]], axis=1)
        features = expand(inputs, self.frequencies, self.phases)
        return np.asarray(first.ravel()[cells] + features @ coefficients)

    def correct(self, components: Matrix, first: Matrix) -> Matrix:
        """Return stage 1's log depth (rows×columns) with its expected error added."""
        inputs = np.concatenate([components, surroundings(first[None])[0]], axis=1)
        features = expand(inputs, self.frequencies, self.phases)
        return first + (features @ self.coefficients).reshape(first.shape)


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
    """Kernel value with each view of the pool."""
    codes: Matrix


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
    """n×P codes of the pool's views, or of some of them where it is large."""
    width: float
    """Of the Gaussian kernel, ``exp(−width · squared distance)``."""
    weights: Matrix
    """n×R: the solved weights of the views' log depth, in the basis."""
    basis: Matrix
    """R×cells."""
    mean: Matrix
    """Cells: mean log depth."""
    known: NDArray[np.bool_]
    """Cells: where enough of the pool's depth maps know anything."""
    local: LocalStage
    calibration: Calibration
    owners: NDArray[np.intp]
    """n: the pair that each centre is a view of."""
    photos: NDArray[np.float16]
    """N×P features of the pool's photos along the codes' directions, not stretched."""
    image_weights: NDArray[np.float16]
    """N×L: the weight of each pool image is this times the kernel values at the landmarks."""
    landmarks: NDArray[np.intp]
    """L: these centres; all of them where the weights are exact."""
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
        squared = squared_distances(codes, self.centres)
        residual = float(self.residual(features, codes)[0])
        if novelty is None:
            novelty = novelty_of(squared[0], residual, self.calibration.unit)
        similarity = gaussian(squared, self.width)[0]
        if first is None:
            first = (self.mean + (similarity @ self.weights) @ self.basis).reshape(CELLS)
        single = [{name: values[0] for name, values in network.items()} for network in maps]
        log_depth = self.local.correct(self.local.inputs(single), first)
        spread = self.calibration.spread(
            log_depth.reshape(1, -1), first[None], np.array([novelty])
        ).reshape(CELLS)
        unknown = ~self.known.reshape(CELLS)
        log_depth[unknown] = np.nan
        spread[unknown] = np.nan
        return Prediction(log_depth, first, spread, novelty, residual, similarity, codes)

    @cached_property
    def _image_weights(self) -> Matrix:
        return self.image_weights.astype(np.float32)

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
        return cosines(codes / self.stretch, self.photos.astype(np.float32))

    def weights_of(self, similarity: Matrix, own: int | None = None) -> Matrix:
        """Return N: the weight of each pool image in a prediction, of any sign.

        An image's weight is the sum of its views'. Where the photo is the pool's image ``own`` and
        was left out, the others' are approximate: its own views take the one kernel value with
        which its own weight is 0, where exactly each of them has a value of its own.
        """
        sums, similarity = self._image_weights, similarity[self.landmarks]
        if own is not None:
            mine = self.owners[self.landmarks] == own
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


def cosines(codes: Matrix, photos: Matrix) -> Matrix:
    """Cosine of a photo's codes, 1×P, with those of N photos.

    Codes are features less the pool's mean, so this is the correlation of what sets photos apart.
    """
    norms = np.linalg.norm(photos, axis=1) * np.linalg.norm(codes)
    return np.asarray(photos @ codes[0] / np.maximum(norms, 1e-12))
