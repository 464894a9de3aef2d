"""The camera of a photo: where its focal length comes from, and what depth is scaled by."""

from __future__ import annotations

import math
from dataclasses import replace

from neardepth.errors import MethodError
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo

_SHORTEST, _LONGEST = 0.1, 100.0
"""Focal lengths that are taken, in widths of the photo."""
WIDEST = math.floor(math.degrees(2 * math.atan(0.5 / _SHORTEST)))
"""Degrees across that are taken: the field of view of the shortest focal length."""


def with_camera(photo: Photo, focal_px: float | None, fov: float | None) -> Photo:
    """Give a photo the focal length that the user states, in place of its EXIF data's.

    Args:
        photo: the photo.
        focal_px: focal length in pixels.
        fov: horizontal field of view in degrees.

    Raises:
        MethodError: both are given, or one is out of range.
    """
    if focal_px is None and fov is None:
        return photo
    height, width = photo.image.shape[:2]
    if focal_px is not None and fov is not None:
        raise MethodError("give the focal length or the field of view, not both")
    if fov is not None:
        if not 1 <= fov <= WIDEST:
            raise MethodError(f"a field of view is from 1 to {WIDEST} degrees, not {fov:g}")
        focal_px = width / 2 / math.tan(math.radians(fov) / 2)
    if focal_px is None or not _SHORTEST * width <= focal_px <= _LONGEST * width:
        raise MethodError(f"a focal length of {focal_px:g} px does not fit a photo {width} px wide")
    camera = Intrinsics(focal_px, focal_px, (width - 1) / 2, (height - 1) / 2, "given")
    return replace(photo, intrinsics=camera)


def relative_focal(camera: Intrinsics | None, height: int, width: int) -> float | None:
    """Return the focal length in units of the root of the photo's area, None where not known.

    Of two photos resized to the same number of pixels, this is what tells their lenses apart.
    """
    if camera is None:
        return None
    return math.sqrt(camera.fx * camera.fy / (height * width))
