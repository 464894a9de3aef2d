"""What all routes of one app share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from fastapi import Request

from neardepth.service.answers import Answers
from neardepth.service.catalogue import Catalogue
from neardepth.service.engine import Engine
from neardepth.service.limits import Limits
from neardepth.service.metrics import Metrics
from neardepth.service.results import Results
from neardepth.service.uploads import Uploads

T = TypeVar("T")

_EXPIRE_SECONDS = 15.0


class State:
    """The parts of a service; one an app.

    Args:
        catalogue: the pools that are served.
        limits: what requests may take.
        method: the default method.
    """

    def __init__(self, catalogue: Catalogue, limits: Limits, method: str) -> None:
        self.catalogue, self.limits, self.method = catalogue, limits, method
        self.engine = Engine(limits.workers, limits.queue)
        self.fitting = Engine(1, limits.fits)
        """Apart from the workers: a fit takes much longer than a photo."""
        self.uploads = Uploads(limits)
        self.answers = Answers(limits)
        self.results = Results(limits.kept_bytes, limits.kept_seconds)
        self.metrics = Metrics(
            {
                "running": ("Jobs that run now", lambda: self.engine.running),
                "waiting": ("Jobs that wait now", lambda: self.engine.waiting),
                "fits": (
                    "Fits of pools that run or wait now",
                    lambda: self.fitting.running + self.fitting.waiting,
                ),
                "upload_bytes": ("Bytes of bodies in memory", lambda: self.uploads.held),
                "answer_bytes": ("Bytes of answers on their way", lambda: self.answers.held),
                "kept_results": ("Results that are kept", lambda: len(self.results)),
                "kept_bytes": ("Bytes of those results", lambda: self.results.size),
            }
        )

    async def work(self, request: Request, job: Callable[[], T]) -> T:
        """Run a job of a request, whose body is read, in a worker thread; see `Engine.run`."""
        return await self.engine.run(job, self.limits.seconds, partial(_left, request))

    async def fit(self, request: Request, job: Callable[[], T], seconds: float | None = None) -> T:
        """Run a job that fits a pool, one at a time and beside the workers; see `Engine.run`."""
        return await self.fitting.run(job, seconds or self.limits.seconds, partial(_left, request))

    async def expire(self) -> None:
        """Drop results whose time is over, for ever: also while nobody asks for anything."""
        while True:
            await asyncio.sleep(min(_EXPIRE_SECONDS, self.limits.kept_seconds))
            self.results.expire()

    def close(self) -> None:
        """Finish what runs, drop what waits, and end the threads."""
        self.engine.close()
        self.fitting.close()


async def _left(request: Request) -> None:
    """Return when the client has closed the connection."""
    receive: Callable[[], Awaitable[object]] = request.receive
    while True:
        message = await receive()
        if isinstance(message, dict) and message.get("type") == "http.disconnect":
            return


def state_of(request: Request) -> State:
    """Return the state of the app that a request is for."""
    state: State = request.app.state.service
    return state
