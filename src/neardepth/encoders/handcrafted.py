"""Encoding by hand-made descriptors: no weights, nothing learned."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders.encoder import Encoder
from neardepth.encoders.preprocessing import Preprocessing
from neardepth.imaging.resize import resize_photo
from neardepth.steps.handcrafted import HANDCRAFTED, SIZE

_RECIPE = 1
"""Counted up whenever a descriptor changes its numbers: older columns then are stale."""


class HandcraftedEncoder(Encoder):
    """One of `steps.handcrafted.HANDCRAFTED`, where an encoder is asked for; thread-safe."""

    def __init__(self, name: str) -> None:
        self._describe, self.dim = HANDCRAFTED[name]
        self.name = self.source = name
        self.weights_hash = hashlib.sha256(f"{name} {_RECIPE}".encode()).hexdigest()
        self.preprocessing = Preprocessing(SIZE, (0, 0, 0), (1, 1, 1))

    def cut(self, image: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.uint8]:
        """Cut a photo that is shrunk first: patterns and gradients of skipped pixels are noise."""
        rows, columns = grid
        return super().cut(resize_photo(image, (rows * SIZE[0], columns * SIZE[1])), grid)

    def prepare(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Describe tiles, N×dim: here, so that reader threads share the work."""
        if tiles.dtype != np.uint8 or tiles.shape[1:] != (*SIZE, 3):
            raise ValueError(f"tiles are {tiles.dtype} {tiles.shape}, not uint8 N×{SIZE}×3")
        vectors = np.empty((len(tiles), self.dim), np.float32)
        for vector, tile in zip(vectors, tiles, strict=True):
            vector[:] = self._describe(np.ascontiguousarray(tile))
        return vectors

    def run(self, prepared: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what `prepare` made."""
        if prepared.dtype != np.float32 or prepared.shape[1:] != (self.dim,):
            raise ValueError(f"prepared tiles are {prepared.dtype} {prepared.shape}")
        return prepared
