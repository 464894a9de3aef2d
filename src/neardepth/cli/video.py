"""`neardepth video`: depth of videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from neardepth.cli import options
from neardepth.cli.console import complain, note, say, warn
from neardepth.cli.estimate import UNLIKE, unique_stems
from neardepth.cli.progress import progress_bar
from neardepth.cli.scenes import parallax_text, warn_of_strain
from neardepth.errors import MethodError, NearDepthError

if TYPE_CHECKING:
    from neardepth.video import Summary, VideoOptions

HELP = """Write the depth of videos, steady in time.

For CLIP.mp4: CLIP.depth.mkv (16 bit without loss, FFV1, its unit in the file), CLIP.preview.mp4
(colours in one range of metres, with the sound) and CLIP.depth.json (what was done). Frames keep
their time stamps. Needs PyAV: pip install 'neardepth[video]'.

Ctrl-C leaves files that play, of what is done (or those of a finished run, if there are such); the
same command with --resume goes on from there, also after a crash.

Examples:

    neardepth video clip.mp4

    neardepth video clip.mp4 -o out --start 10 --end 25

    neardepth video clip.mp4 -o out --stereo half-sbs --max-disparity 2.5

    neardepth video clip.mp4 -o out --depth-format png --fov 70

    neardepth video *.mov -o out --resume
"""

DEFAULT_METHOD = "kernel-fast"
INTERRUPTED = 130  # what a shell reports of a command ended by Ctrl-C


def video(
    videos: Annotated[list[Path], typer.Argument(metavar="IN...", help="Videos.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results.")
    ] = Path(),
    depth_format: Annotated[
        str,
        typer.Option(
            metavar="ffv1|png", help="Depth as one lossless video, or as a folder of 16-bit PNGs."
        ),
    ] = "ffv1",
    stabilise: Annotated[
        bool,
        typer.Option(
            "--stabilise/--no-stabilise", help="Smooth depth along the motion, anew at each cut."
        ),
    ] = True,
    start: Annotated[float, typer.Option(help="Where to begin, seconds.")] = 0.0,
    end: Annotated[float | None, typer.Option(help="Where to end, seconds.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted run ended.")
    ] = False,
    stereo: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LAYOUT",
            help="Also write a stereo video: full-sbs, half-sbs, anaglyph-dubois, … as "
            "`neardepth stereo` knows them; may be repeated.",
            rich_help_panel=options.EYES,
        ),
    ] = None,
    eye_distance: options.EyeDistance = None,
    max_disparity: options.MaxDisparity = None,
    convergence: options.Convergence = None,
    screen_width: options.ScreenWidth = None,
    viewing_distance: options.ViewingDistance = None,
    keep: options.Keep = None,
    pool: options.PoolPath = None,
    method: Annotated[
        str | None,
        typer.Option("--method", help=f"Named recipe. [default: {DEFAULT_METHOD}]"),
    ] = None,
    prior: options.Prior = "auto",
    focal_px: options.FocalPx = None,
    fov: options.FieldOfView = None,
    fill: options.Fill = False,
    encoder: options.EncoderName = None,
    threads: options.Threads = None,
    provider: options.Providers = None,
) -> None:
    """Write the depth of videos."""
    from neardepth.video import StereoOptions, VideoOptions

    rig = options.eye_settings(
        eye_distance, max_disparity, convergence, screen_width, viewing_distance
    )
    if not stereo:
        _refuse_eyes(
            eye_distance=eye_distance, max_disparity=max_disparity, convergence=convergence,
            screen_width=screen_width, keep=keep,
        )  # fmt: skip
    eyes = StereoOptions(tuple(stereo), **rig, keep=keep) if stereo else None
    wanted = VideoOptions(depth_format, stabilise, start, end, eyes)  # type: ignore[arg-type]
    convert(
        videos, output, wanted, resume=resume, pool=pool, method=method, encoder=encoder,
        threads=threads, providers=provider, prior=prior, focal_px=focal_px, fov=fov, fill=fill,
    )  # fmt: skip


def convert(
    videos: list[Path],
    output: Path,
    wanted: VideoOptions,
    *,
    resume: bool,
    method: str | None,
    **estimator: Any,
) -> None:
    """Convert one video after the other and say what was done.

    Args:
        videos: their paths.
        output: the folder for the results.
        wanted: what to write.
        resume: whether to go on where an interrupted run ended.
        method: as on the command line.
        **estimator: what else `options.open_estimator` takes.

    Raises:
        typer.Exit: some failed, or Ctrl-C ended it.
    """
    from neardepth.imaging.files import refuse_inputs
    from neardepth.video import convert_video

    stems = unique_stems(videos)
    targets = [path for stem in stems for path in wanted.targets(output, stem)]
    refuse_inputs(targets, videos, MethodError)
    if method is None:
        method = DEFAULT_METHOD
        note(f"method {method}: one network a frame; --method kernel is slower, a little better")
    opened = options.open_estimator(method=method, **estimator)
    failures = 0
    for path, stem in zip(videos, stems, strict=True):
        try:
            with progress_bar(path.name, "frames") as progress:
                done = convert_video(
                    path, output, opened, wanted, stem=stem, resume=resume, progress=progress
                )
        except NearDepthError as error:
            failures += 1
            complain(error)
            continue
        except KeyboardInterrupt:
            note(f"{path}: interrupted before its first frame was done")
            raise typer.Exit(INTERRUPTED) from None
        files = ", ".join(map(str, done.files)) or "nothing: the files of a finished run stay"
        say(f"{path} → {files}\n    {describe(done)}")
        if done.parallax is not None:
            warn_of_strain(path.name, *done.parallax)
        if done.lost:
            warn(f"{path}: about {done.lost} frames are damaged or missing and were left out")
        if done.interrupted:
            note("interrupted; the same command with --resume goes on from here")
            raise typer.Exit(INTERRUPTED)
    if failures:
        complain(f"{failures} of {len(videos)} videos failed")
        raise typer.Exit(1)


def _refuse_eyes(**given: object) -> None:
    for name, value in given.items():
        if value is not None:
            raise typer.BadParameter(
                "is of stereo videos: add --stereo", param_hint=f"--{name.replace('_', '-')}"
            )


def describe(done: Summary) -> str:
    """Say in a few words what was done, with units."""
    low, high = done.limits
    text = f"{done.frames} frames, colours {low:g}–{high:g} m"
    if done.done_now:
        text += f", {done.done_now / done.seconds:.1f} frames/s"
    else:
        text += ", finished before"
    if done.cuts:
        text += f", {done.cuts} scene cuts"
    if done.camera:
        text += f"\n    camera: {done.camera}"
    if done.parallax is not None and done.screen is not None:
        text += f"\n    {parallax_text(*done.parallax, done.screen)}"
    if done.beyond:
        text += f"\n    {done.beyond} frames have depth beyond what the depth video can hold"
    if done.unlike:
        text += f"\n    LOW CONFIDENCE in {done.unlike} frames: {UNLIKE}"
    return text
