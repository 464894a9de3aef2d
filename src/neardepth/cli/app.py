"""The `neardepth` command and how its errors are shown."""

from __future__ import annotations

import io
import sys
import warnings

import typer

from neardepth import __version__
from neardepth.cli import (
    cloud,
    data,
    encoders,
    estimate,
    evaluate,
    explain,
    methods,
    pool,
    serve,
    stereo,
    video,
)
from neardepth.cli.console import complain, warn
from neardepth.errors import MethodError, NearDepthError

app = typer.Typer(
    name="neardepth",
    help="Metric depth from one photo, by example: a pool of RGB-D pairs is the model.",
    epilog="Exit codes: 0 done, 1 some inputs failed (each named, the rest done), 2 usage.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.command("estimate", help=estimate.HELP)(estimate.estimate)
app.command("explain", help=explain.HELP)(explain.explain)
app.command("cloud", help=cloud.HELP)(cloud.cloud)
app.command("stereo", help=stereo.HELP)(stereo.stereo)
app.command("video", help=video.HELP)(video.video)
app.command("evaluate", help=evaluate.HELP)(evaluate.evaluate)
app.command("serve", help=serve.HELP)(serve.serve)
app.add_typer(pool.app, name="pool")
app.add_typer(data.app, name="data")
app.add_typer(encoders.app, name="encoders")
app.command("methods")(methods.methods)


def _version(show: bool) -> None:
    if show:
        typer.echo(f"neardepth {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and leave."
    ),
) -> None:
    pass


def main() -> None:
    """Run the command line; errors become one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a console that lacks a character shows "?"
            stream.reconfigure(errors="replace")
    warnings.showwarning = lambda message, *_, **__: warn(str(message))
    try:
        app()
    except NearDepthError as error:
        complain(error)
        sys.exit(2 if isinstance(error, MethodError) else 1)
    except OSError as error:
        complain(error)
        sys.exit(1)
