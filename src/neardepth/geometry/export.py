"""Clouds and meshes as files that other programs open: PLY, glTF, OBJ and LAS.

PLY, glTF and OBJ have y up: x right, y up, z towards the viewer, as glTF demands and as viewers
show the others. LAS has z up, as in surveying: x right, y ahead, z up.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import neardepth
from neardepth.errors import GeometryError
from neardepth.imaging.files import printable, replacing, write_file

if TYPE_CHECKING:
    from neardepth.geometry.cloud import PointCloud
    from neardepth.geometry.mesh import Mesh

CLOUD_FORMATS = (".ply", ".glb", ".obj", ".las")
MESH_FORMATS = (".ply", ".glb", ".obj")
Y_UP = "x right, y up, z towards the viewer, metres"
Z_UP = "x right, y ahead, z up, metres"

_LAS_UNIT = 0.0001  # metres per count: 32 bits reach 200 km
_LAS_RECORD = 7  # of our note among the file's variable length records


def save_cloud(path: str | os.PathLike[str], cloud: PointCloud) -> str:
    """Write a cloud in the format that the name's ending says; return its axes, in words.

    Raises:
        GeometryError: the format is unknown, a package is missing, nothing is known, or the file
            cannot be written.
    """
    suffix = _suffix(path, CLOUD_FORMATS, "point cloud")
    if not len(cloud.points):
        raise GeometryError(f"{path} is not written: no depth is known, so there is no point.")
    if suffix == ".las":
        _save_las(path, cloud)
        return Z_UP
    colours = _linear(cloud.colours) if suffix == ".glb" else cloud.colours
    model = _trimesh().PointCloud(_y_up(cloud.points), colors=_opaque(colours))
    _save_model(path, model, suffix, cloud.notes)
    return Y_UP


def save_mesh(path: str | os.PathLike[str], mesh: Mesh) -> str:
    """Write a mesh in the format that the name's ending says; return its axes, in words.

    Raises:
        GeometryError: the format is unknown, a package is missing, there is no triangle, or the
            file cannot be written.
    """
    suffix = _suffix(path, MESH_FORMATS, "mesh")
    if not len(mesh.triangles):
        raise GeometryError(f"{path} is not written: no two pixels join, so there is no triangle.")
    trimesh = _trimesh()
    model = trimesh.Trimesh(_y_up(mesh.points), mesh.triangles, process=False)
    if suffix == ".glb":
        model.visual = _textured(trimesh, mesh)
    else:
        model.visual = trimesh.visual.ColorVisuals(model, vertex_colors=_opaque(mesh.colours))
    _save_model(path, model, suffix, mesh.notes)
    return Y_UP


def _suffix(path: str | os.PathLike[str], formats: tuple[str, ...], what: str) -> str:
    suffix = Path(path).suffix.lower()
    if suffix not in formats:
        known = ", ".join(formats)
        raise GeometryError(f"{path} cannot be written: a {what} is one of {known}.")
    return suffix


def _save_model(
    path: str | os.PathLike[str], model: Any, suffix: str, notes: tuple[str, ...]
) -> None:
    lines = [*_software(), f"axes: {Y_UP}", *notes]
    if suffix == ".glb":
        scene = _trimesh().Scene(model)
        scene.metadata["notes"] = lines
        data = scene.export(file_type="glb")
    elif suffix == ".ply":
        start, end, rest = model.export(file_type="ply").partition(b" 1.0\n")
        data = start + end + b"".join(b"comment %s\n" % _line(line) for line in lines) + rest
    else:
        header = "\n# ".join(_line(line).decode() for line in lines)
        text = model.export(file_type="obj", header=header, include_normals=False, digits=6)
        data = text.encode()
    write_file(path, data, GeometryError)


def _save_las(path: str | os.PathLike[str], cloud: PointCloud) -> None:
    laspy = _import("laspy")
    header = laspy.LasHeader(point_format=2, version="1.2")
    header.scales, header.offsets = np.full(3, _LAS_UNIT), np.zeros(3)
    header.generating_software = _software()[0][:32]
    text = "\n".join([f"axes: {Z_UP}", *cloud.notes])
    header.vlrs.append(
        laspy.VLR("NearDepth", _LAS_RECORD, "axes and camera", printable(text).encode())
    )
    las = laspy.LasData(header)
    las.x, las.y, las.z = (cloud.points[:, 0], cloud.points[:, 2], -cloud.points[:, 1])
    # 16 bits, of which 8-bit colours fill the whole range (LAS 1.4 R15, 2.6).
    las.red, las.green, las.blue = (cloud.colours.astype(np.uint16) * 257).T
    with replacing(path, GeometryError) as temporary, temporary.open("wb") as file:
        las.write(file)


def _textured(trimesh: ModuleType, mesh: Mesh) -> Any:
    from PIL import Image

    material = trimesh.visual.material.PBRMaterial(
        baseColorTexture=Image.fromarray(mesh.photo),
        metallicFactor=0.0,
        roughnessFactor=1.0,
        doubleSided=True,
    )
    return trimesh.visual.TextureVisuals(uv=mesh.texture_at, material=material)


def _y_up(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn half around x, from the camera's axes: not a mirror image, triangles stay as wound."""
    return points * np.array([1, -1, -1], np.float32)


def _opaque(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.pad(colours, ((0, 0), (0, 1)), constant_values=255)


def _linear(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take the sRGB curve off: colours of glTF's points are linear (glTF 2.0, 3.7.2.1)."""
    from neardepth.geometry.layouts import to_linear

    return np.rint(to_linear(colours) * 255).astype(np.uint8)


def _software() -> list[str]:
    return [f"neardepth {neardepth.__version__}"]


def _line(text: str) -> bytes:
    """Return text as one line of ASCII, as the headers of PLY and OBJ want it."""
    return " ".join(text.split()).encode("ascii", "backslashreplace")


def _trimesh() -> ModuleType:
    return _import("trimesh")


def _import(name: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as cause:
        raise GeometryError(
            f"3D files need the {name} package: pip install 'neardepth[3d]'."
        ) from cause
