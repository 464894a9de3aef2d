"""Coloured point clouds: every pixel of known depth, back-projected."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neardepth.datasets.pair import DepthKind
from neardepth.geometry.camera import describe_camera, rays, z_depth
from neardepth.imaging.intrinsics import Intrinsics


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points in the camera's own axes: x right, y down, z ahead, in metres.

    Attributes:
        points: N×3 float32 metres.
        colours: N×3 uint8 RGB.
        notes: lines that a file keeps as comments: which camera was assumed.
    """

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    notes: tuple[str, ...] = field(default=())

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write .ply, .glb, .obj (y up) or .las (z up), and return which way is up, in words.

        Raises :class:`GeometryError` where the format is unknown or the file cannot be written.
        """
        from neardepth.geometry.export import save_cloud

        return save_cloud(path, self)


def back_project(
    depth: NDArray[np.float32], camera: Intrinsics, kind: DepthKind = "z"
) -> NDArray[np.float32]:
    """Return where each pixel's surface is: H×W×3 metres; x right, y down, z ahead; NaN unknown.

    ``(x, y, z) = Z · ((u − cx) / fx, (v − cy) / fy, 1)`` for pixel (u, v) of z-depth Z; range R
    along the ray is ``Z = R / √(1 + ((u − cx) / fx)² + ((v − cy) / fy)²)`` (Hartley and
    Zisserman, *Multiple View Geometry*, 6.1).

    Args:
        depth: H×W metres, NaN where unknown.
        camera: intrinsics of the photo.
        kind: "z" along the optical axis, "ray" along each pixel's ray.
    """
    z = z_depth(depth, camera) if kind == "ray" else depth
    points: NDArray[np.float32] = rays(camera, *depth.shape)
    points *= z[..., None]
    return points


def point_cloud(
    photo: NDArray[np.uint8],
    depth: NDArray[np.float32],
    camera: Intrinsics,
    kind: DepthKind = "z",
) -> PointCloud:
    """Return one coloured point for each pixel of known depth, row by row.

    Args:
        photo: H×W×3 uint8 RGB.
        depth: H×W metres, NaN where unknown.
        camera: intrinsics of the photo.
        kind: see `back_project`.

    Raises:
        ValueError: photo and depth do not fit together.
    """
    if photo.shape != (*depth.shape, 3):
        raise ValueError(f"depth of shape {depth.shape} is not that of a photo {photo.shape}")
    known = np.isfinite(depth) & (depth > 0)
    points = back_project(depth, camera, kind)[known]
    return PointCloud(points, photo[known], (f"camera: {describe_camera(camera, *depth.shape)}",))
