"""`neardepth stereo`: what two eyes would have seen, for screens, headsets and glasses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from neardepth.cli import options, video
from neardepth.cli.estimate import expand, unique_stems
from neardepth.cli.scenes import (
    DepthFile,
    DepthKindOfFile,
    for_each,
    open_scenes,
    parallax_text,
    warn_of_strain,
)
from neardepth.errors import MethodError

if TYPE_CHECKING:
    from neardepth.geometry.layouts import Layout
    from neardepth.geometry.rig import Rig
    from neardepth.geometry.scene import Scene
    from neardepth.geometry.stereo import Eye

VIDEOS = {
    ".3g2", ".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".m2ts", ".m2v", ".m4v", ".mkv", ".mov",
    ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv",
}  # fmt: skip

HELP = """Write stereo pictures of photos, or stereo videos.

Both eyes' views are rendered from the photo's depth, as far apart as eyes are unless you say
otherwise. Layouts, with the ending that players know them by: full-sbs (_LRF_Full_SBS), half-sbs
(_LR_Half_SBS), cross (_RLF_cross), full-tb (_TBF_fulltb), half-tb (_TB_Half_OU), separate (_L and
_R), anaglyph-dubois (_redcyan_dubois), anaglyph-colour (_redcyan), anaglyph-half-colour
(_redcyan_half), anaglyph-grey (_redcyan_grey), interlaced (_interlaced).

Examples:

    neardepth stereo room.jpg -o stereo

    neardepth stereo room.jpg --layout anaglyph-dubois --layout half-sbs

    neardepth stereo room.jpg --max-disparity 2.5 --convergence 1.5 --keep left

    neardepth stereo room.jpg --screen-width 1.2 --viewing-distance 2.5

    neardepth stereo clip.mp4 --layout half-sbs

Of a video, depth and preview are written too: it is `neardepth video` with `--stereo`, and goes on
with `--resume` after Ctrl-C or a crash.
"""


def stereo(
    photos: Annotated[list[Path], typer.Argument(help="Photos, folders of photos, or videos.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the pictures.")
    ] = Path(),
    layout: Annotated[
        list[str] | None,
        typer.Option(help="How both views are put together; may be repeated. [full-sbs]"),
    ] = None,
    eye_distance: options.EyeDistance = None,
    max_disparity: options.MaxDisparity = None,
    convergence: options.Convergence = None,
    screen_width: options.ScreenWidth = None,
    viewing_distance: options.ViewingDistance = None,
    keep: options.Keep = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Of videos: go on where an interrupted run ended.")
    ] = False,
    depth: DepthFile = None,
    depth_kind: DepthKindOfFile = None,
    pool: options.PoolPath = None,
    method: options.MethodName = None,
    prior: options.Prior = "auto",
    encoder: options.EncoderName = None,
    focal_px: options.FocalPx = None,
    fov: options.FieldOfView = None,
    threads: options.Threads = None,
    provider: options.Providers = None,
) -> None:
    """Write stereo pictures of photos, or stereo videos."""
    eyes = options.eye_settings(
        eye_distance, max_disparity, convergence, screen_width, viewing_distance
    )
    layouts = tuple(dict.fromkeys(layout or ["full-sbs"]))
    estimator: dict[str, Any] = {
        "pool": pool, "method": method, "prior": prior, "encoder": encoder, "focal_px": focal_px,
        "fov": fov, "fill": False, "threads": threads, "providers": provider,
    }  # fmt: skip
    videos = [path for path in photos if path.suffix.lower() in VIDEOS]
    if not videos:
        if resume:
            raise typer.BadParameter("is of videos", param_hint="--resume")
        _photos(photos, output, layouts, eyes, keep, depth, depth_kind, estimator)
        return
    if len(videos) < len(photos):
        raise typer.BadParameter("videos come by themselves, without photos")
    if depth is not None or depth_kind is not None:
        raise typer.BadParameter("--depth and --depth-kind are of a photo, not of videos")
    from neardepth.video import StereoOptions, VideoOptions

    wanted = VideoOptions(stereo=StereoOptions(layouts, **eyes, keep=keep))
    video.convert(videos, output, wanted, resume=resume, **estimator)


def _photos(
    photos: list[Path],
    output: Path,
    names: Sequence[str],
    eyes: dict[str, Any],
    keep: Eye | None,
    depth: Path | None,
    depth_kind: Literal["z", "ray"] | None,
    estimator: dict[str, Any],
) -> None:
    from neardepth.geometry.layouts import find_layout
    from neardepth.geometry.pictures import layout_paths
    from neardepth.imaging.files import refuse_inputs

    layouts = [find_layout(name) for name in names]
    paths = expand(photos)
    stems = unique_stems(paths)
    targets = [
        path for stem in stems for one in layouts for path in layout_paths(output, stem, one)
    ]
    refuse_inputs(targets, [*paths, *([depth] if depth else [])], MethodError)
    scenes = open_scenes(paths, depth, depth_kind, **estimator)

    def work(number: int, scene: Scene) -> str:
        return _write(scene, scene.rig(**eyes), keep, output, stems[number], layouts)

    for_each("Rendering", paths, scenes, work)


def _write(
    scene: Scene, rig: Rig, keep: Eye | None, output: Path, stem: str, layouts: list[Layout]
) -> str:
    """Write the pictures and say what is in them."""
    from neardepth.geometry.pictures import save_layout

    z = scene.z()
    pair = scene.render(rig, keep)
    nearest, farthest = rig.percent_of_width(z)
    facts = parallax_text(nearest, farthest, rig.convergence)
    notes = (f"stereo: {facts}; strength {rig.strength:.6g} px m", f"camera: {scene.camera_text}")
    files = [path for one in layouts for path in save_layout(output, stem, one, pair, notes)]
    warn_of_strain(scene.photo.name, nearest, farthest)
    holes = (pair.left_holes.mean() + pair.right_holes.mean()) / 2
    return f"{', '.join(map(str, files))}\n    {facts}; {holes:.1%} filled in"
