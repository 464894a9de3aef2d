"""Files of clouds and meshes, read back by libraries that did not write them."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from boxes import texture

from neardepth.errors import GeometryError
from neardepth.geometry.cloud import PointCloud, point_cloud
from neardepth.geometry.mesh import Mesh, depth_mesh
from neardepth.imaging.intrinsics import Intrinsics

CAMERA = Intrinsics(50.0, 50.0, 9.5, 7.5, "test")
Y_UP = np.array([1, -1, -1], np.float32)


@pytest.fixture
def depth() -> np.ndarray:
    pytest.importorskip("trimesh")
    depth = np.random.default_rng(0).uniform(2, 2.05, (16, 20)).astype(np.float32)
    depth[:, 12:] += 3
    depth[4, 4] = np.nan
    return depth


@pytest.fixture
def cloud(depth: np.ndarray) -> PointCloud:
    return point_cloud(texture(16, 20), depth, CAMERA)


@pytest.fixture
def mesh(depth: np.ndarray) -> Mesh:
    return depth_mesh(texture(16, 20), depth, CAMERA)


def test_plyfile_reads_the_cloud(cloud: PointCloud, tmp_path: Path) -> None:
    plyfile = pytest.importorskip("plyfile")
    assert "y up" in cloud.save(tmp_path / "a.ply")
    read = plyfile.PlyData.read(tmp_path / "a.ply")
    vertex = read["vertex"]
    points = np.stack([vertex[axis] for axis in "xyz"], axis=1)
    np.testing.assert_array_equal(points, cloud.points * Y_UP)
    colours = np.stack([vertex[name] for name in ("red", "green", "blue")], axis=1)
    np.testing.assert_array_equal(colours, cloud.colours)
    assert any(line.startswith("camera: fx 50") for line in read.comments)
    assert any("y up" in line for line in read.comments)


def test_plyfile_reads_the_mesh(mesh: Mesh, tmp_path: Path) -> None:
    plyfile = pytest.importorskip("plyfile")
    mesh.save(tmp_path / "a.PLY")
    read = plyfile.PlyData.read(tmp_path / "a.PLY")
    points = np.stack([read["vertex"][axis] for axis in "xyz"], axis=1)
    np.testing.assert_array_equal(points, mesh.points * Y_UP)
    name = read["face"].properties[0].name
    np.testing.assert_array_equal(np.stack(read["face"][name]), mesh.triangles)
    np.testing.assert_array_equal(read["vertex"]["green"], mesh.colours[:, 1])


def test_pygltflib_reads_cloud_and_mesh(cloud: PointCloud, mesh: Mesh, tmp_path: Path) -> None:
    pygltflib = pytest.importorskip("pygltflib")
    for made, mode in ((cloud, pygltflib.POINTS), (mesh, pygltflib.TRIANGLES)):
        made.save(tmp_path / "a.glb")
        file = pygltflib.GLTF2().load(str(tmp_path / "a.glb"))
        primitive = file.meshes[0].primitives[0]
        assert primitive.mode in (mode, None if mode == pygltflib.TRIANGLES else mode)
        accessor = file.accessors[primitive.attributes.POSITION]
        assert accessor.count == len(made.points)
        view = file.bufferViews[accessor.bufferView]
        start = (view.byteOffset or 0) + (accessor.byteOffset or 0)
        blob = file.binary_blob()[start : start + 12 * accessor.count]
        np.testing.assert_array_equal(np.frombuffer(blob, "<f4").reshape(-1, 3), made.points * Y_UP)
        assert any("camera: fx 50" in line for line in file.scenes[0].extras["notes"])
    assert primitive.attributes.TEXCOORD_0 is not None
    material = file.materials[primitive.material]
    assert material.pbrMetallicRoughness.baseColorTexture.index == 0
    assert len(file.images) == 1


def test_plain_text_reading_finds_the_same_in_obj(mesh: Mesh, tmp_path: Path) -> None:
    mesh.save(tmp_path / "a.obj")
    lines = [line.split() for line in (tmp_path / "a.obj").read_text().splitlines()]
    vertices = np.array([line[1:] for line in lines if line[:1] == ["v"]], np.float64)
    np.testing.assert_allclose(vertices[:, :3], mesh.points * Y_UP, atol=1e-5)
    np.testing.assert_allclose(vertices[:, 3:6], mesh.colours / 255, atol=1e-5)
    faces = np.array([line[1:] for line in lines if line[:1] == ["f"]], np.int64)
    np.testing.assert_array_equal(faces - 1, mesh.triangles)
    assert any(line[:3] == ["#", "camera:", "fx"] for line in lines)


def test_las_holds_what_its_specification_says(cloud: PointCloud, tmp_path: Path) -> None:
    """Read by the byte offsets of LAS 1.2 (ASPRS, 2008), not by the library that wrote it."""
    pytest.importorskip("laspy")
    assert "z up" in cloud.save(tmp_path / "a.las")
    data = (tmp_path / "a.las").read_bytes()
    assert data[:4] == b"LASF"
    assert data[24:26] == bytes([1, 2])
    start = struct.unpack_from("<I", data, 96)[0]
    form, length, count = struct.unpack_from("<BHI", data, 104)
    assert (form, length, count) == (2, 26, len(cloud.points))
    scales = np.array(struct.unpack_from("<3d", data, 131))
    offsets = np.array(struct.unpack_from("<3d", data, 155))
    record = np.dtype(
        {"names": ["xyz", "rgb"], "formats": ["3<i4", "3<u2"], "offsets": [0, 20], "itemsize": 26}
    )
    points = np.frombuffer(data, record, count, start)
    x, y, z = cloud.points.T
    np.testing.assert_allclose(
        points["xyz"] * scales + offsets, np.stack([x, z, -y], axis=1), atol=0.000051
    )
    np.testing.assert_array_equal(points["rgb"] // 257, cloud.colours)
    assert b"camera: fx 50" in data[:start]


def test_colours_of_glb_points_are_linear_light(tmp_path: Path) -> None:
    pygltflib = pytest.importorskip("pygltflib")
    pytest.importorskip("trimesh")
    colours = np.array([[0, 128, 255]], np.uint8)
    PointCloud(np.ones((1, 3), np.float32), colours).save(tmp_path / "a.glb")
    file = pygltflib.GLTF2().load(str(tmp_path / "a.glb"))
    accessor = file.accessors[file.meshes[0].primitives[0].attributes.COLOR_0]
    view = file.bufferViews[accessor.bufferView]
    start = (view.byteOffset or 0) + (accessor.byteOffset or 0)
    assert list(file.binary_blob()[start : start + 3]) == [0, 55, 255]


def test_names_that_say_nothing_known_are_refused(
    cloud: PointCloud, mesh: Mesh, tmp_path: Path
) -> None:
    with pytest.raises(GeometryError, match=r"one of \.ply, \.glb, \.obj, \.las"):
        cloud.save(tmp_path / "a.xyz")
    with pytest.raises(GeometryError, match=r"one of \.ply, \.glb, \.obj\."):
        mesh.save(tmp_path / "a.las")
    assert not list(tmp_path.iterdir())


def test_nothing_known_writes_nothing(cloud: PointCloud, tmp_path: Path) -> None:
    unknown = np.full((4, 4), np.nan, np.float32)
    with pytest.raises(GeometryError, match="no depth is known"):
        point_cloud(texture(4, 4), unknown, CAMERA).save(tmp_path / "a.ply")
    with pytest.raises(GeometryError, match="no triangle"):
        depth_mesh(texture(4, 4), unknown, CAMERA).save(tmp_path / "a.ply")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["no/folder/a.ply", "no/folder/a.las"])
def test_a_file_that_cannot_be_written_is_named(
    cloud: PointCloud, tmp_path: Path, name: str
) -> None:
    pytest.importorskip("laspy")
    with pytest.raises(GeometryError, match=name):
        cloud.save(tmp_path / name)


@pytest.mark.parametrize("package", ["trimesh", "laspy"])
def test_a_missing_package_is_named_with_the_extra(
    cloud: PointCloud, tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    suffix = {"trimesh": "ply", "laspy": "las"}[package]
    with pytest.raises(GeometryError, match=rf"{package} package: pip install 'neardepth\[3d\]'"):
        cloud.save(tmp_path / f"a.{suffix}")
