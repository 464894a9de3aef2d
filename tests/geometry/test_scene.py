"""A photo with its depth and camera, from an estimate or from files."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from boxes import box_before_wall, texture
from PIL import Image

from neardepth.errors import DepthMapError, GeometryError, MethodError
from neardepth.geometry.scene import Scene
from neardepth.imaging.depthmaps import write_npz
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo
from neardepth.result import DepthResult, Neighbour

SIZE = (48, 64)


def estimate(**changes: Any) -> DepthResult:
    photo, depth = box_before_wall(*SIZE)
    values: dict[str, Any] = {
        "photo": Photo(photo, "room.jpg"),
        "depth": depth,
        "fused": depth,
        "uncertainty": depth / 10,
        "neighbours": (Neighbour("set/1", 0.9, 1.0, True),),
        "low_confidence": False,
        "method": {"name": "kernel"},
        "pool": {"path": "p", "depth_kind": "z"},
        "evidence": list,
        "intrinsics": Intrinsics(60.0, 60.0, 31.5, 23.5, "EXIF"),
    }
    return DepthResult(**{**values, **changes})


def write_photo(folder: Path, size: tuple[int, int] = SIZE) -> Path:
    Image.fromarray(texture(*size)).save(folder / "room.png")
    return folder / "room.png"


def test_a_result_gives_cloud_mesh_and_stereo() -> None:
    result = estimate()
    assert result.point_cloud().points.shape == (48 * 64, 3)
    assert len(result.mesh().triangles) == 2 * 47 * (63 - 2)
    assert len(result.mesh(edge=5).triangles) == 2 * 47 * 63
    pair = result.stereo(eye_mm=200, convergence=math.inf, keep="left")  # 12 px at 1 m
    assert np.array_equal(pair.left, result.photo.image)
    assert np.flatnonzero(pair.right[0, :, 0] == 220)[0] == 24 - 12


def test_the_pool_says_whether_depth_is_range() -> None:
    ray = estimate(pool={"depth_kind": "ray"})
    norms = np.linalg.norm(ray.point_cloud().points, axis=1)
    np.testing.assert_allclose(norms, ray.depth.ravel(), rtol=1e-6)
    assert (Scene.of_result(ray).z() < ray.depth).all()
    with pytest.raises(GeometryError, match="mixes"):
        estimate(pool={"path": "p", "depth_kind": "mixed"}).point_cloud()


def test_no_focal_length_at_all_is_an_assumption_that_is_said() -> None:
    scene = Scene.of_result(estimate(intrinsics=None))
    assert scene.camera_is_assumed
    assert "55.0 degrees across" in scene.camera_text
    assert "assumed" in scene.point_cloud().notes[0]
    assert not Scene.of_result(estimate()).camera_is_assumed


@pytest.mark.parametrize("name", ["room.depth.png", "room.npz", "room.exr"])
def test_what_an_estimate_saved_makes_the_same_scene(tmp_path: Path, name: str) -> None:
    pytest.importorskip("OpenEXR")
    result = estimate(pool={"depth_kind": "ray"})
    result.save(tmp_path, npz=True, exr=True)
    scene = Scene.of_files(write_photo(tmp_path), tmp_path / name)
    np.testing.assert_allclose(scene.depth, result.depth, atol=0.0006)
    assert scene.camera == result.intrinsics
    assert scene.kind == "ray"


def test_a_stored_camera_fits_a_photo_of_another_size(tmp_path: Path) -> None:
    estimate().save(tmp_path)
    scene = Scene.of_files(write_photo(tmp_path, (96, 128)), tmp_path / "room.depth.png")
    assert scene.camera.fx == 120
    assert scene.camera.cx == 63.5
    assert scene.depth.shape == (96, 128)


def test_what_is_given_wins_over_what_is_stored(tmp_path: Path) -> None:
    estimate().save(tmp_path)
    photo = write_photo(tmp_path)
    scene = Scene.of_files(photo, tmp_path / "room.depth.png", focal_px=99, kind="ray")
    assert scene.camera.fx == 99
    assert scene.kind == "ray"
    scene = Scene.of_files(photo, tmp_path / "room.depth.png", fov=90)
    assert scene.camera.fx == pytest.approx(32)


def test_a_png_of_millimetres_will_do(tmp_path: Path) -> None:
    Image.fromarray(np.full(SIZE, 1234, np.uint16)).save(tmp_path / "mm.png")
    scene = Scene.of_files(write_photo(tmp_path), tmp_path / "mm.png")
    np.testing.assert_allclose(scene.depth, 1.234, rtol=1e-6)
    assert scene.camera_is_assumed
    assert scene.kind == "z"


def test_damage_beside_the_depth_is_named(tmp_path: Path) -> None:
    estimate().save(tmp_path)
    (tmp_path / "room.depth.json").write_text('{"intrinsics"')
    with pytest.raises(DepthMapError, match=r"room\.depth\.json cannot be read"):
        Scene.of_files(write_photo(tmp_path), tmp_path / "room.depth.png")
    for odd in ([], {"intrinsics": {"fx": "wide"}}, {"intrinsics": None, "pool": 3}):
        (tmp_path / "room.depth.json").write_text(json.dumps(odd))
        assert Scene.of_files(tmp_path / "room.png", tmp_path / "room.depth.png").camera_is_assumed


def test_depth_of_another_picture_is_refused(tmp_path: Path) -> None:
    write_npz(tmp_path / "d.npz", depth=np.ones((64, 48), np.float32))
    with pytest.raises(DepthMapError, match=r"proportions of 64×48"):
        Scene.of_files(write_photo(tmp_path), tmp_path / "d.npz")


def test_exclusive_settings_are_refused() -> None:
    scene = Scene.of_result(estimate())
    with pytest.raises(MethodError, match="not both"):
        scene.rig(eye_mm=63, max_disparity=2)
    with pytest.raises(MethodError, match="not both"):
        scene.rig(screen=(1, 2), max_disparity=2)
    unknown = estimate(depth=np.full(SIZE, np.nan, np.float32))
    with pytest.raises(GeometryError, match=r"room\.jpg has no known depth"):
        unknown.stereo()


def test_separation_defaults_to_eyes_and_the_screen_to_the_middle() -> None:
    rig = Scene.of_result(estimate()).rig()
    assert rig.strength == pytest.approx(0.063 * 60)
    assert rig.convergence == 4
    rig = Scene.of_result(estimate()).rig(screen=(0.5, 0.6))
    assert rig.strength == pytest.approx(0.063 * 64 * 0.6 / 0.5)
    assert rig.convergence == 0.6
