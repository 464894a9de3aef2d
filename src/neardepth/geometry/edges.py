"""Depth edges as steps: a ramp between two surfaces would be torn into shreds by a warp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neardepth.geometry.warp import CUT


def sharpen_edges(shift: NDArray[np.float32], photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Make each steep ramp along a row a step where the photo's colour changes most.

    A ramp is a run of neighbours that differ by more than ``CUT`` pixels in the same direction.
    Its pixels belong to neither surface: those before the step take the shift of the pixel
    where the ramp starts, the others of the one where it ends.

    Args:
        shift: H×W pixels.
        photo: H×W×3 uint8.

    Returns:
        H×W pixels.
    """
    difference = np.diff(shift)
    row, before = np.nonzero(np.abs(difference) > CUT)  # in order, row by row
    if not row.size:
        return shift
    rising = difference[row, before] > 0
    starts = np.ones(row.size, np.bool_)
    starts[1:] = (np.diff(row) != 0) | (np.diff(before) != 1) | (np.diff(rising))
    first = np.flatnonzero(starts)
    run = np.cumsum(starts) - 1
    last = np.append(first[1:], row.size) - 1
    change = np.abs(photo[row, before + 1].astype(np.int32) - photo[row, before]).sum(axis=1)
    # Of equal changes the middle one counts: photos without texture say nothing.
    off_middle = np.abs(2 * np.arange(row.size) - (first + last)[run])
    score = change * (2 * shift.shape[1] + 1) - off_middle
    best = np.maximum.reduceat(score, first)
    step = np.maximum.reduceat(np.where(score == best[run], np.arange(row.size), -1), first)
    inside = ~starts
    near_start = np.arange(row.size) <= step[run]
    ends = np.where(near_start, shift[row, before[first][run]], shift[row, before[last][run] + 1])
    stepped: NDArray[np.float32] = shift.copy()
    stepped[row[inside], before[inside]] = ends[inside]
    return stepped
