"""From log depth on a coarse grid to the maps of an answer, at the size of the photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo
from neardepth.imaging.resize import resize_depth, resize_photo
from neardepth.methods import Method
from neardepth.result import Neighbour
from neardepth.retrieval.camera import relative_focal
from neardepth.retrieval.common import working_size
from neardepth.steps.refinement import REFINEMENTS, fill_unknown


def maps_of(
    photo: NDArray[np.uint8],
    log_depth: NDArray[np.float32],
    spread: NDArray[np.float32],
    method: Method,
    fill: bool,
) -> dict[str, Any]:
    """Bring log depth and its spread to the photo's size, along the photo's edges.

    Args:
        photo: H×W×3.
        log_depth: rows×columns, NaN where unknown.
        spread: rows×columns, of log depth.
        method: says how depth is refined.
        fill: fill in what is unknown.

    Returns:
        The fields of a `DepthResult` that are maps.
    """
    size, full = working_size(photo), photo.shape[:2]
    fused = resize_depth(np.exp(log_depth), size)
    refined = REFINEMENTS[method.refine](
        fused, resize_photo(photo, size), method.refine_radius, method.refine_sigma
    )
    depth = resize_depth(refined, full)
    return {
        "depth": resize_depth(fill_unknown(refined), full) if fill else depth,
        "fused": resize_depth(fused, full),
        "uncertainty": depth * resize_depth(spread, full),
        "filled": np.isnan(depth) if fill else None,
    }


def ranked(
    ids: Sequence[str],
    correlations: NDArray[np.float32],
    weights: NDArray[np.float32],
    count: int,
    own: int | None = None,
) -> tuple[tuple[Neighbour, ...], Neighbour]:
    """Return the images of largest weight, largest first, and the most correlated one.

    Args:
        ids: N.
        correlations: N, with the photo.
        weights: N, of any sign.
        count: how many to name.
        own: the photo's own place, which is left out where there are others.
    """

    def neighbour(place: int) -> Neighbour:
        return Neighbour(ids[place], float(correlations[place]), float(weights[place]), kept=True)

    order = np.argsort(-np.abs(weights), kind="stable")
    alike = correlations.copy()
    if own is not None:
        alike[own] = -np.inf
    named = order[order != own][:count]
    return tuple(map(neighbour, named)), neighbour(int(np.argmax(alike)))


def camera_of(
    photo: Photo, usual: float | None, whose: str
) -> tuple[Intrinsics | None, str, np.float32]:
    """Return the photo's camera, what is assumed of it, and what to add to log depth for it.

    Args:
        photo: the photo.
        usual: focal length that depth is scaled to, None where it is not known; see
            `relative_focal`.
        whose: what that is the focal length of, "pool" or "model".
    """
    height, width = photo.image.shape[:2]
    own = relative_focal(photo.intrinsics, height, width)
    if usual is None:
        return (
            photo.intrinsics,
            f"that of the {whose}, whose focal length is not known",
            np.float32(0),
        )
    usual_px = usual * (height * width) ** 0.5
    if photo.intrinsics is None or own is None:
        text = f"that of the {whose}: focal length {usual_px:.0f} px"
        middle = ((width - 1) / 2, (height - 1) / 2)
        return (
            Intrinsics(usual_px, usual_px, *middle, f"assumed: the {whose}'s usual"),
            text,
            np.float32(0),
        )
    text = (
        f"focal length {own / usual * usual_px:.0f} px ({photo.intrinsics.origin}), the {whose}'s "
        f"{usual_px:.0f} px: depth × {own / usual:.2f}"
    )
    return photo.intrinsics, text, np.float32(np.log(own / usual))
