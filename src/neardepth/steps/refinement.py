"""Step 6, refine: filter the fused depth so that its edges follow the photo's."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import enlarge, resize_depth

Depth = NDArray[np.float32]
Refinement = Callable[[Depth, NDArray[np.uint8], int, float], Depth]

_FITTED_RADIUS = 2
"""Pixels of a guided filter's radius on the grid where it is fitted."""
_LEAST_SIGMA = 5.0
"""Grey levels: with less, single precision cannot tell a grey photo's three channels apart."""
_MOST_SIGMA = 1e4
"""With more it overflows, and photos vary by far less."""


def cross_bilateral(
    depth: Depth, guide: NDArray[np.uint8], radius: int, sigma_colour: float
) -> Depth:
    """Cross (joint) bilateral filter: average depth over near pixels of similar colour.

    ``D'(p) = Σ_q w(p,q) D(q) / Σ_q w(p,q)`` over the known q within ``radius`` of p, with
    ``w = exp(−|p−q|²/2σ_s²) · exp(−|I(p)−I(q)|₁²/2σ_c²)``, σ_s = radius / 2 (Petschnigg et al.
    2004; Eisemann and Durand 2004). What is unknown stays unknown and is not averaged in.

    Args:
        depth: H×W metres, NaN where unknown.
        guide: H×W×3 uint8, the photo.
        radius: pixels.
        sigma_colour: grey levels of 0…255, summed over the three channels.

    Returns:
        H×W metres.
    """
    joint = guide.astype(np.float32)

    def smooth(values: Depth) -> Depth:
        return np.asarray(
            cv2.ximgproc.jointBilateralFilter(
                joint, values, 2 * radius + 1, sigma_colour, radius / 2
            )
        )

    unknown = np.isnan(depth)
    if not unknown.any():
        return smooth(depth)
    share = smooth(np.where(unknown, np.float32(0), np.float32(1)))
    total = smooth(np.where(unknown, np.float32(0), depth))
    filtered: Depth = depth.copy()
    np.divide(total, share, out=filtered, where=~unknown)
    return filtered


def guided(depth: Depth, guide: NDArray[np.uint8], radius: int, sigma_colour: float) -> Depth:
    """Guided filter: depth as a local linear function of the photo's colours.

    K. He, J. Sun, X. Tang, *Guided Image Filtering*, ECCV 2010, with ε = sigma_colour², of a
    ``sigma_colour`` of 5 at least. Wide windows are fitted on a smaller grid (K. He, J. Sun, *Fast
    Guided Filter*, 2015).

    Arguments and result as for `cross_bilateral`; the radius is 1 at least.
    """
    unknown = np.isnan(depth)
    if unknown.all():
        return depth
    scale = min(1.0, max(_FITTED_RADIUS / radius, 1 / min(depth.shape)))
    refined = cv2.ximgproc.guidedFilter(
        guide,
        np.where(unknown, _bridged(depth, scale), depth) if unknown.any() else depth,
        round(radius * scale),
        min(max(sigma_colour, _LEAST_SIGMA), _MOST_SIGMA) ** 2,
        scale=scale,
    )
    # A local linear fit can overshoot: refined depth stays within what was fused.
    refined = np.clip(refined, np.nanmin(depth), np.nanmax(depth), out=refined)
    refined[unknown] = np.nan
    return np.asarray(refined)


def _bridged(depth: Depth, scale: float) -> Depth:
    """Return what holes are filled with: the mean of what is known around, on a smaller grid.

    Where points are sparse, how many of them are known in a window is no function of its colours,
    so weighing by that share would distort the depth.
    """
    size = (max(1, round(depth.shape[0] * scale)), max(1, round(depth.shape[1] * scale)))
    return enlarge(fill_unknown(resize_depth(depth, size)), depth.shape)


def unrefined(depth: Depth, guide: NDArray[np.uint8], radius: int, sigma_colour: float) -> Depth:
    """Return the fused depth as it is."""
    return depth


REFINEMENTS: dict[str, Refinement] = {
    "cross-bilateral": cross_bilateral,
    "guided": guided,
    "none": unrefined,
}


def fill_unknown(depth: Depth) -> Depth:
    """Fill what nobody knew from the known depth around it, coarse to fine (pull and push).

    Each unknown pixel takes the average of the known ones in the smallest neighbourhood of a
    halving pyramid that has any (Gortler et al., *The Lumigraph*, 1996). Known depth is kept.

    Args:
        depth: H×W metres, NaN where unknown.

    Returns:
        H×W metres without NaN, or all NaN where nothing at all is known.
    """
    unknown = np.isnan(depth)
    height, width = depth.shape
    if not unknown.any() or max(height, width) == 1:
        return depth
    coarse = fill_unknown(resize_depth(depth, ((height + 1) // 2, (width + 1) // 2)))
    return np.where(unknown, resize_depth(coarse, (height, width)), depth)
