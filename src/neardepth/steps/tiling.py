"""Step 1, sample: cut the photo into a grid of tiles."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.errors import MethodError


def tile_edges(length: int, parts: int) -> list[int]:
    """Return the ``parts + 1`` pixel positions that cut ``length`` pixels into equal parts.

    Parts differ by at most one pixel where ``length`` is no multiple of ``parts``; every pixel
    belongs to exactly one part.
    """
    return [index * length // parts for index in range(parts + 1)]


def cut_tiles(
    image: NDArray[np.uint8], grid: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Cut a photo into tiles and resize each bilinearly to the network's input.

    Args:
        image: H×W×3, uint8.
        grid: rows and columns of tiles; the paper's is (4, 4).
        size: height and width of each returned tile, pixels.

    Returns:
        (rows·columns)×height×width×3, uint8, row by row from the top left.

    Raises:
        MethodError: the photo has fewer pixels a side than the grid has tiles.
    """
    rows, columns = grid
    height, width = image.shape[:2]
    if height < rows or width < columns:
        raise MethodError(
            f"a photo of {width}×{height} px cannot be cut into {columns}×{rows} tiles: "
            "use fewer tiles or a larger photo"
        )
    tops, lefts = tile_edges(height, rows), tile_edges(width, columns)
    tiles = np.empty((rows * columns, *size, 3), np.uint8)
    for row in range(rows):
        for column in range(columns):
            tile = image[tops[row] : tops[row + 1], lefts[column] : lefts[column + 1]]
            cv2.resize(
                tile,
                (size[1], size[0]),
                dst=tiles[row * columns + column],
                interpolation=cv2.INTER_LINEAR,
            )
    return tiles
