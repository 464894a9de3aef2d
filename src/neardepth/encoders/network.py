"""Encoding by a network: one ONNX Runtime session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders.encoder import Encoder
from neardepth.encoders.preprocessing import IMAGENET_MEAN, IMAGENET_STD, Preprocessing
from neardepth.encoders.session import infer, infer_maps, open_session, signature
from neardepth.errors import EncoderError

_USUAL_SIDE = 224


class NetworkEncoder(Encoder):
    """One ONNX Runtime session with the preprocessing that belongs to it; thread-safe.

    Args:
        model: the network, as a file or as bytes.
        name: of the encoder.
        weights_hash: SHA-256 in hex of what the network's weights came in.
        source: the registered name, or the absolute path of the ONNX file.
        preprocessing: None means the graph's input size, 224×224 where it is open, with
            ImageNet's mean and deviation.
        threads: threads that work on one run; None leaves the number to ONNX Runtime.
        providers: ONNX Runtime execution providers, best first; None means the CPU.

    Raises:
        EncoderError: the network is damaged or does not fit, or a provider is not available.
    """

    def __init__(
        self,
        model: Path | bytes,
        *,
        name: str,
        weights_hash: str,
        source: str,
        preprocessing: Preprocessing | None = None,
        threads: int | None = None,
        providers: Sequence[str] | None = None,
    ) -> None:
        self.name, self.weights_hash, self.source = name, weights_hash, source
        self._session = open_session(model, source, threads, providers)
        self._signature = signature(self._session, source)
        height, width = self._signature.size
        self.preprocessing = preprocessing or Preprocessing(
            (height or _USUAL_SIDE, width or _USUAL_SIDE), IMAGENET_MEAN, IMAGENET_STD
        )
        size = self.preprocessing.size
        if height not in (None, size[0]) or width not in (None, size[1]):
            raise EncoderError(
                f"{source} takes images of {height or 'any'}×{width or 'any'} px (height × "
                f"width), not the {size[0]}×{size[1]} px of the given preprocessing"
            )
        self.dim = self._signature.dim or self._probe()

    def prepare(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Normalise tiles for `run`, N×3×H×W float32; other threads go on meanwhile."""
        return self.preprocessing.apply(tiles)

    def run(self, prepared: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the bare network on prepared tiles, all at once where the graph allows it.

        Args:
            prepared: N×3×H×W, float32, from `prepare`.

        Returns:
            N×dim, float32.

        Raises:
            ValueError: the tiles are of another type or shape.
            EncoderError: the network fails.
        """
        if prepared.dtype != np.float32 or prepared.shape[1:] != (3, *self.preprocessing.size):
            raise ValueError(f"prepared tiles are {prepared.dtype} {prepared.shape}")
        if not len(prepared):
            return np.empty((0, self.dim), np.float32)
        batch = self._signature.batch
        if batch is None:
            return self._infer(prepared)
        # The graph takes just so many: the last run is filled up with zeros.
        blanks = np.zeros((-len(prepared) % batch, *prepared.shape[1:]), np.float32)
        filled = np.concatenate([prepared, blanks]) if len(blanks) else prepared
        runs = [self._infer(filled[i : i + batch]) for i in range(0, len(filled), batch)]
        return np.concatenate(runs)[: len(prepared)]

    @property
    def map_channels(self) -> Mapping[str, int]:
        """Channels of each dense map that the network gives beside its vectors, by name."""
        return self._signature.maps

    def _maps(
        self, images: NDArray[np.uint8], wanted: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        x = self.preprocessing.normalise(images)
        return infer_maps(self._session, self._signature, wanted, x, self.source)

    def _infer(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        return infer(self._session, self._signature, x, self.source)

    def _probe(self) -> int:
        """Find the length of a feature vector where the graph leaves it open."""
        batch = self._signature.batch or 1
        features = self._infer(np.zeros((batch, 3, *self.preprocessing.size), np.float32))
        return int(features.shape[1])
