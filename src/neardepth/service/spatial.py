"""Results as points, meshes and stereo pictures."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image

from neardepth.errors import GeometryError
from neardepth.geometry.layouts import LAYOUTS, find_layout
from neardepth.geometry.scene import Scene
from neardepth.geometry.stereo import StereoPair
from neardepth.result import DepthResult

MOST_POINTS = 1_000_000
"""Of a cloud or mesh: of larger photos every n-th pixel of every n-th row. Depth is estimated on
some 640 pixels a side, so that more points would take memory and say nothing."""

CLOUDS = {
    "application/x-ply": "cloud.ply",
    "model/gltf-binary": "cloud.glb",
    "model/obj": "cloud.obj",
    "application/vnd.las": "cloud.las",
}
"""Media types of clouds, the usual one first."""

MESHES = {
    "application/x-ply": "mesh.ply",
    "model/gltf-binary": "mesh.glb",
    "model/obj": "mesh.obj",
}
"""Media types of meshes."""

ONE_PICTURE = tuple(name for name, layout in LAYOUTS.items() if len(layout.suffixes) == 1)
"""Layouts of stereo pairs that are one picture."""


def written(name: str, write: Callable[[Path], object]) -> bytes:
    """Return what is written to a file, in a private folder that is gone afterwards.

    Raises:
        GeometryError: there is nothing to write; it names the file without its folder.
    """
    with TemporaryDirectory(prefix="neardepth-") as folder:
        path = Path(folder) / name
        with _called(str(path), name):
            write(path)
        return path.read_bytes()


@contextmanager
def _called(path: str, name: str) -> Iterator[None]:
    """Have an error say a name that the client knows instead of a path of this machine."""
    try:
        yield
    except GeometryError as error:
        raise GeometryError(str(error).replace(path, name)) from error


def stereo_of(result: DepthResult, pool_name: str, **settings: Any) -> StereoPair:
    """Render a result in stereo; see `Scene.stereo`.

    Raises:
        MethodError: a setting is out of range.
        GeometryError: nothing is known of its depth, or it is of no one kind.
    """
    with _called(str(result.pool.get("path", pool_name)), pool_name):
        return result.stereo(**settings)


def scene_of(result: DepthResult, pool_name: str) -> Scene:
    """Return the scene of a result, thinned out to `MOST_POINTS`.

    Raises:
        GeometryError: its depth is of no one kind.
    """
    with _called(str(result.pool.get("path", pool_name)), pool_name):
        scene = Scene.of_result(result)
    step = math.ceil(math.sqrt(scene.depth.size / MOST_POINTS))
    if step == 1:
        return scene
    camera = scene.camera
    return replace(
        scene,
        photo=replace(scene.photo, image=np.ascontiguousarray(scene.photo.image[::step, ::step])),
        depth=np.ascontiguousarray(scene.depth[::step, ::step]),
        camera=replace(
            camera,
            fx=camera.fx / step,
            fy=camera.fy / step,
            cx=camera.cx / step,
            cy=camera.cy / step,
        ),
    )


def stereo_png(pair: StereoPair, layout: str) -> bytes:
    """Return a stereo pair as one picture."""
    picture = find_layout(layout).arrange(pair.left, pair.right)[0]
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def _cloud(name: str, result: DepthResult, pool_name: str) -> bytes:
    return written(name, scene_of(result, pool_name).point_cloud().save)


def _mesh(name: str, result: DepthResult, pool_name: str) -> bytes:
    return written(name, scene_of(result, pool_name).mesh().save)


def _stereo(layout: str, result: DepthResult, pool_name: str) -> bytes:
    return stereo_png(stereo_of(result, pool_name), layout)


FILES: dict[str, tuple[Callable[[DepthResult, str], bytes], str]] = {
    **{name: (partial(_cloud, name), kind) for kind, name in CLOUDS.items()},
    **{name: (partial(_mesh, name), kind) for kind, name in MESHES.items()},
    **{f"stereo-{name}.png": (partial(_stereo, name), "image/png") for name in ONE_PICTURE},
}
"""Files of a result, each with its media type."""
