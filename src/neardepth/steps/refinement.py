"""Step 6, refine: filter the fused depth so that its edges follow the photo's."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.resize import enlarge, resize_depth, resize_photo

Depth = NDArray[np.float32]
Fine = NDArray[np.float64]
Refinement = Callable[[Depth, NDArray[np.uint8], int, float], Depth]

_FITTED_RADIUS = 2
"""Pixels of a guided filter's radius on the grid where it is fitted."""
_LEAST_RIDGE = 1e-4
"""Squared grey levels, far below what 8 bits tell apart: grey photos' channels are all the same."""


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

    K. He, J. Sun, X. Tang, *Guided Image Filtering*, ECCV 2010, with ε = sigma_colour². Wide
    windows are fitted on a smaller grid (K. He, J. Sun, *Fast Guided Filter*, 2015).

    Arguments and result as for `cross_bilateral`; the radius is 1 at least.
    """
    unknown = np.isnan(depth)
    if unknown.all():
        return depth
    shape = depth.shape
    scale = min(1.0, _FITTED_RADIUS / radius)
    size = (max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale)))
    # Holes are bridged for the fit: where points are sparse, how many of them are known in a
    # window is no function of its colours, so weighing by that share would distort the depth.
    coarse = fill_unknown(resize_depth(depth, size))
    slopes, offset = _linear(
        coarse,
        resize_photo(guide, size),
        round(radius * scale),
        max(sigma_colour**2, _LEAST_RIDGE),
    )
    refined = enlarge(offset, shape)
    for slope, colour in zip(slopes, cv2.split(guide), strict=True):
        term = enlarge(slope, shape)
        cv2.add(refined, cv2.multiply(term, colour, dst=term, dtype=cv2.CV_32F), dst=refined)
    # A local linear fit can overshoot: refined depth stays within what was fused.
    refined = np.clip(refined, np.nanmin(depth), np.nanmax(depth), out=refined)
    refined[unknown] = np.nan
    return refined


def _linear(
    depth: Depth, guide: NDArray[np.uint8], radius: int, ridge: float
) -> tuple[list[Depth], Depth]:
    """Fit depth in each window by the guide's three channels, and average over the windows.

    Returns:
        The slope of each channel, and the offset; H×W each.
    """

    def mean(values: Fine) -> Fine:
        return np.asarray(cv2.blur(values, (2 * radius + 1, 2 * radius + 1)))

    # In double precision: of grey photos the cofactors are differences of nearly equal numbers.
    target = depth.astype(np.float64)
    colours = [guide[..., channel].astype(np.float64) for channel in range(3)]
    means, level = [mean(values) for values in colours], mean(target)
    with_depth = [mean(c * target) - m * level for c, m in zip(colours, means, strict=True)]
    rr, rg, rb, gg, gb, bb = (
        mean(colours[i] * colours[j]) - means[i] * means[j] + ridge * (i == j)
        for i, j in itertools.combinations_with_replacement(range(3), 2)
    )
    # The inverse of the symmetric 3×3 matrix, by its cofactors.
    inverse = (
        (gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb),
        (gb * rb - rg * bb, rr * bb - rb * rb, rb * rg - rr * gb),
        (rg * gb - gg * rb, rb * rg - rr * gb, rr * gg - rg * rg),
    )
    determinant = rr * inverse[0][0] + rg * inverse[0][1] + rb * inverse[0][2]
    slopes = [sum(row[i] * with_depth[i] for i in range(3)) / determinant for row in inverse]
    offset = level - sum(slope * m for slope, m in zip(slopes, means, strict=True))
    return [mean(slope).astype(np.float32) for slope in slopes], mean(offset).astype(np.float32)


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
