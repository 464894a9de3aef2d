"""`neardepth methods`: the named recipes."""

from __future__ import annotations


def methods() -> None:
    """List the named methods with their settings and sources."""
    from rich.console import Console
    from rich.table import Table

    from neardepth.methods import DEFAULT_METHOD, METHODS

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("method", "encoder", "tiles", "k", "threshold", "fusion", "refine", "what"):
        table.add_column(heading, overflow="fold")
    for method in METHODS.values():
        default = " (default)" if method.name == DEFAULT_METHOD else ""
        table.add_row(
            method.name + default,
            method.encoder,
            f"{method.grid[0]}x{method.grid[1]}" if method.grid else "whole frame",
            str(method.k),
            f"{method.threshold:g}" if method.grid else "–",
            method.fusion if method.grid else "solved",
            method.refine,
            method.summary,
        )
    console = Console()
    console.print(table)
    for citation in dict.fromkeys(method.citation for method in METHODS.values()):
        console.print(f"\nSource: {citation}", highlight=False)
