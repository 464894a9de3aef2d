"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from neardepth.cli.console import note
from neardepth.cli.progress import progress_bar

if TYPE_CHECKING:
    from neardepth.encoders import Encoder
    from neardepth.estimator import DepthEstimator

_STEPS = "Steps of the method"
_RUN = "How it runs"

PoolPath = Annotated[
    Path | None,
    typer.Option(
        "--pool",
        metavar="POOL",
        help="The pool of RGB-D pairs, or rooms. [default: none, a model that ships answers]",
    ),
]
Prior = Annotated[
    str,
    typer.Option(
        metavar="auto|none|indoor|rooms|FILE",
        help="Model whose errors are learned from the pool; auto: where that is off by less.",
    ),
]
MethodName = Annotated[
    str | None, typer.Option("--method", help="Named recipe; `neardepth methods` lists them.")
]
EncoderName = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME|FILE.onnx",
        help="Network or descriptor, instead of the pool's or method's own; several: A+B.",
        rich_help_panel=_STEPS,
    ),
]
Tiles = Annotated[
    str | None,
    typer.Option(
        metavar="RxC", help="All but kernel: rows × columns, e.g. 4x4.", rich_help_panel=_STEPS
    ),
]
Neighbours = Annotated[
    int | None,
    typer.Option("--k", help="Neighbours looked at; kernel: images named.", rich_help_panel=_STEPS),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        help="All but kernel: keep neighbours correlated above this.", rich_help_panel=_STEPS
    ),
]
Fusion = Annotated[
    str | None,
    typer.Option(
        help="All but kernel: weighted-mean, weighted-median, log-mean, local-median, stacked, "
        "warped-median or depth-transfer.",
        rich_help_panel=_STEPS,
    ),
]
Refine = Annotated[
    str | None, typer.Option(help="cross-bilateral, guided or none.", rich_help_panel=_STEPS)
]
FocalPx = Annotated[
    float | None,
    typer.Option("--focal-px", help="Focal length of the photos, pixels; else from EXIF."),
]
FieldOfView = Annotated[
    float | None,
    typer.Option("--fov", help="Horizontal field of view, degrees, instead of --focal-px."),
]
Fill = Annotated[
    bool, typer.Option("--fill", help="Fill in what the pool does not know, and mark it.")
]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help="Network threads; all cores if not given.", rich_help_panel=_RUN),
]
Providers = Annotated[
    list[str] | None,
    typer.Option(
        "--provider",
        help="ONNX Runtime execution provider, best first; may be repeated.",
        rich_help_panel=_RUN,
    ),
]

EYES = "Eyes and screen"

EyeDistance = Annotated[
    float | None,
    typer.Option(
        "--eye-distance",
        metavar="MM",
        min=0,
        max=1000,
        help="Between the eyes. [63]",
        rich_help_panel=EYES,
    ),
]
MaxDisparity = Annotated[
    float | None,
    typer.Option(
        "--max-disparity",
        metavar="PCT",
        min=0,
        max=20,
        help="Largest parallax, per cent of the width, instead of --eye-distance.",
        rich_help_panel=EYES,
    ),
]
Convergence = Annotated[
    float | None,
    typer.Option(
        "--convergence",
        metavar="M",
        min=0.01,
        help="Depth that is seen on the screen itself. [the median]",
        rich_help_panel=EYES,
    ),
]
ScreenWidth = Annotated[
    float | None,
    typer.Option(
        "--screen-width",
        metavar="M",
        min=0.01,
        max=1000,
        help="Width of the screen: with the next, things are seen at their true depth.",
        rich_help_panel=EYES,
    ),
]
ViewingDistance = Annotated[
    float | None,
    typer.Option(
        "--viewing-distance",
        metavar="M",
        min=0.01,
        max=1000,
        help="From the eyes to the screen.",
        rich_help_panel=EYES,
    ),
]
Keep = Annotated[
    Literal["left", "right"] | None,
    typer.Option("--keep", help="Eye that is the photo itself. [neither]", rich_help_panel=EYES),
]


def eye_settings(
    eye_distance: float | None,
    max_disparity: float | None,
    convergence: float | None,
    screen_width: float | None,
    viewing_distance: float | None,
) -> dict[str, Any]:
    """Collect how far apart eyes see things, for `Scene.rig`.

    Raises:
        typer.BadParameter: options exclude each other, or one lacks another.
    """
    if (screen_width is None) != (viewing_distance is None):
        raise typer.BadParameter("--screen-width and --viewing-distance belong together")
    if max_disparity is not None and (eye_distance is not None or screen_width is not None):
        raise typer.BadParameter(
            "stands instead of --eye-distance and of a screen", param_hint="--max-disparity"
        )
    return {
        "eye_mm": eye_distance,
        "max_disparity": max_disparity,
        "convergence": convergence,
        "screen": None if screen_width is None else (screen_width, viewing_distance),
    }


def parse_grid(text: str | None) -> tuple[int, int] | None:
    """Read a tiling such as 4x4.

    Raises:
        typer.BadParameter: it is not two whole numbers with an x between.
    """
    if text is None:
        return None
    rows, cross, columns = text.lower().partition("x")
    if not (text.isascii() and cross and rows.isdigit() and columns.isdigit()):
        raise typer.BadParameter(
            f"'{text}' is not rows x columns, for example 4x4", param_hint="--tiles"
        )
    return int(rows), int(columns)


def step_settings(
    tiles: str | None,
    k: int | None,
    threshold: float | None,
    fusion: str | None,
    refine: str | None,
) -> dict[str, Any]:
    """Collect the step settings given on the command line, for `Method.override`."""
    return {
        "tiles": parse_grid(tiles),
        "k": k,
        "threshold": threshold,
        "fusion": fusion,
        "refine": refine,
    }


def open_estimator(
    pool: Path | None,
    method: str | None,
    encoder: str | None,
    threads: int | None,
    providers: list[str] | None,
    **settings: Any,
) -> DepthEstimator:
    """Make the estimator, with progress where descriptors are missing; say what was chosen."""
    from neardepth.estimator import DepthEstimator
    from neardepth.methods import DEFAULT_METHOD
    from neardepth.retrieval.choice import NONE

    with progress_bar("Preparing the pool", "pairs") as progress:
        estimator = DepthEstimator(
            None if pool == Path(NONE) else pool,
            method or DEFAULT_METHOD,
            encoder=encoder,
            threads=threads,
            providers=providers,
            progress=progress,
            **settings,
        )
    if estimator.choice:
        note(estimator.choice)
    used = "+".join(network.name for network in estimator.encoders)
    setting = estimator.pool.encoder_setting if estimator.pool is not None else None
    if encoder is not None:
        for network in estimator.encoders:
            tell_preprocessing(network)
    elif setting is not None and setting["name"] not in used.split("+"):
        note(
            f"encoder {used}: method {estimator.method.name} does not use {setting['name']}, with "
            f"which {pool} was built; tile methods such as knn do"
        )
    elif used != estimator.method.encoder:
        note(
            f"encoder {used}: {pool} was built with it "
            f"(method {estimator.method.name} names {estimator.method.encoder})"
        )
    return estimator


def tell_preprocessing(encoder: Encoder) -> None:
    """Say how tiles are prepared for a network from a file: a wrong guess would go unnoticed."""
    if encoder.source == encoder.name:
        return
    how = encoder.preprocessing
    mean, std = (" ".join(f"{value:g}" for value in values) for values in (how.mean, how.std))
    note(
        f"encoder {encoder.name}: tiles of {how.size[1]}×{how.size[0]} px, mean {mean}, deviation "
        f"{std}; a file {encoder.name}.json beside it can say otherwise"
    )
