"""`neardepth methods`: the named recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neardepth.methods import Method


def methods() -> None:
    """List the named methods with their settings and sources."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    from neardepth.methods import DEFAULT_METHOD, METHODS

    console = Console(highlight=False)
    for method in METHODS.values():
        default = "  (default)" if method.name == DEFAULT_METHOD else ""
        console.print(Text(method.name, style="bold") + Text(default))
        for line, style in (
            (method.summary, ""),
            (_settings(method), "dim"),
            (f"source: {method.citation}", "dim"),
        ):
            console.print(Padding(Text(line, style=style), (0, 0, 0, 4)))


def _settings(method: Method) -> str:
    if method.grid is None:
        parts = ["whole frame", f"names {method.k} images", f"model {method.model}"]
    else:
        near_best = method.selection == "near-best"
        parts = [
            "whole frame" if method.grid == (1, 1) else "{}x{} tiles".format(*method.grid),
            f"k {method.k} by {method.similarity}",
            f"threshold {method.threshold:g}" + (" of the best" if near_best else ""),
            *([f"clusters of {method.cluster_size}"] if method.cluster_size else []),
            f"fusion {method.fusion}",
        ]
    return ", ".join([method.encoder, *parts, f"refine {method.refine}"])
