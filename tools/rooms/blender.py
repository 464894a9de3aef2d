"""Builds the scene in Blender and renders it with Cycles on the CPU."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from rooms.builder import Lamp, Part, Stock
from rooms.camera import Camera
from rooms.shaders import material

_SENSOR_MM = 36.0


@dataclass(frozen=True)
class Quality:
    """How much work a photo is worth."""

    samples: int = 40
    threads: int = 1


class Studio:
    """Renders one scene after another in the same process; materials are made once."""

    def __init__(self, quality: Quality) -> None:
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self._scene = bpy.context.scene
        self._scene.world = bpy.data.worlds.new("dark")
        self._settings(quality)

    def _settings(self, quality: Quality) -> None:
        render, cycles = self._scene.render, self._scene.cycles
        render.engine = "CYCLES"
        render.threads_mode, render.threads = "FIXED", quality.threads
        render.resolution_percentage = 100
        render.image_settings.file_format = "OPEN_EXR"
        render.image_settings.color_mode = "RGB"
        render.image_settings.color_depth = "32"
        self._scene.view_settings.view_transform = "Standard"
        cycles.device = "CPU"
        cycles.samples = quality.samples
        cycles.use_adaptive_sampling = False
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 2, 2
        cycles.transmission_bounces, cycles.transparent_max_bounces = 2, 4
        cycles.sample_clamp_indirect = 4.0
        cycles.caustics_reflective = cycles.caustics_refractive = False
        cycles.blur_glossy = 0.5
        cycles.use_denoising = True
        cycles.denoiser = "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.denoising_prefilter = "FAST"

    def load(self, stock: Stock) -> None:
        """Replace the scene by another."""
        for data in (bpy.data.objects, bpy.data.meshes, bpy.data.lights, bpy.data.cameras):
            for item in list(data):
                data.remove(item)
        for name, ghost in (("solid", False), ("ghost", True)):
            parts = [part for part in stock.parts if part.ghost == ghost]
            if parts:
                thing = self._link(name, _mesh(name, parts))
                # Sun and lamplight pass panes and shades, which glow by themselves.
                thing.visible_shadow = not ghost
        for lamp in stock.lamps:
            thing = self._link("lamp", _light(lamp))
            thing.matrix_world = Matrix(lamp.frame.tolist())
            thing.visible_camera = thing.visible_glossy = False
        if stock.sun is not None:
            sun = bpy.data.lights.new("sun", "SUN")
            sun.energy, sun.angle, sun.color = stock.sun.strength, 0.01, stock.sun.colour
            thing = self._link("sun", sun)
            thing.matrix_world = Matrix(stock.sun.frame.tolist())
        self._scene.camera = self._link("camera", bpy.data.cameras.new("camera"))

    def render(self, camera: Camera, seed: int) -> NDArray[np.float32]:
        """Return the light that reaches each pixel, linear RGB, H×W×3."""
        render, thing = self._scene.render, self._scene.camera
        render.resolution_x, render.resolution_y = camera.width, camera.height
        self._scene.cycles.seed = seed
        thing.data.sensor_fit = "HORIZONTAL"
        thing.data.sensor_width = _SENSOR_MM
        thing.data.lens = camera.focal * _SENSOR_MM / camera.width
        thing.data.clip_start = 0.01
        # Blender's camera looks along -z with y up.
        thing.matrix_world = Matrix((camera.pose @ np.diag([1.0, -1.0, -1.0, 1.0])).tolist())
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "light.exr"
            render.filepath = str(path)
            bpy.ops.render.render(write_still=True)
            image = bpy.data.images.load(str(path))
            pixels = np.empty(camera.width * camera.height * 4, np.float32)
            image.pixels.foreach_get(pixels)
            bpy.data.images.remove(image)
        upright = pixels.reshape(camera.height, camera.width, 4)[::-1, :, :3]
        return np.ascontiguousarray(upright)

    def _link(self, name: str, data: Any) -> Any:
        thing = bpy.data.objects.new(name, data)
        self._scene.collection.objects.link(thing)
        return thing


def _light(lamp: Lamp) -> Any:
    width, length = lamp.size
    light = bpy.data.lights.new("lamp", "AREA" if length else "POINT")
    light.energy, light.color = lamp.watts, lamp.colour
    if length:
        light.shape, light.size, light.size_y = "RECTANGLE", width, length
    else:
        light.shadow_soft_size = width
    return light


def _mesh(name: str, parts: Sequence[Part]) -> Any:
    materials = sorted({part.finish.material for part in parts})
    faces: list[tuple[int, ...]] = []
    base = 0
    for part in parts:
        faces += [tuple(base + index for index in face) for face in part.faces]
        base += len(part.points)
    corners = np.concatenate([np.array(face) for face in faces])
    sizes = np.array([len(face) for face in faces])
    points = np.concatenate([part.points for part in parts])
    local = np.concatenate([part.local for part in parts])
    counts = [len(part.faces) for part in parts]

    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", points.astype(np.float32).ravel())
    mesh.loops.add(len(corners))
    mesh.loops.foreach_set("vertex_index", corners.astype(np.int32))
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.concatenate([[0], np.cumsum(sizes)[:-1]]))
    for item in materials:
        mesh.materials.append(material(item))
    index = np.repeat([materials.index(part.finish.material) for part in parts], counts)
    mesh.polygons.foreach_set("material_index", index.astype(np.int32))
    smooth = np.repeat([part.smooth for part in parts], counts)
    mesh.polygons.foreach_set("use_smooth", smooth)
    for key in ("colour", "second"):
        colours = [(*getattr(part.finish, key), 1.0) for part in parts]
        values = np.repeat(np.array(colours, np.float32), counts, axis=0)
        mesh.attributes.new(key, "FLOAT_COLOR", "FACE").data.foreach_set("color", values.ravel())
    scales = np.repeat(np.array([part.finish.scale for part in parts], np.float32), counts)
    mesh.attributes.new("scale", "FLOAT", "FACE").data.foreach_set("value", scales)
    _vectors(mesh, "local", "POINT", local)
    _vectors(mesh, "plane", "CORNER", _plane(local, faces, corners, sizes))
    mesh.update(calc_edges=True)
    mesh.validate()
    return mesh


def _vectors(mesh: Any, name: str, domain: str, values: NDArray[np.float64]) -> None:
    data = mesh.attributes.new(name, "FLOAT_VECTOR", domain).data
    data.foreach_set("vector", values.astype(np.float32).ravel())


def _plane(
    local: NDArray[np.float64],
    faces: Sequence[tuple[int, ...]],
    corners: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Lay each face's pattern out on the two axes that it extends along."""
    a, b, c = (local[[face[k] for face in faces]] for k in range(3))
    axis = np.argmax(abs(np.cross(b - a, c - a)), axis=1).repeat(sizes)
    points = local[corners]
    # An upright face's rows run along z; one on the floor keeps x and y.
    u = np.where(axis == 0, points[:, 1], points[:, 0])
    v = np.where(axis == 2, points[:, 1], points[:, 2])
    return np.stack([u, v, np.zeros_like(u)], axis=1)
