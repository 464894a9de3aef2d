"""Triangle meshes: the grid of pixels, cut where depth jumps."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from neardepth.datasets.pair import DepthKind
from neardepth.errors import MethodError
from neardepth.geometry.camera import describe_camera
from neardepth.geometry.cloud import back_project
from neardepth.imaging.intrinsics import Intrinsics

EDGE = 0.05
"""Relative difference of depth above which neighbouring pixels are not joined."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles in the camera's own axes: x right, y down, z ahead, in metres.

    Attributes:
        points: N×3 float32 metres.
        colours: N×3 uint8 RGB.
        texture_at: N×2 float32, where in the photo a point is: from 0 left and bottom to 1.
        triangles: M×3 int32 indices of points, counter-clockwise seen from the camera.
        photo: H×W×3 uint8 RGB, the texture.
        notes: lines that a file keeps as comments: which camera was assumed.
    """

    points: NDArray[np.float32]
    colours: NDArray[np.uint8]
    texture_at: NDArray[np.float32]
    triangles: NDArray[np.int32]
    photo: NDArray[np.uint8]
    notes: tuple[str, ...] = field(default=())

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write .ply or .obj (coloured points) or .glb (photo as texture), all y up.

        Returns which way is up, in words. Raises :class:`GeometryError` where the format is
        unknown or the file cannot be written.
        """
        from neardepth.geometry.export import save_mesh

        return save_mesh(path, self)


def depth_mesh(
    photo: NDArray[np.uint8],
    depth: NDArray[np.float32],
    camera: Intrinsics,
    kind: DepthKind = "z",
    edge: float = EDGE,
) -> Mesh:
    """Return the mesh of a depth map: two triangles between every four pixels of one surface.

    Args:
        photo: H×W×3 uint8 RGB.
        depth: H×W metres, NaN where unknown.
        camera: intrinsics of the photo.
        kind: see `back_project`.
        edge: triangles with a side along which depth differs by more than this share are left
            out: ``|Z₁ − Z₂| > edge · min(Z₁, Z₂)``.

    Raises:
        ValueError: photo and depth do not fit together.
        MethodError: the edge is not above 0.
    """
    if photo.shape != (*depth.shape, 3):
        raise ValueError(f"depth of shape {depth.shape} is not that of a photo {photo.shape}")
    if not edge > 0:
        raise MethodError(f"an edge is a relative difference of depth above 0, not {edge:g}")
    positions = back_project(depth, camera, kind)
    triangles = _triangles(positions[..., 2], edge)
    used, numbers = np.unique(triangles, return_inverse=True)
    height, width = depth.shape
    row, column = np.divmod(used, width)
    texture_at = np.stack([(column + 0.5) / width, 1 - (row + 0.5) / height], axis=1)
    return Mesh(
        positions.reshape(-1, 3)[used],
        photo.reshape(-1, 3)[used],
        texture_at.astype(np.float32),
        numbers.reshape(-1, 3).astype(np.int32),
        photo,
        (f"camera: {describe_camera(camera, height, width)}",),
    )


def _triangles(z: NDArray[np.float32], edge: float) -> NDArray[np.int64]:
    """Return M×3 flat pixel indices; each cell is halved along its flatter diagonal."""
    height, width = z.shape
    pixels = np.arange(height * width).reshape(height, width)
    a, b = pixels[:-1, :-1].ravel(), pixels[:-1, 1:].ravel()
    c, d = pixels[1:, :-1].ravel(), pixels[1:, 1:].ravel()
    flat = z.ravel()
    with np.errstate(invalid="ignore"):
        falling = ~(np.abs(flat[a] - flat[d]) > np.abs(flat[b] - flat[c]))
    falling &= np.isfinite(flat[a]) & np.isfinite(flat[d])
    # a b   Counter-clockwise as the camera sees them, y pointing down.
    # c d
    first = np.where(falling[:, None], np.stack([a, c, d], 1), np.stack([a, c, b], 1))
    second = np.where(falling[:, None], np.stack([a, d, b], 1), np.stack([b, c, d], 1))
    candidates = np.stack([first, second], axis=1).reshape(-1, 3)
    corners = flat[candidates]
    with np.errstate(invalid="ignore"):
        nearest, farthest = corners.min(axis=1), corners.max(axis=1)
        joined = (nearest > 0) & (farthest - nearest <= edge * nearest)
    chosen: NDArray[np.int64] = candidates[joined]
    return chosen
