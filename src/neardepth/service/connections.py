"""Connections: how many there may be, and how long each may keep the service waiting."""

from __future__ import annotations

import asyncio
import contextlib

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""In which the head of a request has to arrive."""

DRAIN_SECONDS = 30.0
"""In which a client has to take what was sent to it: a piece of an answer (see `answers`)."""

MOST = 2000
"""Connections at a time, where the system lets the service have as many files; see `room`."""

_OWN_FILES = 150  # pools, networks, the log
_WANTED_FILES = 8192


def raise_file_limit() -> None:
    """Let the process open as many files as the system allows it, or as many as it can use."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # there is none on Windows
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, _WANTED_FILES)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def room() -> tuple[int, int]:
    """Return how many connections may be open, and how many may wait to be accepted.

    All that wait are accepted in one go, before any that is too many is closed: together they
    stay below the limit on open files, at which a server can accept nothing at all.
    """
    free = _WANTED_FILES
    with contextlib.suppress(ImportError, OSError):
        import resource

        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if limit != resource.RLIM_INFINITY:
            free = max(30, limit - _OWN_FILES)
    most = min(MOST, free * 2 // 3)
    return most, min(2048, free - most)


class Impatient(H11Protocol):
    """Closes connections that are too many, or on which the client lets the service wait."""

    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or close it where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > room()[0]:
            transport.abort()
        else:
            self._hurry()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._flows()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Wait for the next request, for a while."""
        super().on_response_complete()
        self._hurry()

    def pause_writing(self) -> None:
        """Wait for the client to take what was sent, for a while."""
        super().pause_writing()
        self._stalled = self.loop.call_later(DRAIN_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client takes what is sent."""
        self._flows()
        super().resume_writing()

    def _flows(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _hurry(self) -> None:
        before = self.cycle

        def close() -> None:
            answered = before is None or before.response_complete
            if self.cycle is before and answered:
                self.transport.close()  # once what is left of the last answer is taken
                self.loop.call_later(DRAIN_SECONDS, self.transport.abort)

        self.loop.call_later(HEAD_SECONDS, close)
