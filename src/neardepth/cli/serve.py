"""`neardepth serve`: a page and a REST API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from neardepth.cli import options
from neardepth.cli.console import note, say
from neardepth.cli.progress import progress_bar
from neardepth.errors import ServiceError

HELP = """Serve a page to look at depth, and a REST API.

It listens on this machine only. On any other address every request needs a token, which is best
given as NEARDEPTH_TOKEN, where other users of this machine do not see it.

Examples:

    neardepth serve

    neardepth serve --pool site.pool --pool rooms

    NEARDEPTH_TOKEN=… neardepth serve --host 0.0.0.0
"""


def serve(
    pool: Annotated[
        list[Path] | None,
        typer.Option(
            "--pool",
            metavar="POOL",
            help="A pool of RGB-D pairs, or rooms; may be repeated, the first is the default. "
            "[default: none, a model that ships answers]",
        ),
    ] = None,
    method: options.MethodName = None,
    host: Annotated[
        str, typer.Option(help="Address to listen on; beyond this machine with a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    token: Annotated[
        str | None, typer.Option(envvar="NEARDEPTH_TOKEN", help="What requests have to show.")
    ] = None,
    max_pixels: Annotated[
        float, typer.Option(min=0.01, max=200, help="Largest photo, million pixels.")
    ] = 25.0,
) -> None:
    """Serve a page to look at depth, and a REST API."""
    try:
        from neardepth.service import server
        from neardepth.service.app import create_app
        from neardepth.service.catalogue import Catalogue
        from neardepth.service.limits import Limits
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("neardepth"):
            raise
        raise ServiceError(
            f"the service needs the package {error.name}: pip install 'neardepth[web]'"
        ) from error
    from neardepth.methods import DEFAULT_METHOD

    chosen = method or DEFAULT_METHOD
    server.check_address(host, token)
    listening = server.listen(host, port)
    catalogue = Catalogue(pool or [])
    limits = Limits(pixels=round(max_pixels * 1e6))
    app = create_app(catalogue, limits=limits, method=chosen, host=host, token=token)
    with progress_bar("Preparing the pool", "pairs") as progress:  # so that no request waits
        estimator = catalogue.estimator(catalogue.find(None), chosen, progress)
    if estimator.choice:
        note(f"{catalogue.default}: {estimator.choice}")
    address = server.address_of(listening)

    def started() -> None:
        say(f"NearDepth is at {address}/   (API: {address}/openapi.json; Ctrl-C stops it)")
        if token is not None:
            note("the page asks for the token")

    server.make_server(app, started).run([listening])
