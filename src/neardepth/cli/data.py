"""`neardepth data`: the public RGB-D sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neardepth.cli.console import say

app = typer.Typer(help="The public RGB-D sets: list and fetch them.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List the data sets that can be fetched, with their pages, where their terms stand."""
    from rich.console import Console
    from rich.table import Table

    from neardepth.datasets.fetch import DATA_SETS

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("data set", "what", "size", "page"):
        table.add_column(heading, overflow="fold")
    for data_set in DATA_SETS.values():
        table.add_row(data_set.name, data_set.summary, data_set.size, data_set.page)
    Console().print(table, highlight=False)


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="As `neardepth data list` names it.")],
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Where to put it. [default: a folder NAME here]"),
    ] = None,
    from_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Take the files from here, fetched by hand."),
    ] = None,
) -> None:
    """Fetch a data set, unpack it and check that it is complete; goes on where it stopped.

    Examples:
        neardepth data fetch nyuv2 --to data/nyu

        neardepth data fetch make3d --from-dir ~/Downloads
    """
    from neardepth.datasets import fetch as fetching

    source = fetching.fetch(
        fetching.find_data_set(name), to if to is not None else Path(name), from_dir=from_dir
    )
    say(f"{name}: {source}")
