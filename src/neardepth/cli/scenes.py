"""Photos with depth for the verbs that make 3D: estimated, or read from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from neardepth.cli import options
from neardepth.cli.console import complain, note, say, warn
from neardepth.cli.estimate import UNLIKE
from neardepth.cli.progress import progress_bar
from neardepth.errors import NearDepthError

if TYPE_CHECKING:
    from neardepth.geometry.scene import Scene
    from neardepth.result import DepthResult

_STRAIN = 4.0  # per cent of the width; comfort ends at 2 to 3 on a screen, sooner on a large one

DepthFile = Annotated[
    Path | None,
    typer.Option(
        "--depth",
        metavar="FILE",
        help="Depth map to use instead of estimating: what NearDepth wrote, or a 16-bit PNG of "
        "millimetres.",
    ),
]
DepthKindOfFile = Annotated[
    Literal["z", "ray"] | None,
    typer.Option("--depth-kind", help="What --depth measures, if the file beside it does not say."),
]


def open_scenes(
    photos: Sequence[Path],
    depth: Path | None,
    kind: Literal["z", "ray"] | None,
    *,
    focal_px: float | None,
    fov: float | None,
    **estimator: Any,
) -> Iterator[Scene | NearDepthError]:
    """Read the only photo's depth from a file, or estimate that of all one after the other.

    Args:
        photos: their paths.
        depth: the depth map's file, None to estimate.
        kind: what it measures, where its sidecar does not say.
        focal_px: as on the command line.
        fov: as on the command line.
        **estimator: pool, method, prior, encoder, fill, threads and providers.
    """
    if depth is None:
        if kind is not None:
            raise typer.BadParameter("tells what --depth measures", param_hint="--depth-kind")
        return _estimated(photos, focal_px, fov, **estimator)
    if len(photos) != 1:
        raise typer.BadParameter("is the depth of one photo: give one", param_hint="--depth")
    if any(estimator[name] is not None for name in ("pool", "method", "encoder")):
        raise typer.BadParameter(
            "stands instead of an estimate: leave --pool, --method and --encoder out",
            param_hint="--depth",
        )
    return _read(photos[0], depth, kind, focal_px, fov)


def _read(
    photo: Path,
    depth: Path,
    kind: Literal["z", "ray"] | None,
    focal_px: float | None,
    fov: float | None,
) -> Iterator[Scene | NearDepthError]:
    from neardepth.geometry.scene import Scene

    try:
        yield Scene.of_files(photo, depth, focal_px=focal_px, fov=fov, kind=kind)
    except NearDepthError as error:
        yield error


def _estimated(
    photos: Sequence[Path],
    focal_px: float | None,
    fov: float | None,
    *,
    pool: Path | None,
    method: str | None,
    encoder: str | None,
    threads: int | None,
    providers: list[str] | None,
    **settings: Any,
) -> Iterator[Scene | NearDepthError]:
    from neardepth.methods import DEFAULT_METHOD, find_method

    # Methods of tiles scale nothing by the focal length, but 3D needs it all the same.
    scaled = find_method(method or DEFAULT_METHOD).weights == "solved"
    if scaled:
        settings |= {"focal_px": focal_px, "fov": fov}
    estimator = options.open_estimator(pool, method, encoder, threads, providers, **settings)
    for _, outcome in estimator.outcomes(photos):
        if isinstance(outcome, NearDepthError):
            yield outcome
        else:
            yield _of_result(outcome, None if scaled else (focal_px, fov))


def _of_result(
    result: DepthResult, given: tuple[float | None, float | None] | None
) -> Scene | NearDepthError:
    from neardepth.geometry.scene import Scene
    from neardepth.retrieval.camera import with_camera

    if result.low_confidence:
        warn(f"{result.photo.name}: {UNLIKE}")
    try:
        if given is None:
            return Scene.of_result(result)
        photo = with_camera(replace(result.photo, intrinsics=None), *given)
        return Scene.of_result(result, photo.intrinsics)
    except NearDepthError as error:
        return error


def for_each(
    title: str,
    photos: Sequence[Path],
    scenes: Iterator[Scene | NearDepthError],
    work: Callable[[int, Scene], str],
) -> None:
    """Do the work for the scene of each photo and say what it returns; name those that failed.

    Raises:
        typer.Exit: some failed.
    """
    failures = 0
    with progress_bar(title, "photos", show=len(photos) > 1) as progress:
        for number, (photo, scene) in enumerate(zip(photos, scenes, strict=True)):
            try:
                if isinstance(scene, NearDepthError):
                    raise scene
                _tell_camera(scene)
                say(f"{photo} → {work(number, scene)}")
            except NearDepthError as error:
                failures += 1
                complain(error)
            progress(number + 1, len(photos))
    if failures:
        complain(f"{failures} of {len(photos)} photos failed")
        raise typer.Exit(1)


def _tell_camera(scene: Scene) -> None:
    """Say which camera is used; a guess is a warning, for it bends and stretches all 3D."""
    if scene.camera_is_assumed:
        warn(
            f"{scene.photo.name}: camera {scene.camera_text}; if that is wrong, so are all angles: "
            "give --focal-px or --fov"
        )
    else:
        note(f"{scene.photo.name}: camera {scene.camera_text}")


def parallax_text(nearest: float, farthest: float, screen: float) -> str:
    """Say how far apart eyes see things: per cent of the width, and metres."""
    return f"parallax {farthest:+.1f} to {nearest:+.1f} % of the width, screen at {screen:.2f} m"


def warn_of_strain(name: str, nearest: float, farthest: float) -> None:
    """Warn of a parallax that strains eyes."""
    most = max(nearest, -farthest)
    if most > _STRAIN:
        warn(
            f"{name}: a parallax of {most:.1f} % of the width strains eyes: move --convergence, or "
            "give --max-disparity 2.5"
        )
