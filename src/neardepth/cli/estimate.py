"""`neardepth estimate`: depth maps for photos."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from neardepth.cli import options
from neardepth.cli.console import complain, say
from neardepth.cli.progress import progress_bar
from neardepth.errors import NearDepthError, PhotoError

if TYPE_CHECKING:
    from neardepth.result import DepthResult

HELP = """Write metric depth for photos.

For PHOTO.jpg: PHOTO.depth.png (16 bit, its unit in the metadata), PHOTO.depth.json (everything
about the result, with the pool images it rests on) and PHOTO.preview.png (colours, metres).

Examples:

    neardepth estimate room.jpg

    neardepth estimate room.jpg --pool site.pool

    neardepth estimate photos/ --pool site.pool -o depth --npz

    neardepth estimate room.jpg --pool site.pool --method knn --k 8
"""

UNLIKE = "the photo is unlike all that is known; do not rely on this depth"

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif"}


def estimate(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or folders of photos.")],
    pool: options.PoolPath = None,
    method: options.MethodName = None,
    prior: options.Prior = "auto",
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results.")
    ] = Path(),
    npz: Annotated[bool, typer.Option("--npz", help="Also write every map as arrays.")] = False,
    exr: Annotated[bool, typer.Option("--exr", help="Also write 32-bit OpenEXR.")] = False,
    focal_px: options.FocalPx = None,
    fov: options.FieldOfView = None,
    fill: options.Fill = False,
    encoder: options.EncoderName = None,
    tiles: options.Tiles = None,
    k: options.Neighbours = None,
    threshold: options.Threshold = None,
    fusion: options.Fusion = None,
    refine: options.Refine = None,
    threads: options.Threads = None,
    provider: options.Providers = None,
) -> None:
    """Write metric depth for photos."""
    settings = options.step_settings(tiles, k, threshold, fusion, refine)
    paths = expand(photos)
    estimator = options.open_estimator(
        pool,
        method,
        encoder,
        threads,
        provider,
        prior=prior,
        focal_px=focal_px,
        fov=fov,
        fill=fill,
        **settings,
    )
    failures = 0
    with progress_bar("Estimating", "photos", show=len(paths) > 1) as progress:
        jobs = zip(paths, unique_stems(paths), estimator.outcomes(paths), strict=True)
        for done, (path, stem, (_, outcome)) in enumerate(jobs, start=1):
            try:
                if isinstance(outcome, NearDepthError):
                    raise outcome
                files = outcome.save(output, stem, npz=npz, exr=exr)
                say(f"{path} → {files[0]}   {describe(outcome)}")
            except NearDepthError as error:
                failures += 1
                complain(error)
            progress(done, len(paths))
    if failures:
        complain(f"{failures} of {len(paths)} photos failed")
        raise typer.Exit(1)


def expand(arguments: Sequence[Path]) -> list[Path]:
    """Replace each folder by the photos in it.

    Raises:
        PhotoError: a folder has none.
    """
    paths: list[Path] = []
    for argument in arguments:
        if not argument.is_dir():
            paths.append(argument)
            continue
        inside = sorted(path for path in argument.iterdir() if _is_photo(path))
        if not inside:
            raise PhotoError(f"{argument}: there is no photo in this folder")
        paths += inside
    return paths


def _is_photo(path: Path) -> bool:
    from neardepth.geometry.pictures import is_layout

    if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
        return False
    return not (path.name.endswith((".depth.png", ".preview.png", ".panel.png")) or is_layout(path))


def unique_stems(paths: Sequence[Path]) -> list[str]:
    """Name the outputs after the photos, so that two photos of one name do not share a file."""
    taken: set[str] = set()
    stems = []
    for path in paths:
        names = (path.stem if n == 1 else f"{path.stem}-{n}" for n in itertools.count(1))
        stems.append(next(name for name in names if name not in taken))
        taken.add(stems[-1])
    return stems


def describe(result: DepthResult) -> str:
    """Say in a few words what was found, with units."""
    import numpy as np

    best = result.neighbours[0]
    kept = sum(neighbour.kept for neighbour in result.neighbours)
    known = result.depth[~np.isnan(result.depth)]
    text = f"{known.min():.2f}–{known.max():.2f} m, " if known.size else "no known depth, "
    if result.factor95 is not None:
        spread = np.nanmedian(result.uncertainty / result.depth)
        text += f"± {spread:.0%} (68 %), largest weight {best.id}"
        text += f"\n    camera: {result.method['camera']}"
    else:
        text += f"{kept} neighbours, best {best.id} ({best.correlation:.2f})"
    return text + ("\n    LOW CONFIDENCE: " + UNLIKE if result.low_confidence else "")
