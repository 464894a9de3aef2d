"""A few worker threads behind a bounded queue."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from neardepth.service.problems import Problem
from neardepth.threads import one_blas_thread

T = TypeVar("T")


class Engine:
    """Runs jobs in a few threads, first come first served.

    All jobs share the networks' sessions. Photos are not put together into batches: two in one
    run of the network take as long as one after the other, and the first would wait for the
    second. Matrix products run on one thread each: they are small, and with one photo a core
    their threads would only wait for each other.

    Args:
        workers: jobs that run at a time.
        queue: jobs that wait; more are refused.
    """

    def __init__(self, workers: int, queue: int) -> None:
        self.workers, self.queue = workers, queue
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="neardepth-service")
        one_blas_thread.__enter__()
        self._unfinished = 0
        self._usual = 1.0
        """Seconds that a job takes, lately."""

    @property
    def running(self) -> int:
        """Jobs that run now."""
        return min(self._unfinished, self.workers)

    @property
    def waiting(self) -> int:
        """Jobs that wait now."""
        return max(0, self._unfinished - self.workers)

    async def run(
        self, job: Callable[[], T], seconds: float, gone: Callable[[], Awaitable[object]]
    ) -> T:
        """Run a job in a worker thread and return what it returns.

        Args:
            job: what to run.
            seconds: that it may wait and run. What runs already cannot be stopped: it is finished
                and its result dropped.
            gone: returns when nobody waits for the result any more; a waiting job is dropped then.

        Raises:
            Problem: the queue is full (429), the time is over (503 where it still waited, 504
                where it ran), or nobody waits any more (499).
        """
        if self._unfinished >= self.workers + self.queue:
            raise Problem(429, "The queue is full", "Try again later.", retry_after=self.delay())
        self._unfinished += 1
        future = self._threads.submit(self._timed, job)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: self._tell(loop))
        waiting = asyncio.wrap_future(future)
        leaving = asyncio.ensure_future(gone())
        either: list[asyncio.Future[Any]] = [waiting, leaving]
        try:
            await asyncio.wait(either, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            dropped = future.cancel()
            waiting.add_done_callback(_forget)
            if leaving.done():
                raise Problem(499, "The client left", "Nobody waited for the answer.")
            raise self._too_slow(seconds, ran=not dropped)
        finally:
            leaving.cancel()

    def delay(self) -> int:
        """Seconds after which the queue should have room."""
        return max(1, min(60, math.ceil(self.waiting * self._usual / self.workers)))

    def close(self) -> None:
        """Finish what runs, drop what waits, and end the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        one_blas_thread.__exit__()

    def _tell(self, loop: asyncio.AbstractEventLoop) -> None:
        with contextlib.suppress(RuntimeError):  # interrupted twice: the loop is gone
            loop.call_soon_threadsafe(self._finished)

    def _finished(self) -> None:
        self._unfinished -= 1

    def _timed(self, job: Callable[[], T]) -> T:
        start = time.perf_counter()
        try:
            return job()
        finally:
            self._usual += 0.1 * (time.perf_counter() - start - self._usual)

    def _too_slow(self, seconds: float, *, ran: bool) -> Problem:
        what = "The answer took too long" if ran else "The request waited too long"
        detail = f"It was not ready within {seconds:g} seconds."
        return Problem(504 if ran else 503, what, detail, retry_after=self.delay())


def _forget(future: asyncio.Future[T]) -> None:
    """Take note of a failure that nobody waits for, so that asyncio does not print it."""
    if not future.cancelled():
        future.exception()
