"""`neardepth pool`: build a pool of RGB-D pairs and look after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from neardepth.cli import options
from neardepth.cli.console import complain, note, say
from neardepth.cli.progress import progress_bar

if TYPE_CHECKING:
    from neardepth.datasets import Source
    from neardepth.encoders import Encoder
    from neardepth.methods import Method
    from neardepth.pool import BuildReport

app = typer.Typer(help="Build a pool of RGB-D pairs and look after it.", no_args_is_help=True)

PoolArgument = Annotated[Path, typer.Argument(metavar="POOL", help="The pool's folder.")]
DepthScale = Annotated[
    float,
    typer.Option(help="Counts per metre of 16-bit PNG depth: 1000 is millimetres, KITTI has 256."),
]
Kind = Annotated[
    Literal["z", "ray"],
    typer.Option(
        "--depth-kind", help="Depth along the optical axis (z) or along each pixel's ray (ray)."
    ),
]
Name = Annotated[
    str | None,
    typer.Option(help="Name of the source in the pool [default: the folder's name]"),
]


TILE_METHOD = "knn"
"""Method that a pool is described for where an encoder or tiles are named, but no method."""


@app.command("build")
def build(
    source: Annotated[
        Path,
        typer.Argument(help="Folder with rgb/ and depth/, NYU Depth v2 .mat or Make3D folder."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="POOL", help="The new pool.")],
    depth_scale: DepthScale = 1000.0,
    depth_kind: Kind = "z",
    name: Name = None,
    method: options.MethodName = None,
    encoder: options.EncoderName = None,
    tiles: options.Tiles = None,
    threads: options.Threads = None,
    provider: options.Providers = None,
) -> None:
    """Build a pool, or go on with one that was interrupted.

    The pool is described for the default method, or for what you name. With --encoder every
    method of tiles uses that encoder on this pool.

    Examples:
        neardepth pool build site/ -o site.pool

        neardepth pool build kitti/ -o kitti.pool --depth-scale 256

        neardepth pool build site/ -o site.pool --encoder network.onnx
    """
    from neardepth.datasets import open_source
    from neardepth.pool import build_pool

    pairs = open_source(source, depth_scale, depth_kind, name)
    if encoder is not None or tiles is not None:
        method = method or TILE_METHOD
    networks, recipe = _encoders(method, encoder, tiles, threads, provider)
    with progress_bar("Building", "pairs") as progress:
        report = build_pool(
            pairs,
            output,
            networks,
            recipe.grid,
            encoder_setting=networks[0].info() if encoder and len(networks) == 1 else None,
            progress=progress,
        )
    _tell(report, f"{output}: {{}} pairs added", pairs)


@app.command("add")
def add(
    pool: PoolArgument,
    source: Annotated[
        Path | None, typer.Argument(help="Folder with rgb/ and depth/, names in pairs.")
    ] = None,
    rgb: Annotated[Path | None, typer.Option(help="A single photo, with --depth.")] = None,
    depth: Annotated[Path | None, typer.Option(help="The depth map of --rgb.")] = None,
    depth_scale: DepthScale = 1000.0,
    depth_kind: Kind = "z",
    name: Name = None,
) -> None:
    """Add pairs; they count from the next estimate on.

    Examples:
        neardepth pool add site.pool more/

        neardepth pool add site.pool --rgb new.jpg --depth new.png --name site
    """
    from neardepth.datasets import Source, open_source, pair_of_files
    from neardepth.pool import add_pairs

    if source is not None and rgb is None and depth is None:
        pairs = open_source(source, depth_scale, depth_kind, name)
    elif source is None and rgb is not None and depth is not None:
        label = name or rgb.resolve().parent.name
        pairs = Source(label, (pair_of_files(rgb, depth, label, depth_scale, depth_kind),))
    else:
        raise typer.BadParameter("give either a source folder, or both --rgb and --depth")
    with progress_bar("Adding", "pairs") as progress:
        report = add_pairs(pool, pairs, progress=progress)
    _tell(report, f"{pool}: {{}} pairs added", pairs)


@app.command("remove")
def remove(
    pool: PoolArgument,
    ids: Annotated[list[str], typer.Argument(help="Ids of pairs, as in `explain` and `check`.")],
) -> None:
    """Remove pairs with their descriptors and free their space."""
    from neardepth.pool import remove_pairs

    say(f"{pool}: {remove_pairs(pool, ids)} pairs removed")


@app.command("encode")
def encode(
    pool: PoolArgument,
    method: options.MethodName = None,
    encoder: options.EncoderName = None,
    tiles: options.Tiles = None,
    threads: options.Threads = None,
    provider: options.Providers = None,
) -> None:
    """Add descriptors of another encoder or tiling, or describe anew after weights changed.

    Examples:
        neardepth pool encode site.pool --method paper

        neardepth pool encode site.pool --encoder efficientnet-lite2 --tiles 6x6
    """
    from neardepth.pool import encode_pool

    if encoder is not None or tiles is not None:
        method = method or TILE_METHOD
    networks, recipe = _encoders(method, encoder, tiles, threads, provider)
    what = f"{recipe.grid[0]}x{recipe.grid[1]} tiles" if recipe.grid else "views"
    for network in networks:
        with progress_bar("Describing", "photos") as progress:
            report = encode_pool(pool, network, recipe.grid, progress)
        _tell(report, f"{pool}: {{}} photos described by {network.name}, {what}")


@app.command("check")
def check(pool: PoolArgument) -> None:
    """Read everything and name what is wrong: damage, duplicates, implausible depth."""
    from neardepth.pool import check_pool, open_pool

    opened = open_pool(pool)
    with progress_bar("Checking", "pairs") as progress:
        findings = check_pool(opened, progress)
    for finding in findings:
        say(f"{finding.kind}: {finding.message}")
    if findings:
        complain(f"{len(findings)} findings in {len(opened)} pairs of {pool}")
        raise typer.Exit(1)
    say(f"{pool}: {len(opened)} pairs, nothing wrong")


@app.command("export-model")
def export_model(
    pool: PoolArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The model, a .safetensors file.")
    ],
    name: Annotated[
        str | None, typer.Option(help="Name that answers give it. [default: the file's]")
    ] = None,
    terms: Annotated[
        str, typer.Option(help="What others may do with it; kept in the file.")
    ] = "not stated",
    focal_px: Annotated[
        float | None,
        typer.Option("--focal-px", help="Focal length of the pool's photos, if not recorded."),
    ] = None,
    method: options.MethodName = None,
    encoder: options.EncoderName = None,
    threads: options.Threads = None,
    provider: options.Providers = None,
) -> None:
    """Write what a pool knows as a model, without its photos and depth maps.

    The file serves as a prior elsewhere, or answers without any pool. It names the pool's photos
    and keeps their fingerprints, so that nobody judges it on them.

    Examples:
        neardepth pool export-model site.pool -o site.safetensors

        neardepth estimate room.jpg --prior site.safetensors
    """
    from neardepth.errors import MethodError
    from neardepth.kernel.export import export_model
    from neardepth.pool import open_pool

    networks, recipe = _encoders(method, encoder, None, threads, provider)
    if recipe.weights != "solved":
        raise MethodError(f"method {recipe.name} fits nothing that could be exported; use kernel")
    opened = open_pool(pool)
    with progress_bar("Fitting", "pairs") as progress:
        shared = export_model(
            opened,
            networks,
            output,
            name or output.stem,
            {"origin": f"{len(opened)} pairs of {pool.name}", "terms": terms},
            focal_px=focal_px,
            progress=progress,
        )
    size = _megabytes(output.stat().st_size)
    say(f"{pool} → {output}   {size}, fitted on {len(shared.ids)} pairs")


@app.command("info")
def info(pool: PoolArgument) -> None:
    """Say what a pool holds: pairs, sizes, encoders, depth statistics, time per image."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from neardepth.pool import open_pool, pool_info

    facts = pool_info(open_pool(pool))
    table = Table(box=None, show_header=False, pad_edge=False)

    def row(what: str, value: str) -> None:
        table.add_row(what, Text(value))

    row("pool", f"{facts.path} (version {facts.version}, {facts.created_by})")
    row("pairs", _counts(facts.pairs, facts.sources))
    row("splits, scenes", _counts(len(facts.splits), facts.splits) + f", {facts.scenes}")
    row("photo sizes", ", ".join(f"{s} px: {n}" for s, n in facts.sizes.items()))
    if facts.depth is not None:
        depth = facts.depth
        row(
            "depth",
            f"{depth.min:.3f}–{depth.max:.2f} m, median {depth.median:.2f} m, "
            f"{depth.known:.1%} of the pixels known",
        )
    row(
        "on disk",
        f"{_megabytes(facts.bytes_total)}: photos {_megabytes(facts.bytes_photos)}, depth "
        f"{_megabytes(facts.bytes_depth)}, descriptors {_megabytes(facts.bytes_descriptors)}",
    )
    for column, covered in facts.columns:
        row(
            "descriptors",
            f"{column.encoder['name']}, {column.what}, {column.dim} numbers, "
            f"{covered} of {facts.pairs} pairs",
        )
    row("encoder", facts.encoder or "each method's own")
    if facts.seconds_per_image is not None:
        row("time per image", f"{facts.seconds_per_image * 1000:.0f} ms to build or add")
    Console().print(table, highlight=False, soft_wrap=True)


def _encoders(
    method: str | None,
    encoder: str | None,
    tiles: str | None,
    threads: int | None,
    providers: list[str] | None,
) -> tuple[tuple[Encoder, ...], Method]:
    from neardepth.methods import DEFAULT_METHOD, find_method
    from neardepth.retrieval.encoders import choose_encoders

    recipe = find_method(method or DEFAULT_METHOD).override(tiles=options.parse_grid(tiles))
    networks = choose_encoders(recipe, encoder, threads, providers)
    for network in networks:
        options.tell_preprocessing(network)
    return networks, recipe


def _tell(report: BuildReport, done: str, source: Source | None = None) -> None:
    for text in report.notes:
        note(text)
    for _, reason in report.failed:
        complain(reason)
    rate = f", {report.seconds_per_image * 1000:.0f} ms each" if report.seconds_per_image else ""
    skipped = f", {report.skipped} there already" if report.skipped else ""
    say(done.format(report.added) + f" in {report.seconds:.1f} s{rate}{skipped}")
    if report.failed:
        of = f" of {len(source.pairs) + len(source.problems)}" if source else ""
        complain(f"{len(report.failed)}{of} failed")
        raise typer.Exit(1)


def _counts(total: int, parts: dict[str, int]) -> str:
    inside = ", ".join(f"{name}: {number}" for name, number in parts.items())
    return f"{total} ({inside})" if inside else str(total)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
