"""Back-projection: axes, range and z-depth, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest
from boxes import texture
from hypothesis import given
from hypothesis import strategies as st

from neardepth.geometry.camera import default_camera, describe_camera, z_depth
from neardepth.geometry.cloud import back_project, point_cloud
from neardepth.imaging.intrinsics import Intrinsics

CAMERA = Intrinsics(50.0, 40.0, 4.0, 3.0, "test")


def test_axes_are_x_right_y_down_z_ahead() -> None:
    points = back_project(np.full((7, 9), 2.0, np.float32), CAMERA)
    assert points[3, 4].tolist() == [0, 0, 2]  # the principal point
    np.testing.assert_allclose(points[3, 8], [2 * 4 / 50, 0, 2], rtol=1e-6)
    np.testing.assert_allclose(points[6, 4], [0, 2 * 3 / 40, 2], rtol=1e-6)


def test_range_lies_on_a_sphere_and_z_depth_on_a_plane() -> None:
    depth = np.full((7, 9), 3.0, np.float32)
    sphere = back_project(depth, CAMERA, "ray")
    np.testing.assert_allclose(np.linalg.norm(sphere, axis=-1), 3.0, rtol=1e-6)
    plane = back_project(depth, CAMERA, "z")
    assert (plane[..., 2] == 3).all()
    np.testing.assert_allclose(z_depth(depth, CAMERA), sphere[..., 2], rtol=1e-6)


@given(
    u=st.integers(0, 8),
    v=st.integers(0, 6),
    metres=st.floats(0.1, 100),
    kind=st.sampled_from(["z", "ray"]),
)
def test_points_project_back_into_their_pixels(u: int, v: int, metres: float, kind: str) -> None:
    depth = np.full((7, 9), metres, np.float32)
    x, y, z = back_project(depth, CAMERA, kind)[v, u].tolist()  # type: ignore[arg-type]
    assert CAMERA.fx * x / z + CAMERA.cx == pytest.approx(u, abs=1e-3)
    assert CAMERA.fy * y / z + CAMERA.cy == pytest.approx(v, abs=1e-3)


def test_unknown_depth_gives_no_point_and_colours_stay_with_theirs() -> None:
    photo = texture(7, 9)
    depth = np.full((7, 9), 2.0, np.float32)
    depth[2, 3], depth[4, 5], depth[0, 0] = np.nan, 0, np.inf
    cloud = point_cloud(photo, depth, CAMERA)
    assert cloud.points.shape == (60, 3)
    assert cloud.points.dtype == np.float32
    known = np.isfinite(depth) & (depth > 0)
    assert np.array_equal(cloud.colours, photo[known])
    assert np.array_equal(cloud.points, back_project(depth, CAMERA)[known])


def test_the_camera_is_noted_with_where_it_comes_from() -> None:
    assert "fx 50 fy 40 cx 4 cy 3 px of 9x7" in describe_camera(CAMERA, 7, 9)
    assert "(test)" in point_cloud(texture(7, 9), np.ones((7, 9), np.float32), CAMERA).notes[0]
    assumed = default_camera(480, 640)
    assert assumed.fx == pytest.approx(320 / np.tan(np.radians(27.5)))
    assert "55 degrees" in assumed.origin


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        point_cloud(texture(7, 9), np.ones((9, 7), np.float32), CAMERA)
