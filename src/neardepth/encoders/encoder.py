"""Encoder: what turns tiles into feature vectors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders.preprocessing import Preprocessing
from neardepth.errors import EncoderError
from neardepth.steps.tiling import cut_tiles

MAX_BATCH = 64
"""Tiles that one run takes at most, so that memory stays flat however many there are."""


class Encoder(ABC):
    """A function from tiles to feature vectors, with what identifies it; thread-safe.

    `NetworkEncoder` runs a network, `HandcraftedEncoder` computes what was described before
    networks were.
    """

    name: str
    weights_hash: str
    """SHA-256 in hex of what decides the numbers: the network's weights, or the recipe."""
    source: str
    """What `load_encoder` finds it by: a registered name, or the absolute path of a file."""
    preprocessing: Preprocessing
    dim: int
    """Length of a feature vector."""

    def cut(self, image: NDArray[np.uint8], grid: tuple[int, int]) -> NDArray[np.uint8]:
        """Cut an H×W×3 photo into tiles of the size that `preprocessing` names; see `cut_tiles`."""
        return cut_tiles(image, grid, self.preprocessing.size)

    @abstractmethod
    def prepare(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Make tiles ready for `run`; other threads go on meanwhile.

        Args:
            tiles: N×H×W×3, uint8, RGB, of the size that `preprocessing` names.

        Raises:
            ValueError: the tiles are of another type or shape.
        """

    @abstractmethod
    def run(self, prepared: NDArray[np.float32]) -> NDArray[np.float32]:
        """Encode prepared tiles, N×dim float32.

        Raises:
            ValueError: the tiles are of another type or shape.
            EncoderError: the network fails.
        """

    @property
    def map_channels(self) -> Mapping[str, int]:
        """Channels of each dense map that is given beside the vectors, by name."""
        return {}

    def maps(
        self, images: NDArray[np.uint8], wanted: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        """Run once on whole images, of any one size that it takes.

        Args:
            images: N×H×W×3, uint8, RGB.
            wanted: names in `map_channels`.

        Returns:
            N×C×h×w float32 of each map.

        Raises:
            EncoderError: there is no such map, or the network fails on this size, or gives what
                is not finite.
        """
        missing = [name for name in wanted if name not in self.map_channels]
        if missing:
            raise EncoderError(
                f"{self.source} gives no map '{missing[0]}': choose an encoder that does, for "
                "example efficientnet-lite0, or a method of tiles (`--method knn`)"
            )
        return self._maps(images, wanted)

    def _maps(
        self, images: NDArray[np.uint8], wanted: Sequence[str]
    ) -> dict[str, NDArray[np.float32]]:
        return {}

    def __call__(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Prepare and encode tiles, at most 64 at a time.

        Args:
            tiles: N×H×W×3, uint8, RGB, of the size that `preprocessing` names.

        Returns:
            N×dim, float32.

        Raises:
            ValueError: the tiles are of another type or shape.
            EncoderError: the network fails.
        """
        features = np.empty((len(tiles), self.dim), np.float32)
        for start in range(0, len(tiles), MAX_BATCH):
            chunk = slice(start, start + MAX_BATCH)
            features[chunk] = self.run(self.prepare(tiles[chunk]))
        return features

    def info(self) -> dict[str, Any]:
        """Return what identifies this encoder, as plain data: two that agree give one feature."""
        return {
            "name": self.name,
            "weights_hash": self.weights_hash,
            "preprocessing": self.preprocessing.to_dict(),
            "dim": self.dim,
            "source": self.source,
        }


def joint_info(encoders: Sequence[Encoder]) -> dict[str, Any]:
    """Return `Encoder.info` of one encoder; of several, their names and hashes joined by "+"."""
    infos = [encoder.info() for encoder in encoders]
    if len(infos) == 1:
        return infos[0]
    joined = {key: "+".join(info[key] for info in infos) for key in ("name", "weights_hash")}
    return {**joined, "networks": infos}
