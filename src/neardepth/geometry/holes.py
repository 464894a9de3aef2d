"""What a new view shows and the photo does not: filled in from the background beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neardepth.geometry.warp import Warped


def fill_holes(view: Warped) -> NDArray[np.uint8]:
    """Return H×W×3 colours of a view whose holes hold the background's.

    Of the two sides of a hole in its row, the farther one is what goes on behind; at the photo's
    border there is only one.
    """
    filled = view.image.copy()
    row, column = np.nonzero(view.holes)
    if not row.size:
        return filled
    side = _background(view, row, column)
    filled[row, column] = np.where((side >= 0)[:, None], view.image[row, np.maximum(side, 0)], 0)
    return filled


def _background(
    view: Warped, row: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return for each pixel of a hole the column of the background beside it, -1 for none."""
    height, width = view.holes.shape
    columns = np.arange(width, dtype=np.int32)
    left = np.maximum.accumulate(np.where(view.holes, np.int32(-1), columns), axis=1)
    right = np.minimum.accumulate(np.where(view.holes, np.int32(width), columns)[:, ::-1], axis=1)[
        :, ::-1
    ]
    before, after = left[row, column].astype(np.int64), right[row, column].astype(np.int64)
    nearness_before = np.where(before >= 0, view.shift[row, before], np.inf)
    nearness_after = np.where(after < width, view.shift[row, np.minimum(after, width - 1)], np.inf)
    chosen = np.where(nearness_before <= nearness_after, before, after)
    return np.where(chosen == width, -1, chosen)
