"""`neardepth explain`: one picture of how a photo's depth came about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neardepth.cli import options
from neardepth.cli.console import note, say
from neardepth.cli.estimate import describe

HELP = """Show what a photo's depth rests on, in one picture.

The photo, the pool images that weigh most in it with their correlations and depth, the depth
before and after refinement, and how uncertain it is, on one scale in metres.

Examples:

    neardepth explain room.jpg --pool site.pool -o panel.png

    neardepth explain room.jpg --frames nyu/nyu_depth_v2_labeled.mat

    neardepth explain room.jpg --pool site.pool --method paper --k 6
"""


def explain(
    photo: Annotated[Path, typer.Argument(help="The photo.")],
    pool: options.PoolPath = None,
    method: options.MethodName = None,
    prior: options.Prior = "auto",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE.png", help="The picture [default: PHOTO.panel.png]"
        ),
    ] = None,
    frames: Annotated[
        Path | None,
        typer.Option(
            metavar="SOURCE",
            help="Where the photos are that the model was fitted on: a folder or .mat file.",
        ),
    ] = None,
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
    """Show what a photo's depth rests on, in one picture."""
    settings = options.step_settings(tiles, k, threshold, fusion, refine)
    estimator = options.open_estimator(
        pool,
        method,
        encoder,
        threads,
        provider,
        prior=prior,
        frames=frames,
        focal_px=focal_px,
        fov=fov,
        fill=fill,
        **settings,
    )
    result = estimator(photo)
    target = output or Path(f"{photo.stem}.panel.png")
    result.save_explanation(target)
    for neighbour in result.neighbours:
        use = f"weight {neighbour.weight:+.2f}" if neighbour.kept else "dropped"
        say(f"{neighbour.id:30} correlation {neighbour.correlation:+.3f}   {use}")
    say(f"{photo} → {target}   {describe(result)}")
    if estimator.model is not None and frames is None:
        origin = estimator.model.facts.get("origin", "not stated")
        note(
            f"model {estimator.model.name} ships without its photos ({origin}); where you have "
            "them (`neardepth data fetch nyuv2` for indoor), --frames SOURCE shows them"
        )
