"""Exact depth: rays through the pixels' centres against the scene's own triangles."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import bpy  # noqa: F401  # mathutils is found only after it
import numpy as np
from mathutils import Vector
from mathutils.bvhtree import BVHTree
from numpy.typing import NDArray

from rooms.builder import Part
from rooms.camera import Camera

NOTHING = -1


class Caster:
    """The scene's surfaces, panes and lampshades included, ready to be hit by rays."""

    def __init__(self, parts: Sequence[Part]) -> None:
        triangles: list[tuple[int, int, int]] = []
        owners: list[int] = []
        base = 0
        for number, part in enumerate(parts):
            for face in part.faces:
                for second, third in itertools.pairwise(face[1:]):
                    triangles.append((base + face[0], base + second, base + third))
                    owners.append(number)
            base += len(part.points)
        points = np.concatenate([part.points for part in parts])
        # Blender keeps points in single precision: depth is computed from what is rendered.
        self._points = points.astype(np.float32).astype(np.float64)
        self._corners = np.array(triangles)
        self._owners = np.array(owners)
        self._tree = BVHTree.FromPolygons(points.tolist(), triangles, all_triangles=True)

    def cast(self, camera: Camera) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return z-depth in metres (NaN where nothing is hit) and the number of the part hit."""
        depth, parts = self.along(camera.pose[:3, 3], camera.rays().reshape(-1, 3))
        shape = (camera.height, camera.width)
        return depth.reshape(shape), parts.reshape(shape)

    def along(
        self, origin: NDArray[np.float64], rays: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return how many times each ray's length it reaches, and the number of the part hit."""
        start = Vector(origin)
        hit = np.full(len(rays), NOTHING)
        for i, ray in enumerate(rays.tolist()):
            index = self._tree.ray_cast(start, Vector(ray))[2]
            if index is not None:
                hit[i] = index
        depth = self._plane_depth(origin, rays, hit)
        return depth, np.where(hit == NOTHING, NOTHING, self._owners[hit])

    def _plane_depth(
        self, origin: NDArray[np.float64], rays: NDArray[np.float64], hit: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Intersect each ray with its triangle's plane in double precision."""
        a, b, c = (self._points[self._corners[hit, corner]] for corner in range(3))
        normal = np.cross(b - a, c - a)
        with np.errstate(divide="ignore", invalid="ignore"):
            depth = ((a - origin) * normal).sum(axis=1) / (rays * normal).sum(axis=1)
        return np.where(hit == NOTHING, np.nan, depth)

    def clearance(self, point: Sequence[float]) -> float:
        """Return the distance from a point to the nearest surface in metres."""
        found = self._tree.find_nearest(Vector(point))
        return float("inf") if found[3] is None else float(found[3])
