"""Forward warp of a photo along its rows, with a z-buffer at sub-pixel precision.

Everything here is the left eye's: nearer points move farther to the right. The right eye is its
mirror image (see `render_stereo`). A row of pixels is a chain of segments from pixel centre to
pixel centre, cut where depth jumps; each segment is moved, and every column of the new view takes
the colour of the segment that covers its centre, interpolated along it.

Of two segments that cover the same point, the nearer is the one that started farther left: it
moved farther. The first in the row is thus the front one, and the z-buffer need hold no depth
(the occlusion-compatible order of L. McMillan and G. Bishop, *Plenoptic Modeling*, 1995).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Shift = NDArray[np.float32]
Mask = NDArray[np.bool_]

CUT = 1.0
"""Pixels of shift between neighbours above which they are two surfaces. A plane at the distance a
from the eyes' line has a slope of half their distance over a: 0.03 at 1 m."""

_NOBODY = np.iinfo(np.int32).max


@dataclass(frozen=True, eq=False)
class Warped:
    """A view: H×W×3 colours, H×W shift of what is seen, H×W where nothing is."""

    image: NDArray[np.uint8]
    shift: Shift
    holes: Mask


def forward_warp(photo: NDArray[np.uint8], shift: Shift, margin: int) -> Warped:
    """Move each pixel of H×W×3 ``photo`` by H×W ``shift`` pixels to the right.

    Args:
        photo: H×W×3 uint8.
        shift: H×W pixels, finite, larger where nearer.
        margin: pixels at the far side of an edge that are not drawn where the edge opens, for
            they hold some of the near side's colour.

    Returns:
        The view; in its holes, the colours are undefined.
    """
    height, width = shift.shape
    columns = np.arange(width, dtype=np.float32)
    position = columns + shift
    cut = _cuts(shift)
    start = position - np.float32(0.5) * cut[:, :-1]
    stop = np.empty_like(position)
    stop[:, :-1] = position[:, 1:]
    stop[:, -1] = position[:, -1]
    length = np.where(cut[:, 1:], np.float32(np.inf), stop - position)
    np.copyto(stop, position + np.float32(0.5), where=cut[:, 1:])
    winner = _z_buffer(start, stop, _mixed(shift, cut, margin))
    holes = winner == _NOBODY
    source = np.where(holes, 0, winner)
    with np.errstate(divide="ignore", invalid="ignore"):  # segments of no length, never in front
        along = (columns - position.ravel()[source]) / length.ravel()[source]
    at = (source % width + np.clip(along, 0, 1)).astype(np.float32)
    rows = np.repeat(np.arange(height, dtype=np.float32)[:, None], width, axis=1)
    image = cv2.remap(photo, at, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return Warped(np.asarray(image, np.uint8), shift.ravel()[source], holes)


def _cuts(shift: Shift) -> Mask:
    """Say where the chain is cut: H×(W + 1), before each pixel and after the last."""
    height, width = shift.shape
    cut = np.ones((height, width + 1), np.bool_)
    np.greater(np.abs(np.diff(shift)), CUT, out=cut[:, 1:-1])
    return cut


def _mixed(shift: Shift, cut: Mask, margin: int) -> Mask:
    """Find the far pixels beside an opening edge, where the far side goes on behind them."""
    opens: Mask = np.zeros(shift.shape, np.bool_)
    opens[:, :-1] = cut[:, 1:-1] & (shift[:, 1:] > shift[:, :-1])
    mixed = np.zeros_like(opens)
    whole = np.ones_like(opens)
    for step in range(margin):
        whole[:, step:] &= ~cut[:, : cut.shape[1] - 1 - step]
    for step in range(margin):
        mixed[:, : mixed.shape[1] - step] |= (opens & whole)[:, step:]
    return mixed


def _z_buffer(start: Shift, stop: Shift, skip: Mask) -> NDArray[np.int32]:
    """Return for each column of the view the flat index of the pixel in front, or `_NOBODY`."""
    height, width = start.shape
    first = np.ceil(start).astype(np.int64)
    count = np.ceil(stop).astype(np.int64) - first
    count[skip] = 0
    winner = np.full(height * width, _NOBODY, np.int32)
    row = np.arange(height)[:, None] * width
    pixels = np.arange(height * width, dtype=np.int32).reshape(height, width)
    for step in range(int(count.max())):  # few: no segment is longer than 1 + CUT pixels
        column = first + step
        drawn = (count > step) & (column >= 0) & (column < width)
        np.minimum.at(winner, (row + column)[drawn], pixels[drawn])
    return winner.reshape(height, width)
