"""`neardepth stereo`: what two eyes would have seen, for screens, headsets and glasses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from neardepth.cli import options, video
from neardepth.cli.console import warn
from neardepth.cli.estimate import expand, unique_stems
from neardepth.cli.scenes import DepthFile, DepthKindOfFile, for_each, open_scenes
from neardepth.errors import MethodError

if TYPE_CHECKING:
    from neardepth.geometry.layouts import Layout
    from neardepth.geometry.rig import Rig
    from neardepth.geometry.scene import Scene
    from neardepth.geometry.stereo import Eye

VIDEOS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".ts", ".mts", ".mpg", ".mpeg", ".wmv"}

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

Of a video, depth and preview are written too: it is `neardepth video` with `--stereo`.
"""

_STRAIN = 4.0  # per cent of the width; comfort ends at 2 to 3 on a screen, sooner on a large one
_SCREEN = "Eyes and screen"


def stereo(
    photos: Annotated[list[Path], typer.Argument(help="Photos, folders of photos, or videos.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the pictures.")
    ] = Path(),
    layout: Annotated[
        list[str] | None,
        typer.Option(help="How both views are put together; may be repeated. [full-sbs]"),
    ] = None,
    eye_distance: Annotated[
        float | None,
        typer.Option(
            metavar="MM", min=0, max=1000, help="Between the eyes. [63]", rich_help_panel=_SCREEN
        ),
    ] = None,
    max_disparity: Annotated[
        float | None,
        typer.Option(
            metavar="PCT",
            min=0,
            max=20,
            help="Largest parallax, per cent of the width, instead of --eye-distance.",
            rich_help_panel=_SCREEN,
        ),
    ] = None,
    convergence: Annotated[
        float | None,
        typer.Option(
            metavar="M",
            min=0.01,
            help="Depth that is seen on the screen itself. [the median]",
            rich_help_panel=_SCREEN,
        ),
    ] = None,
    screen_width: Annotated[
        float | None,
        typer.Option(
            metavar="M",
            min=0.01,
            max=1000,
            help="Width of the screen: with the next, things are seen at their true depth.",
            rich_help_panel=_SCREEN,
        ),
    ] = None,
    viewing_distance: Annotated[
        float | None,
        typer.Option(
            metavar="M",
            min=0.01,
            max=1000,
            help="From the eyes to the screen.",
            rich_help_panel=_SCREEN,
        ),
    ] = None,
    keep: Annotated[
        Literal["left", "right"] | None,
        typer.Option(help="Eye that is the photo itself. [neither]", rich_help_panel=_SCREEN),
    ] = None,
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
    from neardepth.geometry.layouts import find_layout
    from neardepth.geometry.pictures import layout_paths
    from neardepth.imaging.files import refuse_inputs

    videos = [path for path in photos if path.suffix.lower() in VIDEOS]
    if videos:
        if len(videos) < len(photos) or screen_width or viewing_distance or keep or depth:
            raise typer.BadParameter(
                "videos come by themselves, without --screen-width, --keep and --depth"
            )
        video.video(
            videos, output, stereo=layout or ["full-sbs"], eye_distance=eye_distance,
            max_disparity=max_disparity, convergence=convergence, pool=pool, method=method,
            prior=prior, encoder=encoder, focal_px=focal_px, fov=fov, threads=threads,
            provider=provider,
        )  # fmt: skip
        return
    screen = None
    if screen_width is not None and viewing_distance is not None:
        screen = (screen_width, viewing_distance)
    elif screen_width is not None or viewing_distance is not None:
        raise typer.BadParameter("--screen-width and --viewing-distance belong together")
    if max_disparity is not None and (eye_distance is not None or screen is not None):
        raise typer.BadParameter(
            "stands instead of --eye-distance and of a screen", param_hint="--max-disparity"
        )
    layouts = [find_layout(name) for name in dict.fromkeys(layout or ["full-sbs"])]
    paths = expand(photos)
    stems = unique_stems(paths)
    targets = [
        path for stem in stems for one in layouts for path in layout_paths(output, stem, one)
    ]
    refuse_inputs(targets, [*paths, *([depth] if depth else [])], MethodError)
    scenes = open_scenes(
        paths, depth, depth_kind, focal_px=focal_px, fov=fov, pool=pool, method=method,
        prior=prior, encoder=encoder, fill=False, threads=threads, providers=provider,
    )  # fmt: skip

    def work(number: int, scene: Scene) -> str:
        rig = scene.rig(
            eye_mm=eye_distance,
            max_disparity=max_disparity,
            convergence=convergence,
            screen=screen,
        )
        return _write(scene, rig, keep, output, stems[number], layouts)

    for_each("Rendering", paths, scenes, work)


def _write(
    scene: Scene, rig: Rig, keep: Eye | None, output: Path, stem: str, layouts: list[Layout]
) -> str:
    """Write the pictures and say what is in them."""
    from neardepth.geometry.pictures import save_layout

    z = scene.z()
    pair = scene.render(rig, keep)
    nearest, farthest = rig.percent_of_width(z)
    facts = (
        f"parallax {farthest:+.1f} to {nearest:+.1f} % of the width, screen at "
        f"{rig.convergence:.2f} m"
    )
    notes = (f"stereo: {facts}; strength {rig.strength:.6g} px m", f"camera: {scene.camera_text}")
    files = [path for one in layouts for path in save_layout(output, stem, one, pair, notes)]
    if max(nearest, -farthest) > _STRAIN:
        warn(
            f"{scene.photo.name}: a parallax of {max(nearest, -farthest):.1f} % of the width "
            "strains eyes: move --convergence, or give --max-disparity 2.5"
        )
    holes = (pair.left_holes.mean() + pair.right_holes.mean()) / 2
    return f"{', '.join(map(str, files))}\n    {facts}; {holes:.1%} filled in"
