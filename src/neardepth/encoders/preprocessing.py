"""How tiles are made ready for a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.errors import EncoderError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """Input size and colour normalisation of a network: ``x = (rgb / 255 − mean) / std``.

    Raises:
        EncoderError: a value is out of range.
    """

    size: tuple[int, int]
    """Height and width of the network's input, pixels."""
    mean: tuple[float, float, float]
    """Of red, green and blue on [0, 1]."""
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        sides = len(self.size) == 2 and all(
            type(side) is int and 1 <= side <= 8192 for side in self.size
        )
        colours = len(self.mean) == len(self.std) == 3
        if not (
            sides and colours and np.isfinite((*self.mean, *self.std)).all() and min(self.std) > 0
        ):
            raise EncoderError(
                "preprocessing takes a size (height, width) in pixels and three means and "
                f"positive deviations of red, green, blue on [0, 1], not {self.to_dict()}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, as it is kept with a pool."""
        return {"size": list(self.size), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Preprocessing:
        """Return the preprocessing that `to_dict` gave.

        Raises:
            EncoderError: the data is not that of a preprocessing.
        """
        try:
            size, mean, std = (tuple(data[key]) for key in ("size", "mean", "std"))
            return cls(size, mean, std)
        except (KeyError, TypeError, ValueError) as error:
            raise EncoderError(f"not a preprocessing: {data!r}") from error

    def apply(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Normalise tiles; thread-safe, and other threads go on meanwhile.

        Args:
            tiles: N×H×W×3, uint8, RGB, of the input size.

        Returns:
            N×3×H×W, float32.

        Raises:
            ValueError: the tiles are of another type or shape.
        """
        if tiles.dtype != np.uint8 or tiles.shape[1:] != (*self.size, 3):
            raise ValueError(f"tiles are {tiles.dtype} {tiles.shape}, not uint8 N×{self.size}×3")
        return self.normalise(tiles)

    def normalise(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Normalise the colours of images of any one size; N×H×W×3 uint8 to N×3×H×W float32."""
        mean, std = np.array(self.mean), np.array(self.std)
        # A table lookup is exact and three times as fast as arithmetic on the pixels.
        tables = ((np.arange(256) / 255 - mean[:, None]) / std[:, None]).astype(np.float32)
        prepared = np.empty((len(images), 3, *images.shape[1:3]), np.float32)
        for image, target in zip(np.ascontiguousarray(images), prepared, strict=True):
            for channel, table, plane in zip(cv2.split(image), tables, target, strict=True):
                cv2.LUT(channel, table[None], dst=plane)
        return prepared
