"""What every request passes: who may ask, what every answer says, and the count of both."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from neardepth.service.answers import Answers
from neardepth.service.metrics import Metrics
from neardepth.service.problems import Problem

log = logging.getLogger("neardepth.service")

NO_ANSWER = 499
"""Status under which requests are counted that nobody waited for."""

UNFORESEEN = Problem(500, "The server failed", "This is an error of NearDepth; its log says more.")

STOPPING = Problem(503, "The service stops", "It was told to, and this took too long.")

MOST_HEAD_BYTES = 16 << 10
"""Of a request's target and headers. The parser's own limit is on what it waits for: a head that
arrives in one go passes it."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; media-src 'self' blob:; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
"""Of every answer; an answer's own stand."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself, reachable from nowhere else."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Checks Host, Origin and token before the app sees a request.

    On loopback no token is needed, and the Host header must name this machine: a page whose name
    was made to point here (DNS rebinding) names itself. Requests that another site's page
    sends are refused by their Origin. Elsewhere the token decides.

    Args:
        app: what is guarded.
        token: asked for as ``Authorization: Bearer TOKEN``; None for none.
        hosts: names in the Host header that are answered; None for any.
        public: paths that need no token: the page's own files, which hold no data.
        metrics: told of every answer.
        answers: sends them.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str | None,
        hosts: Iterable[str] | None,
        public: Iterable[str],
        metrics: Metrics,
        answers: Answers,
    ) -> None:
        self.app, self.metrics, self.answers = app, metrics, answers
        self.token = None if token is None else token.encode()
        self.hosts = None if hosts is None else frozenset(hosts)
        self.public = frozenset(public)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), NO_ANSWER

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            problem = self._problem(scope)
            app = self.app if problem is None else problem.response()
            with self.answers.sender(scope, receive, answer) as sender:
                await app(scope, receive, sender)
        except asyncio.CancelledError:  # the server stops, and has waited for long enough
            if status != NO_ANSWER:
                raise
            await STOPPING.response()(scope, receive, answer)
        except Exception:  # whatever it is, the client is told that it is not her fault
            log.exception("%s %s failed", scope["method"], scope["path"])
            if status != NO_ANSWER:
                raise
            await UNFORESEEN.response()(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self.metrics.requests.labels(route, status).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - start)

    def _problem(self, scope: Scope) -> Problem | None:
        if _head_bytes(scope) > MOST_HEAD_BYTES:
            kibibytes = MOST_HEAD_BYTES >> 10
            return Problem(431, "The head is too large", f"At most {kibibytes} KiB are taken.")
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.hosts is not None and _hostname(host) not in self.hosts:
            return Problem(421, "Not this host", "The Host header does not name this service.")
        origin = headers.get("origin")
        if origin is not None and _authority(origin) != host:
            return Problem(403, "Another site", "Requests of other sites' pages are refused.")
        if headers.get("sec-fetch-site", "none") in ("cross-site", "same-site") and (
            scope["method"] != "GET" or scope["path"] not in self.public
        ):
            return Problem(403, "Another site", "Requests of other sites' pages are refused.")
        if self.token is None or scope["path"] in self.public:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(
            given.strip().encode(errors="replace"), self.token
        ):
            return None
        return Problem(
            401,
            "A token is needed",
            "Send it as Authorization: Bearer TOKEN.",
            headers={"WWW-Authenticate": "Bearer"},
        )


def allowed_hosts(host: str) -> set[str] | None:
    """Return the names that the Host header may give where the service listens on ``host``."""
    return _LOOPBACK | {host} if is_loopback(host) else None


def _head_bytes(scope: Scope) -> int:
    target = len(scope["raw_path"]) + len(scope["query_string"])
    return target + sum(len(name) + len(value) for name, value in scope["headers"])


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None
