"""`neardepth cloud`: point clouds and meshes of photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neardepth.cli import options
from neardepth.cli.estimate import expand, unique_stems
from neardepth.cli.scenes import DepthFile, DepthKindOfFile, for_each, open_scenes
from neardepth.errors import GeometryError

if TYPE_CHECKING:
    from neardepth.geometry.scene import Scene

HELP = """Write a coloured point cloud of a photo, or a mesh, in metres.

The camera is at the origin. PLY, GLB and OBJ files have y up (x right, z towards the viewer), LAS
files z up (x right, y ahead). The camera that was used is printed and kept in the file.

Examples:

    neardepth cloud room.jpg -o room.ply

    neardepth cloud room.jpg -o room.glb --mesh --fov 65

    neardepth cloud room.jpg --depth room.depth.png -o room.las

    neardepth cloud photos/ -o clouds --format ply
"""


def cloud(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or folders of photos.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|DIR",
            help="One photo's .ply, .glb, .obj or .las, or a folder for those of several.",
        ),
    ] = Path(),
    form: Annotated[
        str | None,
        typer.Option("--format", metavar="ply|glb|obj|las", help="Of files in a folder. [ply]"),
    ] = None,
    mesh: Annotated[
        bool, typer.Option("--mesh", help="Join the pixels of each surface to triangles.")
    ] = False,
    edge: Annotated[
        float | None,
        typer.Option(
            min=0.0001, help="Cut the mesh where depth jumps by more than this share. [0.05]"
        ),
    ] = None,
    depth: DepthFile = None,
    depth_kind: DepthKindOfFile = None,
    pool: options.PoolPath = None,
    method: options.MethodName = None,
    prior: options.Prior = "auto",
    encoder: options.EncoderName = None,
    focal_px: options.FocalPx = None,
    fov: options.FieldOfView = None,
    fill: options.Fill = False,
    threads: options.Threads = None,
    provider: options.Providers = None,
) -> None:
    """Write a coloured point cloud of a photo, or a mesh, in metres."""
    if edge is not None and not mesh:
        raise typer.BadParameter("cuts a mesh: add --mesh", param_hint="--edge")
    from neardepth.geometry.export import CLOUD_FORMATS, MESH_FORMATS

    paths = expand(photos)
    targets = _targets(paths, output, form, MESH_FORMATS if mesh else CLOUD_FORMATS)
    scenes = open_scenes(
        paths, depth, depth_kind, focal_px=focal_px, fov=fov, pool=pool, method=method,
        prior=prior, encoder=encoder, fill=fill, threads=threads, providers=provider,
    )  # fmt: skip
    for_each(
        "Writing", paths, scenes, lambda number, scene: _write(scene, targets[number], mesh, edge)
    )


def _targets(
    paths: list[Path], output: Path, form: str | None, suffixes: tuple[str, ...]
) -> list[Path]:
    """Name each photo's file."""
    known = ", ".join(suffixes)
    if output.is_file() and not output.suffix:
        raise typer.BadParameter(
            f"{output} is a file: name a folder, or a file that ends in {known}",
            param_hint="--output",
        )
    if output.suffix and not output.is_dir():
        if output.suffix.lower() not in suffixes:
            raise typer.BadParameter(f"{output} does not end in {known}", param_hint="--output")
        if len(paths) > 1:
            raise typer.BadParameter(
                f"{output} is one file and there are {len(paths)} photos: name a folder",
                param_hint="--output",
            )
        if form is not None:
            raise typer.BadParameter(
                f"is of files in a folder: {output} says its format itself", param_hint="--format"
            )
        return [output]
    suffix = f".{(form or 'ply').lower().removeprefix('.')}"
    if suffix not in suffixes:
        raise typer.BadParameter(f"{form} is none of {known}", param_hint="--format")
    return [output / f"{stem}{suffix}" for stem in unique_stems(paths)]


def _write(scene: Scene, target: Path, mesh: bool, edge: float | None) -> str:
    """Write the file and say what is in it."""
    from neardepth.geometry.mesh import EDGE
    from neardepth.imaging.files import make_folder

    make_folder(target.parent, GeometryError)
    if mesh:
        surface = scene.mesh(EDGE if edge is None else edge)
        axes, points, what = surface.save(target), surface.points, "points, "
        what += f"{len(surface.triangles)} triangles, "
    else:
        cloud = scene.point_cloud()
        axes, points, what = cloud.save(target), cloud.points, "points, "
    size = " × ".join(f"{side:.2f}" for side in points.max(axis=0) - points.min(axis=0))
    return f"{target}   {len(points)} {what}{size} m\n    axes: {axes}"
