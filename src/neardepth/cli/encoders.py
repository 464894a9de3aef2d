"""`neardepth encoders`: the networks that describe tiles."""

from __future__ import annotations

from typing import Annotated

import typer

from neardepth.cli.console import say

app = typer.Typer(help="The networks that describe tiles.", no_args_is_help=True)


@app.command("list")
def list_() -> None:
    """List the networks and hand-made descriptors known by name; any ONNX file will do as well."""
    from rich.console import Console
    from rich.table import Table

    from neardepth.encoders import list_encoders

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("encoder", "input", "numbers", "weights", "licence", "from", "here"):
        table.add_column(heading, overflow="fold")
    for encoder in list_encoders():
        table.add_row(
            encoder.name,
            f"{encoder.size[1]}×{encoder.size[0]} px",
            str(encoder.dim),
            f"{encoder.megabytes} MB" if encoder.megabytes else "–",
            encoder.licence,
            encoder.origin,
            "yes" if encoder.available else "no",
        )
    Console().print(table, highlight=False)


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(help="As `neardepth encoders list` names it.")],
) -> None:
    """Fetch an encoder's weights now, with their checksum; goes on where it stopped.

    Example:
        neardepth encoders fetch resnet50
    """
    from neardepth import encoders

    say(f"{name}: {encoders.fetch(name)}")
