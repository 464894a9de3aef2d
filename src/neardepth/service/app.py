"""The service as an ASGI app."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI, Request, Response, params
from fastapi.security import HTTPBearer

from neardepth import __version__
from neardepth.methods import DEFAULT_METHOD, find_method
from neardepth.service import depth, files, pools, space
from neardepth.service.catalogue import Catalogue
from neardepth.service.documents import file_answer, problems
from neardepth.service.guard import Guard, allowed_hosts
from neardepth.service.limits import Limits
from neardepth.service.metrics import MEDIA_TYPE
from neardepth.service.pagefiles import page_files, page_router
from neardepth.service.problems import answer_problems
from neardepth.service.schemas import Health
from neardepth.service.state import State, state_of

_ABOUT = """Metric depth from one photo, by example: a pool of RGB-D pairs is the model.

All depth is in metres. Errors are problem details (RFC 9457). Where the service listens beyond
this machine, requests need the header `Authorization: Bearer TOKEN`.
"""

HEALTH = "/healthz"
OPENAPI = "/openapi.json"


def create_app(
    catalogue: Catalogue,
    *,
    limits: Limits | None = None,
    method: str = DEFAULT_METHOD,
    host: str = "127.0.0.1",
    token: str | None = None,
) -> FastAPI:
    """Make the app.

    Args:
        catalogue: the pools that are served.
        limits: what requests may take.
        method: the method where a request names none.
        host: where the service listens; on loopback the Host header is checked.
        token: asked for of every request but the page's own files and /healthz; None for none.

    Raises:
        MethodError: there is no such method.
    """
    state = State(catalogue, limits or Limits(), find_method(method).name)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        expiring = asyncio.create_task(state.expire())
        yield
        expiring.cancel()
        await asyncio.to_thread(state.close)  # answers go out meanwhile

    app = FastAPI(
        title="NearDepth",
        version=__version__,
        description=_ABOUT,
        docs_url=None,  # they would load scripts from elsewhere
        redoc_url=None,
        openapi_url=OPENAPI,
        lifespan=lifespan,
    )
    app.state.service = state
    pages = page_files()
    # Guard asks for the token; this says in the description that it does.
    shown = [] if token is None else [Depends(HTTPBearer(auto_error=False))]
    for part in (depth, files, space, pools):
        app.include_router(part.router, dependencies=shown)
    app.include_router(page_router(pages))
    _add_state_routes(app, shown)
    answer_problems(app)
    app.add_middleware(
        Guard,
        token=token,
        hosts=allowed_hosts(host),
        public={*pages, HEALTH, OPENAPI},
        metrics=state.metrics,
        answers=state.answers,
    )
    return app


def _add_state_routes(app: FastAPI, shown: list[params.Depends]) -> None:
    @app.head(HEALTH, include_in_schema=False)
    @app.get(HEALTH, responses=problems())
    async def health() -> Health:
        """Say that the service answers."""
        return Health(version=__version__)

    @app.get(
        "/metrics",
        response_class=Response,
        responses={**problems(), **file_answer("text/plain")},
        dependencies=shown,
    )
    async def metrics(request: Request) -> Response:
        """Give counters in Prometheus' text format."""
        return Response(state_of(request).metrics.text(), media_type=MEDIA_TYPE)
