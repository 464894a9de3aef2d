"""The page's files, read once: no path of a request reaches the file system."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import APIRouter, Response

_KINDS = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


def page_files() -> dict[str, tuple[bytes, str]]:
    """Return the content and media type of each file of the page by its path."""
    folder = files("neardepth.service") / "page"
    found = {
        entry.name: (entry.read_bytes(), _KINDS[entry.name.rpartition(".")[2]])
        for entry in folder.iterdir()
        if entry.name.rpartition(".")[2] in _KINDS
    }
    return {"/" if name == "index.html" else f"/page/{name}": file for name, file in found.items()}


def page_router(pages: dict[str, tuple[bytes, str]]) -> APIRouter:
    """Make a route of each file."""
    router = APIRouter(include_in_schema=False)
    for path, (content, kind) in pages.items():
        router.add_api_route(path, _giving(content, kind), methods=["GET", "HEAD"])
    return router


def _giving(content: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    async def give() -> Response:
        return Response(content, media_type=kind, headers={"Cache-Control": "no-cache"})

    return give
