"""`neardepth evaluate`: any method on any RGB-D set, beside baselines and published figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from neardepth.cli import options
from neardepth.cli.console import complain, note, say, warn
from neardepth.cli.progress import progress_bar
from neardepth.errors import NearDepthError

if TYPE_CHECKING:
    from neardepth.evaluation.experiment import Experiment
    from neardepth.evaluation.report import Report
    from neardepth.evaluation.tables import TextTable

HELP = """Measure methods on RGB-D pairs whose depth is known.

SOURCE is a folder with rgb/ and depth/, NYU Depth v2's .mat, or a Make3D folder. Without --pool
the sources' own pairs are the pool, and each image is estimated from the others; that pool is
kept, so that the next run need not describe the photos again. The mean depth map, a random and
the nearest neighbour stand beside every method, published figures where there are any.

Examples:

    neardepth evaluate nyu_depth_v2_labeled.mat --protocol split --method paper

    neardepth evaluate site/ --protocol scene-loo --method knn --method paper

    neardepth evaluate drive/ --depth-scale 256 --protocol blocks --profile sparse80

    neardepth evaluate new/ --pool site.pool --json run.json --markdown table.md --report run.png

    neardepth evaluate new/ --pool none

    neardepth evaluate --rerun run.json
"""

_RULES = "What is measured"
_FILES = "Files to write"

_WIDTH = 140  # characters of tables that go into a file or another program


def _rule(text: str, *names: str) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=_RULES)


def _file(text: str, metavar: str = "FILE") -> Any:
    return typer.Option(metavar=metavar, help=text, rich_help_panel=_FILES)


# Everything is None unless given, so that --rerun can tell; defaults stand in `Experiment`.
Sources = Annotated[
    list[Path] | None,
    typer.Argument(metavar="SOURCE...", help="RGB-D sets: folders or .mat files."),
]
PoolPath = Annotated[
    Path | None,
    typer.Option(
        metavar="POOL",
        help="Estimate from this pool, not from the sources' own; none: the prior alone.",
    ),
]
Methods = Annotated[
    list[str] | None, typer.Option(help="Named recipe; may be repeated. [default: kernel]")
]
Prior = Annotated[
    str | None,
    typer.Option(
        metavar="auto|none|indoor|rooms|FILE",
        help="Model whose errors are learned from the pool. [default: auto, where it is better]",
    ),
]
Rerun = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Repeat the run of a file that --json wrote.")
]
Fill = Annotated[
    bool | None,
    typer.Option("--fill", help="Fill in what no neighbour knows; it then counts as well."),
]
Protocol = Annotated[
    Literal["split", "loo", "scene-loo", "combined-loo", "kfold", "blocks"] | None,
    _rule("Which images are estimated from which. [default: loo]"),
]
Profile = Annotated[
    Literal["paper", "eigen", "pooled", "make3d-c1", "make3d-c2", "sparse80"] | None,
    _rule("Which pixels count, and how. [default: paper]"),
]
DepthScale = Annotated[
    float | None, _rule("Counts per metre of 16-bit PNG depth; KITTI has 256. [default: 1000]")
]
Folds = Annotated[int | None, _rule("Parts of kfold and blocks. [default: 5]")]
Margin = Annotated[
    int | None, _rule("Images around a block that are not used for it either. [default: 0]")
]
Seed = Annotated[
    int | None, _rule("Of folds, sample, random neighbour and bootstrap. [default: 0]")
]
Sample = Annotated[
    int | None, _rule("Judge only so many images, drawn at random; the pool stays whole.")
]
Baselines = Annotated[
    bool | None,
    _rule(
        "Also judge the mean depth map, a random and the nearest neighbour. [default: yes]",
        "--baselines/--no-baselines",
    ),
]
Json = Annotated[Path | None, _file("Everything, per image as well; --rerun reads it.")]
Markdown = Annotated[Path | None, _file("The tables.")]
Csv = Annotated[Path | None, _file("One line a method.")]
Picture = Annotated[Path | None, _file("A page of pictures.", "FILE.png")]


def evaluate(
    sources: Sources = None,
    pool: PoolPath = None,
    method: Methods = None,
    prior: Prior = None,
    protocol: Protocol = None,
    profile: Profile = None,
    depth_scale: DepthScale = None,
    folds: Folds = None,
    margin: Margin = None,
    seed: Seed = None,
    sample: Sample = None,
    baselines: Baselines = None,
    rerun: Rerun = None,
    json: Json = None,
    markdown: Markdown = None,
    csv: Csv = None,
    report: Picture = None,
    fill: Fill = None,
    encoder: options.EncoderName = None,
    tiles: options.Tiles = None,
    k: options.Neighbours = None,
    threshold: options.Threshold = None,
    fusion: options.Fusion = None,
    refine: options.Refine = None,
    threads: options.Threads = None,
    provider: options.Providers = None,
) -> None:
    """Measure methods on RGB-D pairs whose depth is known."""
    given = {
        "sources": [str(source) for source in sources or ()],
        "pool": pool and str(pool),
        "methods": method,
        "overrides": _known(options.step_settings(tiles, k, threshold, fusion, refine)),
        "prior": prior,
        "encoder": encoder,
        "fill": fill,
        "protocol": protocol,
        "profile": profile,
        "depth_scale": depth_scale,
        "folds": folds,
        "margin": margin,
        "seed": seed,
        "sample": sample,
        "baselines": baselines,
    }
    experiment, earlier = _experiment(_known(given), rerun)
    if report is not None:
        from neardepth.evaluation.picture import require_matplotlib

        require_matplotlib()
    from neardepth.evaluation.runner import run_experiment

    outcome = run_experiment(
        experiment, bar=progress_bar, threads=threads, providers=provider, cases=report is not None
    )
    unwritten = _write(outcome, json, markdown, csv, report)
    _show(outcome)
    if rerun is not None:
        _compare(outcome, earlier, rerun)
    for _, reason in outcome.failed:
        complain(reason)
    if outcome.failed:
        complain(f"{len(outcome.failed)} pairs or files could not be used")
    if outcome.failed or unwritten:
        raise typer.Exit(1)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not given."""
    return {name: value for name, value in values.items() if value not in (None, [], {})}


def _experiment(given: dict[str, Any], rerun: Path | None) -> tuple[Experiment, dict[str, Any]]:
    """Make the experiment, or read it from a result file together with that file's content."""
    from neardepth.evaluation.experiment import Experiment, read_results

    if rerun is not None:
        if given:
            raise typer.BadParameter("--rerun repeats a run as it was: name only files to write")
        return read_results(rerun)
    if "sources" not in given:
        raise typer.BadParameter("name a SOURCE, or a run with --rerun")
    return Experiment.from_dict(given), {}


def _compare(report: Report, earlier: dict[str, Any], rerun: Path) -> None:
    from neardepth.evaluation.report import same_figures

    if same_figures(report.as_dict(), earlier):
        say(f"the figures are those of {rerun}")
    else:
        warn(f"the figures are not those of {rerun}: compare `versions` and `pool` in the files")


def _write(
    report: Report,
    json: Path | None,
    markdown: Path | None,
    csv: Path | None,
    picture: Path | None,
) -> int:
    """Write the files that are asked for, and return how many could not be written."""
    from neardepth.evaluation import writing
    from neardepth.evaluation.picture import write_picture

    writers = (
        (json, writing.write_json),
        (markdown, writing.write_markdown),
        (csv, writing.write_csv),
        (picture, write_picture),
    )
    failures = 0
    for path, write in writers:
        if path is not None:
            try:
                write(path, report)
                note(f"written: {path}")
            except NearDepthError as error:
                failures += 1
                complain(error)
    return failures


def _show(report: Report) -> None:
    from rich.console import Console

    from neardepth.evaluation.tables import tables

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=_WIDTH)
    for table in tables(report):
        _print(console, table)
    for text in report.notes:
        note(text)


def _print(console: Any, table: TextTable) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    shown = Table(header_style="bold", box=None)
    for place, heading in enumerate(table.headings):
        shown.add_column(heading, justify="right" if place else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*map(Text, row))
    console.print(Text(table.title, style="bold"))
    console.print(shown)
    for text in table.notes:
        console.print(Padding(Text(text, style="dim"), (0, 0, 0, 2)))
    console.print()
