"""How far apart two eyes see a point: separation, viewing geometry and convergence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import MethodError

EYE_DISTANCE_MM = 63.0
"""Median distance between the pupils of adults (N. A. Dodgson, 2004)."""

_TAIL = 0.005
"""Share of the nearest and of the farthest pixels that may be flattened to keep a limit."""


@dataclass(frozen=True)
class Rig:
    """Two eyes side by side: ``parallax = strength · (1/Z − 1/convergence)`` in pixels.

    Parallax is where the left eye sees a point less where the right eye does: positive in front
    of the screen, 0 on it, negative behind. Z is the point's z-depth in metres. (Parallel
    cameras whose pictures are shifted: no keystone, no vertical parallax.)

    Attributes:
        strength: pixels × metres, at least 0; for cameras, their distance times focal length.
        convergence: metres, the depth seen on the screen itself; ``math.inf`` for no shift.
        limit: pixels that parallax is clipped to.
    """

    strength: float
    convergence: float
    limit: float = math.inf

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strength) and self.strength >= 0):
            raise MethodError(f"the strength of a stereo rig is 0 or more, not {self.strength}")
        if not self.convergence > 0:
            raise MethodError(f"convergence is a distance above 0 m, not {self.convergence}")

    @classmethod
    def of_camera(cls, eye_mm: float, focal_px: float, convergence: float) -> Rig:
        """Two cameras like the photo's, ``eye_mm`` apart: what two eyes in its place saw.

        Args:
            eye_mm: millimetres between them, from 0 to 1000.
            focal_px: focal length of the photo in pixels.
            convergence: metres.
        """
        if not 0 <= eye_mm <= 1000:
            raise MethodError(f"eyes are from 0 to 1000 mm apart, not {eye_mm:g}")
        return cls(eye_mm / 1000 * focal_px, convergence)

    @classmethod
    def of_screen(
        cls,
        eye_mm: float,
        width: int,
        screen_width: float,
        viewing_distance: float,
        convergence: float | None = None,
    ) -> Rig:
        """Show each point at its true depth to a viewer before a screen.

        From similar triangles a point at Z is seen on the screen with the parallax
        ``e · (D/Z − 1)``, that is ``e·D·W/S · (1/Z − 1/D)`` in pixels, for eyes e apart at the
        distance D from a screen S wide that shows W pixels.

        Args:
            eye_mm: millimetres between the viewer's eyes, from 0 to 1000.
            width: pixels of the photo's width, which fills the screen's.
            screen_width: metres.
            viewing_distance: metres.
            convergence: metres; the viewing distance, where depth is true, if not given.
        """
        for name, metres in (
            ("screen's width", screen_width),
            ("viewing distance", viewing_distance),
        ):
            if not 0.01 <= metres <= 1000:
                raise MethodError(f"the {name} is from 0.01 to 1000 m, not {metres:g}")
        focal = width * viewing_distance / screen_width
        return cls.of_camera(eye_mm, focal, convergence or viewing_distance)

    @classmethod
    def of_limit(cls, percent: float, depth: NDArray[np.float32], convergence: float) -> Rig:
        """Let no point's parallax be more than ``percent`` of the width, and one's just that.

        Args:
            percent: of the width, from 0 to 20; 1 to 3 is comfortable.
            depth: H×W metres, NaN where unknown. The nearest and the farthest half per cent do
                not count, and are flattened to the limit.
            convergence: metres.
        """
        if not 0 <= percent <= 20:
            raise MethodError(f"a parallax is from 0 to 20 % of the width, not {percent:g}")
        inverse = 1 / depth[np.isfinite(depth) & (depth > 0)]
        pixels = percent / 100 * depth.shape[1]
        ends = np.quantile(inverse, [_TAIL, 1 - _TAIL]) if inverse.size else np.zeros(2)
        reach = float(np.abs(ends - 1 / convergence).max())
        return cls(pixels / reach if reach > 1e-9 else 0.0, convergence, pixels)

    def parallax(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return H×W pixels of parallax for H×W metres; unknown where depth is."""
        with np.errstate(divide="ignore"):
            pixels: NDArray[np.float32] = np.float32(self.strength) / depth
        pixels -= np.float32(self.strength / self.convergence)
        if math.isfinite(self.limit):
            np.clip(pixels, -self.limit, self.limit, out=pixels)
        return pixels

    def percent_of_width(self, depth: NDArray[np.float32]) -> tuple[float, float]:
        """Return the nearest and the farthest known pixel's parallax, per cent of the width."""
        pixels = self.parallax(np.array([np.nanmin(depth), np.nanmax(depth)], np.float32))
        nearest, farthest = (100 * pixels / depth.shape[1]).tolist()
        return nearest, farthest

    def scaled(self, scale: float) -> Rig:
        """Return the rig of the photo resized so many times in width."""
        return Rig(self.strength * scale, self.convergence, self.limit * scale)

    def facts(self) -> dict[str, float | None]:
        """Return its numbers as JSON has them, with their units; None for what is infinite."""
        numbers = {
            "strength_px_m": self.strength,
            "convergence_m": self.convergence,
            "limit_px": self.limit,
        }
        return {name: x if math.isfinite(x) else None for name, x in numbers.items()}


def choose_rig(
    depth: NDArray[np.float32],
    focal_px: float,
    *,
    eye_mm: float | None = None,
    max_disparity: float | None = None,
    convergence: float | None = None,
    screen: tuple[float, float] | None = None,
) -> Rig:
    """Return how far apart two eyes see things.

    Args:
        depth: H×W metres of z-depth, NaN unknown.
        focal_px: focal length of the photo in pixels.
        eye_mm: millimetres between the eyes; 63 if nothing is given.
        max_disparity: per cent of the width that no parallax exceeds, instead of ``eye_mm``.
        convergence: metres, the depth that is seen on the screen; the median if not given.
        screen: its width and the viewer's distance in metres, to show true depth there.

    Raises:
        MethodError: a number is out of range, two that exclude each other are given, or nothing
            is known of the depth.
    """
    if max_disparity is not None and (eye_mm is not None or screen is not None):
        raise MethodError("give the eyes' distance or a maximum disparity, not both")
    eyes = EYE_DISTANCE_MM if eye_mm is None else eye_mm
    if screen is not None:
        return Rig.of_screen(eyes, depth.shape[1], *screen, convergence)
    plane = middle_depth(depth) if convergence is None else convergence
    if max_disparity is not None:
        return Rig.of_limit(max_disparity, depth, plane)
    return Rig.of_camera(eyes, focal_px, plane)


def middle_depth(depth: NDArray[np.float32]) -> float:
    """Return the median of known depth in metres: half of the picture in front of a screen there.

    Raises:
        MethodError: nothing is known.
    """
    known = depth[np.isfinite(depth)]
    if not known.size:
        raise MethodError("no depth is known: there is nothing to converge on")
    return float(np.median(known))
