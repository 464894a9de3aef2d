"""A photo with its depth and camera: what 3D is made of."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neardepth.datasets.pair import DepthKind
from neardepth.errors import DepthMapError, GeometryError, NearDepthError
from neardepth.geometry.camera import default_camera, describe_camera, z_depth
from neardepth.geometry.cloud import PointCloud, point_cloud
from neardepth.geometry.mesh import EDGE, Mesh, depth_mesh
from neardepth.geometry.rig import Rig, choose_rig
from neardepth.geometry.stereo import MAX_WIDTH, Eye, StereoPair, render_stereo
from neardepth.imaging.depthmaps import read_depth
from neardepth.imaging.files import read_file
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.photos import Photo, PhotoSource, as_photo
from neardepth.imaging.resize import resize_depth
from neardepth.pool.schema import same_aspect, size
from neardepth.retrieval.camera import with_camera

if TYPE_CHECKING:
    from neardepth.result import DepthResult


@dataclass(frozen=True, eq=False)
class Scene:
    """A photo, its depth (H×W metres, NaN unknown) of a kind, and the camera that took it."""

    photo: Photo
    depth: NDArray[np.float32]
    camera: Intrinsics
    kind: DepthKind = "z"

    @classmethod
    def of_result(cls, result: DepthResult, camera: Intrinsics | None = None) -> Scene:
        """Take an estimate; ``camera`` replaces the estimate's own.

        Raises:
            GeometryError: the pool holds depth of both kinds, so that its answers are of neither.
        """
        kind = result.pool.get("depth_kind", "z")
        if kind != "z" and kind != "ray":
            raise GeometryError(
                f"{result.pool.get('path')} mixes z-depth and range: there is no 3D in its depth."
            )
        return cls(result.photo, result.depth, camera or camera_of(result), kind)

    @classmethod
    def of_files(
        cls,
        photo: PhotoSource,
        depth: str | os.PathLike[str],
        *,
        focal_px: float | None = None,
        fov: float | None = None,
        kind: DepthKind | None = None,
    ) -> Scene:
        """Read a photo and a depth map that exists; `Scene.of_result` takes an estimate.

        The depth map is a PNG, NPZ or EXR that NearDepth wrote, of a photo or of a video's frame
        (what the JSON sidecar says of the camera is used), a 16-bit PNG of millimetres, or metres
        as .npy, .npz, TIFF or EXR. It is resized to the photo.

        Args:
            photo: the photo.
            depth: the depth map's path.
            focal_px: focal length of the photo in pixels; else the sidecar's, else of its EXIF.
            fov: horizontal field of view in degrees, instead of ``focal_px``.
            kind: what depth measures; the sidecar's, else "z", if not given.

        Raises:
            PhotoError, DepthMapError: a file cannot be read, or they do not fit together.
            MethodError: the focal length or field of view is out of range.
        """
        image = as_photo(photo)
        height, width = image.image.shape[:2]
        metres = read_depth(depth)
        if not same_aspect((height, width), metres.shape):
            raise DepthMapError(
                f"{depth} is not the depth of {image.name}: {size(metres.shape)} pixels do not "
                f"have the proportions of {width}×{height}."
            )
        facts = _sidecar(Path(depth))
        stored = _stored_camera(facts, height, width)
        if stored is not None:
            image = replace(image, intrinsics=stored)
        image = with_camera(image, focal_px, fov)
        known: DepthKind = "ray" if (kind or _stored_kind(facts)) == "ray" else "z"
        camera = image.intrinsics or _assumed(image)
        return cls(image, resize_depth(metres, (height, width)), camera, known)

    @property
    def camera_text(self) -> str:
        """The camera in one line, with where its numbers come from."""
        return describe_camera(self.camera, *self.depth.shape)

    @property
    def camera_is_assumed(self) -> bool:
        """Whether no photo, file or option told the focal length."""
        return self.camera.origin.startswith("assumed")

    def z(self) -> NDArray[np.float32]:
        """Return z-depth, whatever kind ``depth`` is: H×W metres, NaN unknown."""
        return z_depth(self.depth, self.camera) if self.kind == "ray" else self.depth

    def point_cloud(self) -> PointCloud:
        """Return a coloured point for each pixel; see `point_cloud`."""
        return point_cloud(self.photo.image, self.depth, self.camera, self.kind)

    def mesh(self, edge: float = EDGE) -> Mesh:
        """Return triangles between the pixels of each surface; see `depth_mesh`."""
        return depth_mesh(self.photo.image, self.depth, self.camera, self.kind, edge)

    def rig(
        self,
        *,
        eye_mm: float | None = None,
        max_disparity: float | None = None,
        convergence: float | None = None,
        screen: tuple[float, float] | None = None,
    ) -> Rig:
        """Return how far apart two eyes see things; see `stereo` for the arguments.

        Raises:
            MethodError: a number is out of range, or two that exclude each other are given.
            GeometryError: nothing is known of the depth.
        """
        z = self.z()
        if not np.isfinite(z).any():
            raise GeometryError(
                f"{self.photo.name} has no known depth: there is nothing to render."
            )
        return choose_rig(
            z,
            self.camera.fx,
            eye_mm=eye_mm,
            max_disparity=max_disparity,
            convergence=convergence,
            screen=screen,
        )

    def stereo(
        self,
        *,
        eye_mm: float | None = None,
        max_disparity: float | None = None,
        convergence: float | None = None,
        screen: tuple[float, float] | None = None,
        keep: Eye | None = None,
    ) -> StereoPair:
        """Render two eyes' views; see `render_stereo`.

        Args:
            eye_mm: millimetres between the eyes; 63 if nothing is given.
            max_disparity: per cent of the width that no parallax exceeds, instead of ``eye_mm``.
            convergence: metres, the depth that is seen on the screen; the median if not given.
            screen: its width and the viewer's distance in metres, to show true depth there.
            keep: the eye that is the photo itself; None for neither.

        Raises:
            MethodError: a number is out of range, or two that exclude each other are given.
            GeometryError: nothing is known of the depth.
        """
        rig = self.rig(
            eye_mm=eye_mm, max_disparity=max_disparity, convergence=convergence, screen=screen
        )
        return self.render(rig, keep)

    def render(self, rig: Rig, keep: Eye | None = None) -> StereoPair:
        """Render two eyes' views with a rig that is there already; see `render_stereo`.

        Raises:
            GeometryError: the photo is too wide.
        """
        width = self.photo.image.shape[1]
        if width > MAX_WIDTH:
            raise GeometryError(
                f"{self.photo.name} is {width} pixels wide: stereo takes up to {MAX_WIDTH}, "
                "make it smaller."
            )
        return render_stereo(self.photo.image, self.z(), rig, keep=keep)


def camera_of(result: DepthResult) -> Intrinsics:
    """Return an estimate's camera, which is assumed where nothing tells the focal length."""
    return result.intrinsics or result.photo.intrinsics or _assumed(result.photo)


def _assumed(photo: Photo) -> Intrinsics:
    return default_camera(*photo.image.shape[:2])


def _sidecar(depth: Path) -> dict[str, Any]:
    """Read what NearDepth wrote beside a depth map; nothing where there is no such file."""
    stem = depth.name.removesuffix(".depth.png") if depth.suffix == ".png" else depth.stem
    path = depth.with_name(f"{stem}.depth.json")
    if not path.is_file() and depth.parent.suffix == ".depth":  # a frame of a video
        path = depth.parent.with_name(f"{depth.parent.name}.json")
    if not path.is_file():
        return {}
    try:
        facts = json.loads(read_file(path, DepthMapError))
    except (NearDepthError, ValueError) as cause:
        raise DepthMapError(
            f"{path} cannot be read; it tells the camera of {depth.name}: remove it to go without."
        ) from cause
    return facts if isinstance(facts, dict) else {}


def _stored_kind(facts: dict[str, Any]) -> object:
    """Return what depth measures by the sidecar of a photo or a video, None where it is silent."""
    pool = facts.get("pool")
    return facts.get("depth_kind") or (pool.get("depth_kind") if isinstance(pool, dict) else None)


def _stored_camera(facts: dict[str, Any], height: int, width: int) -> Intrinsics | None:
    """Return the sidecar's camera in pixels of the photo, None where it has none."""
    try:
        camera = Intrinsics(**facts["intrinsics"])
        photo = facts.get("photo")
        columns, rows = (photo["width"], photo["height"]) if photo else facts["size"]
        return camera.scaled(width / columns, height / rows)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
