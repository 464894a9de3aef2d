"""Errors as problem details (RFC 9457): one sentence, never a traceback or a path."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from neardepth.errors import DepthMapError, GeometryError, MethodError, NearDepthError, PhotoError
from neardepth.imaging.containers import TooManyPixelsError

log = logging.getLogger("neardepth.service")

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - the RFC's name
    """What is told to the client: a status, a title, one sentence, and when to try again."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail = status, title, detail
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)

    def response(self) -> JSONResponse:
        """Return it as a response."""
        content = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        return JSONResponse(content, self.status, self.headers, MEDIA_TYPE)


def problem_of(error: NearDepthError) -> Problem:
    """Say what a client may know of an error.

    Errors of photos, depth maps, methods and 3D name what the client sent or chose. Those of pools,
    models and networks name files of this machine: they go to the log.
    """
    if isinstance(error.__cause__, TooManyPixelsError):
        return Problem(413, "Too many pixels", _sentence(error))
    if isinstance(error, PhotoError | DepthMapError):
        return Problem(422, "Not a usable picture", _sentence(error))
    if isinstance(error, MethodError):
        return Problem(422, "Not a usable setting", _sentence(error))
    if isinstance(error, GeometryError):
        return Problem(422, "There is no 3D in this", _sentence(error))
    log.error("%s", error)
    return Problem(
        409,
        "The pool or method cannot be used",
        "What it needs is missing, damaged or in use; the server's log says which and what to do.",
    )


def _sentence(error: NearDepthError) -> str:
    text = str(error)
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def answer_problems(app: FastAPI) -> None:
    """Have every foreseen error of an app answered as a problem; see `Guard` for the others."""

    async def problem(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)  # noqa: S101
        return error.response()

    async def ours(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, NearDepthError)  # noqa: S101
        return problem_of(error).response()

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101
        title = HTTPStatus(error.status_code).phrase
        headers = dict(error.headers or {})
        return Problem(error.status_code, title, title + ".", headers=headers).response()

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        detail = "; ".join(map(_place, error.errors()[:5]))
        return Problem(422, "Not a valid request", detail).response()

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(NearDepthError, ours)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(RequestValidationError, invalid)


def _place(error: dict[str, Any]) -> str:
    return f"{'.'.join(map(str, error['loc'][1:]))}: {error['msg']}"
