"""What a new view shows and the photo does not: filled in from the background beside it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.geometry.warp import Warped

Rows = NDArray[np.intp]
Columns = NDArray[np.intp]


def fill_holes(view: Warped, blur: int) -> NDArray[np.uint8]:
    """Return H×W×3 colours of a view whose holes hold the background's.

    Of the two sides of a hole in its row, the farther one is what goes on behind; at the photo's
    border there is only one. A hole takes that side's last colour, averaged over the rows above
    and below that are holes there too, so that single rows leave no streaks.

    Args:
        view: the view.
        blur: rows above and below that are averaged.
    """
    filled: NDArray[np.uint8] = view.image.copy()
    row, column = np.nonzero(view.holes)
    if not row.size:
        return filled
    side = _background(view, row, column)
    colours = np.zeros_like(filled)
    colours[row, column] = view.image[row, np.maximum(side, 0)] * (side >= 0)[:, None]
    window = (1, 2 * blur + 1)
    total = cv2.boxFilter(colours, cv2.CV_32F, window, normalize=False, borderType=_OUTSIDE)
    count = cv2.boxFilter(
        view.holes.view(np.uint8), cv2.CV_32F, window, normalize=False, borderType=_OUTSIDE
    )
    filled[row, column] = np.rint(total[row, column] / count[row, column][:, None])
    return filled


_OUTSIDE = cv2.BORDER_CONSTANT  # zeros: rows outside do not count


def _background(view: Warped, row: Rows, column: Columns) -> Columns:
    """Return for each pixel of a hole the column of the background beside it, -1 for none."""
    width = view.holes.shape[1]
    columns = np.arange(width, dtype=np.int32)
    before = np.where(view.holes, np.int32(-1), columns)
    before = np.maximum.accumulate(before, axis=1)[row, column]
    after = np.where(view.holes, np.int32(width), columns)[:, ::-1]
    after = np.minimum.accumulate(after, axis=1)[:, ::-1][row, column]
    nearness = [
        np.where(there, view.shift[row, np.clip(at, 0, width - 1)], np.inf)
        for at, there in ((before, before >= 0), (after, after < width))
    ]
    chosen: Columns = np.where(nearness[0] <= nearness[1], before, after).astype(np.intp)
    chosen[chosen == width] = -1
    return chosen
