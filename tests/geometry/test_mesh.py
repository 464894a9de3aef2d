"""Meshes of depth maps: whole on a surface, cut between two, faces towards the camera."""

from __future__ import annotations

import numpy as np
import pytest
from boxes import box_before_wall, texture
from hypothesis import given, settings
from hypothesis import strategies as st

from neardepth.errors import MethodError
from neardepth.geometry.cloud import back_project
from neardepth.geometry.mesh import Mesh, depth_mesh
from neardepth.imaging.intrinsics import Intrinsics

CAMERA = Intrinsics(50.0, 50.0, 4.5, 3.5, "test")


def normals(mesh: Mesh) -> np.ndarray:
    a, b, c = (mesh.points[mesh.triangles[:, k]].astype(np.float64) for k in range(3))
    return np.cross(b - a, c - a)


def test_a_plane_is_covered_whole_and_faces_the_camera() -> None:
    mesh = depth_mesh(texture(8, 10), np.full((8, 10), 2.0, np.float32), CAMERA)
    assert mesh.points.shape == (80, 3)
    assert mesh.triangles.shape == (2 * 7 * 9, 3)
    # Counter-clockwise from the camera: normals point to it, against z ahead.
    assert (normals(mesh)[:, 2] < 0).all()
    area = np.linalg.norm(normals(mesh), axis=1).sum() / 2
    assert area == pytest.approx(9 * 7 * (2 / 50) ** 2, rel=1e-5)


def test_the_mesh_is_cut_where_depth_jumps_and_only_there() -> None:
    photo, depth = box_before_wall(8, 30, 10, 20)
    mesh = depth_mesh(photo, depth, CAMERA)
    z = mesh.points[mesh.triangles][..., 2]
    assert (z.max(axis=1) == z.min(axis=1)).all()
    assert len(mesh.triangles) == 2 * 7 * (9 + 9 + 9)
    joined = depth_mesh(photo, depth, CAMERA, edge=4.0)
    assert len(joined.triangles) == 2 * 7 * 29


def test_the_edge_is_the_relative_difference_of_depth() -> None:
    depth = np.array([[2.0, 2.0, 2.1, 2.1]] * 2, np.float32)
    assert len(depth_mesh(texture(2, 4), depth, CAMERA, edge=0.051).triangles) == 6
    assert len(depth_mesh(texture(2, 4), depth, CAMERA, edge=0.049).triangles) == 4
    with pytest.raises(MethodError, match="above 0"):
        depth_mesh(texture(2, 4), depth, CAMERA, edge=0)


def test_unknown_pixels_leave_a_hole_and_no_stray_point() -> None:
    photo = texture(8, 10)
    depth = np.full((8, 10), 2.0, np.float32)
    depth[3, 4] = np.nan
    depth[0, 0] = 0
    mesh = depth_mesh(photo, depth, CAMERA)
    assert len(mesh.points) == 78
    assert np.isfinite(mesh.points).all()
    assert set(np.unique(mesh.triangles)) == set(range(78))
    assert len(mesh.triangles) == 2 * 7 * 9 - 4 - 1  # each of the five cells keeps one


def test_the_texture_shows_each_point_its_own_pixel() -> None:
    photo = texture(8, 10)
    depth = np.full((8, 10), 2.0, np.float32)
    mesh = depth_mesh(photo, depth, CAMERA)
    column = np.rint(mesh.texture_at[:, 0] * 10 - 0.5).astype(int)
    row = np.rint((1 - mesh.texture_at[:, 1]) * 8 - 0.5).astype(int)
    assert np.array_equal(photo[row, column], mesh.colours)
    np.testing.assert_array_equal(back_project(depth, CAMERA)[row, column], mesh.points)


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    edge=st.floats(0.001, 2),
)
def test_no_triangle_ever_spans_an_edge(seed: int, height: int, width: int, edge: float) -> None:
    random = np.random.default_rng(seed)
    depth = random.uniform(1, 3, (height, width)).astype(np.float32)
    depth[random.random((height, width)) < 0.2] = np.nan
    mesh = depth_mesh(texture(height, width), depth, CAMERA, edge=edge)
    z = mesh.points[mesh.triangles][..., 2].reshape(-1, 3)
    assert (z.max(axis=1) - z.min(axis=1) <= edge * z.min(axis=1) * (1 + 1e-6)).all()
    corners = mesh.points[mesh.triangles[:, 0]].astype(np.float64)
    assert ((normals(mesh) * corners).sum(axis=1) < 0).all()  # seen from the camera's side
