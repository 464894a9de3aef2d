"""Answers on their way: sent as fast as they are taken, and bounded all together."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from neardepth.service.limits import Limits
from neardepth.service.problems import Problem

_PIECE = 256 << 10
"""Bytes that are handed over at a time; only more than that is counted."""


@dataclass
class Answers:
    """Counts the bytes of all large answers that are in memory until their clients took them."""

    limits: Limits
    held: int = 0

    def sender(self, scope: Scope, receive: Receive, send: Send) -> OneAnswer:
        """Return what sends one answer in place of ``send``; to be left as a context."""
        return OneAnswer(self, scope, receive, send)


class OneAnswer:
    """One answer: counted from its head on, sent in pieces, or refused (429) for want of room."""

    def __init__(self, all_: Answers, scope: Scope, receive: Receive, send: Send) -> None:
        self._all, self._scope, self._receive, self._send = all_, scope, receive, send
        self._counted = 0
        self._refused = False

    def __enter__(self) -> OneAnswer:
        return self

    def __exit__(self, *_: object) -> None:
        self._all.held -= self._counted

    async def __call__(self, message: Message) -> None:
        """Send one ASGI message."""
        if self._refused:
            return
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body":
            await self._body(message)
        else:
            await self._send(message)

    async def _start(self, message: Message) -> None:
        size = int(Headers(raw=message["headers"]).get("content-length", 0))
        if size > _PIECE:
            if self._all.held and self._all.held + size > self._all.limits.answer_bytes:
                self._refused = True
                problem = Problem(
                    429, "Too many answers are on their way", "Try again later.", retry_after=5
                )
                await problem.response()(self._scope, self._receive, self._send)
                return
            self._counted += size
            self._all.held += size
        await self._send(message)

    async def _body(self, message: Message) -> None:
        body = message.get("body", b"")
        for start in range(0, max(1, len(body)), _PIECE):
            last = start + _PIECE >= len(body)
            more = message.get("more_body", False) or not last
            # Each waits until the piece before is taken; a client that takes none is cut off.
            piece = {**message, "body": body[start : start + _PIECE], "more_body": more}
            await self._send(piece)
