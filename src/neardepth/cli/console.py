"""What the command line prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import typer


def say(text: str) -> None:
    """Print a result."""
    typer.echo(text)


def note(text: str) -> None:
    """Print what the user should know, without being part of the result."""
    typer.secho(text, err=True, dim=True)


def warn(text: str) -> None:
    """Print a warning."""
    typer.secho(f"warning: {text}", err=True, fg="yellow")


def complain(error: Exception | str) -> None:
    """Print an error as one line."""
    typer.secho(f"error: {error}", err=True, fg="red")
