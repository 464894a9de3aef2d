"""Camera intrinsics in pixels, and how they are read from a photo's EXIF data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

# EXIF tags (Exif 2.32, tables 7 and 8).
_FOCAL_LENGTH = 37386  # millimetres
_PIXEL_WIDTH = 40962
_PIXEL_HEIGHT = 40963
_PLANE_X_RESOLUTION = 41486  # sensor pixels per unit
_PLANE_Y_RESOLUTION = 41487
_PLANE_UNIT = 41488
_FOCAL_LENGTH_35MM = 41989

_UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 0.001}  # inch, centimetre, millimetre, micrometre
_DIAGONAL_35MM = math.hypot(36.0, 24.0)  # CIPA DCG-001 compares diagonals
_PLAUSIBLE = (0.1, 100.0)  # focal length over the longer side: 157° … 0.6° of view


@dataclass(frozen=True)
class Intrinsics:
    """A pinhole camera: focal lengths and principal point in pixels of the upright photo.

    Pixel centres lie at whole numbers, so the middle of a W pixels wide photo is ``(W - 1) / 2``.
    ``origin`` says where the numbers come from, and is written beside them.
    """

    fx: float
    fy: float
    cx: float
    cy: float
    origin: str = "given"

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (self.fx, self.fy, self.cx, self.cy)):
            raise ValueError("intrinsics must be finite numbers")
        if self.fx <= 0 or self.fy <= 0:
            raise ValueError(f"focal lengths must be positive, not {self.fx} and {self.fy}")

    def scaled(self, sx: float, sy: float) -> Intrinsics:
        """Return the camera of the photo resized ``sx`` times in width, ``sy`` in height."""
        return Intrinsics(
            fx=self.fx * sx,
            fy=self.fy * sy,
            cx=(self.cx + 0.5) * sx - 0.5,
            cy=(self.cy + 0.5) * sy - 0.5,
            origin=self.origin,
        )

    @classmethod
    def from_exif(
        cls, tags: Mapping[int, object], size: tuple[int, int], *, turned: bool = False
    ) -> Intrinsics | None:
        """Read intrinsics from the tags of an Exif IFD, or None where they do not tell.

        ``size`` is (height, width) of the upright photo; ``turned`` says that it was stored
        on its side. The principal point is taken as the photo's middle. The 35 mm equivalent
        is preferred: unlike the sensor's resolution it survives resizing by any program.
        """
        height, width = size
        focal = _focal_35mm(tags, size) or _focal_sensor(tags, size, turned=turned)
        if focal is None:
            return None
        fx, fy, origin = focal
        low, high = (bound * max(size) for bound in _PLAUSIBLE)
        if not (low <= fx <= high and low <= fy <= high):
            return None
        return cls(fx, fy, (width - 1) / 2, (height - 1) / 2, origin)


def _focal_35mm(
    tags: Mapping[int, object], size: tuple[int, int]
) -> tuple[float, float, str] | None:
    equivalent = _number(tags, _FOCAL_LENGTH_35MM)
    if equivalent is None:
        return None
    focal = equivalent * math.hypot(*size) / _DIAGONAL_35MM
    return focal, focal, "EXIF FocalLengthIn35mmFilm"


def _focal_sensor(
    tags: Mapping[int, object], size: tuple[int, int], *, turned: bool
) -> tuple[float, float, str] | None:
    length = _number(tags, _FOCAL_LENGTH)
    x_resolution = _number(tags, _PLANE_X_RESOLUTION)
    if length is None or x_resolution is None:
        return None
    y_resolution = _number(tags, _PLANE_Y_RESOLUTION) or x_resolution
    unit = _UNIT_MM.get(int(_number(tags, _PLANE_UNIT) or 2), 25.4)
    stored_height, stored_width = size[::-1] if turned else size
    # The resolution belongs to the size the camera wrote, which a resized copy still states.
    fx = length / unit * x_resolution * stored_width / (_number(tags, _PIXEL_WIDTH) or stored_width)
    fy = (
        length
        / unit
        * y_resolution
        * stored_height
        / (_number(tags, _PIXEL_HEIGHT) or stored_height)
    )
    origin = "EXIF FocalLength and FocalPlaneXResolution"
    return (fy, fx, origin) if turned else (fx, fy, origin)


def _number(tags: Mapping[int, object], tag: int) -> float | None:
    """Read the tag as a positive finite number, else None: cameras write 0 for 'unknown'."""
    try:
        value = float(tags[tag])  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return value if math.isfinite(value) and value > 0 else None
