"""From depth to 3D: point clouds, meshes and stereo pairs, as functions on arrays."""

from __future__ import annotations
