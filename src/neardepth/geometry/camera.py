"""The camera that 3D is computed with, also where no focal length is known at all."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from neardepth.imaging.intrinsics import Intrinsics

DEFAULT_FOV = 55.0
"""Degrees across, where nothing tells: between a phone's main camera and a room in a data set."""


def default_camera(height: int, width: int) -> Intrinsics:
    """Return the camera assumed of a photo of that size where nothing tells its focal length."""
    focal = width / 2 / math.tan(math.radians(DEFAULT_FOV) / 2)
    origin = f"assumed: {DEFAULT_FOV:g} degrees across, no focal length is known"
    return Intrinsics(focal, focal, (width - 1) / 2, (height - 1) / 2, origin)


def describe_camera(camera: Intrinsics, height: int, width: int) -> str:
    """Say in a line which camera was used, and where its numbers come from."""
    fov = 2 * math.degrees(math.atan(width / 2 / camera.fx))
    return (
        f"fx {camera.fx:.6g} fy {camera.fy:.6g} cx {camera.cx:.6g} cy {camera.cy:.6g} px of "
        f"{width}x{height}, {fov:.1f} degrees across ({camera.origin})"
    )


def rays(camera: Intrinsics, height: int, width: int) -> NDArray[np.float32]:
    """Return the rays through the pixels' centres, H×W×3, each of z-depth 1: x right, y down."""
    x = ((np.arange(width) - camera.cx) / camera.fx).astype(np.float32)
    y = ((np.arange(height) - camera.cy) / camera.fy).astype(np.float32)
    directions = np.ones((height, width, 3), np.float32)
    directions[..., 0] = x
    directions[..., 1] = y[:, None]
    return directions


def z_depth(depth: NDArray[np.float32], camera: Intrinsics) -> NDArray[np.float32]:
    """Return H×W z-depth of the H×W range along each pixel's ray, both in metres."""
    x = (np.arange(depth.shape[1]) - camera.cx) / camera.fx
    y = (np.arange(depth.shape[0]) - camera.cy) / camera.fy
    length = np.sqrt(1 + x**2 + (y**2)[:, None])
    return np.asarray(depth / length, np.float32)
