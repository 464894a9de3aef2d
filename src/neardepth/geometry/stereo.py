"""Depth-image-based rendering: what two eyes would have seen, from one photo and its depth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from neardepth.geometry.edges import sharpen_edges
from neardepth.geometry.holes import fill_holes
from neardepth.geometry.rig import Rig
from neardepth.geometry.warp import forward_warp
from neardepth.steps.refinement import fill_unknown

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Eye = Literal["left", "right"]

_STRIP_PIXELS = 500_000  # worked on at a time: the arrays of a strip stay in the cache
_MARGIN_SHARE = 1 / 800  # of the width: how far an edge's colours mix, at least two pixels
_BLUR_SHARE = 1 / 200  # of the width: rows above and below that a filled hole is averaged over


@dataclass(frozen=True, eq=False)
class StereoPair:
    """Two views of H×W×3 uint8 RGB, and what of each the photo did not show (H×W, filled in)."""

    left: Image
    right: Image
    left_holes: Mask
    right_holes: Mask


def render_stereo(
    photo: Image, depth: NDArray[np.float32], rig: Rig, *, keep: Eye | None = None
) -> StereoPair:
    """Render the views of two eyes (C. Fehn, *Depth-image-based rendering*, SPIE 5291, 2004).

    Both eyes are half of ``rig``'s parallax away from the photo, or one is the photo itself and
    the other all of it. Nearer points cover farther ones; what neither shows is filled in from the
    background beside it. The same input gives the same output.

    Args:
        photo: H×W×3 uint8 RGB.
        depth: H×W metres of z-depth, NaN where unknown (bridged from the depth around it).
        rig: how far apart the eyes see things.
        keep: the eye that is the photo, unchanged; None for neither.

    Raises:
        ValueError: photo and depth do not fit together, or nothing is known of depth.
    """
    if photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8:
        raise ValueError(f"the photo is H×W×3 uint8, not {photo.dtype} of shape {photo.shape}")
    if depth.shape != photo.shape[:2]:
        raise ValueError(f"depth of shape {depth.shape} is not that of a photo {photo.shape[:2]}")
    filled = fill_unknown(np.where(depth > 0, depth, np.float32(np.nan)).astype(np.float32))
    if np.isnan(filled).any():
        raise ValueError("nothing is known of the depth")
    share = {"left": (0.0, 1.0), "right": (1.0, 0.0), None: (0.5, 0.5)}[keep]
    parallax = rig.parallax(filled)
    left, left_holes = _eye(photo, parallax * np.float32(share[0]))
    mirrored = np.ascontiguousarray(photo[:, ::-1])
    right, right_holes = _eye(mirrored, parallax[:, ::-1] * np.float32(share[1]))
    return StereoPair(
        left, np.ascontiguousarray(right[:, ::-1]), left_holes, right_holes[:, ::-1].copy()
    )


def _eye(photo: Image, shift: NDArray[np.float32]) -> tuple[Image, Mask]:
    """Render the left eye's view of a photo; the right one's is the mirror image of this."""
    if not shift.any():
        return photo.copy(), np.zeros(shift.shape, np.bool_)
    height, width = shift.shape
    margin, blur = max(2, round(width * _MARGIN_SHARE)), max(1, round(width * _BLUR_SHARE))
    view = np.empty_like(photo)
    holes = np.empty(shift.shape, np.bool_)
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        bottom, first = min(top + rows, height), max(0, top - blur)
        strip, own = slice(first, bottom + blur), slice(top - first, bottom - first)
        clean = sharpen_edges(shift[strip], photo[strip])
        warped = forward_warp(photo[strip], clean, margin)
        view[top:bottom] = fill_holes(warped, blur)[own]
        holes[top:bottom] = warped.holes[own]
    return view, holes
