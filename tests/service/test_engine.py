"""The queue: bounded, fair in what it tells, and finished when the service stops."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from neardepth.service.engine import Engine
from neardepth.service.problems import Problem


async def stays() -> None:
    await asyncio.Event().wait()


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine(workers=2, queue=3)
    yield engine
    engine.close()


def test_jobs_run_at_most_so_many_at_a_time_and_all_answer(engine: Engine) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def job(number: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return number

    async def ask() -> list[int]:
        jobs = [engine.run(lambda n=n: job(n), 10, stays) for n in range(5)]  # type: ignore[misc]
        return await asyncio.gather(*jobs)

    assert asyncio.run(ask()) == list(range(5))
    assert most == 2
    assert (engine.running, engine.waiting) == (0, 0)


def test_a_full_queue_says_when_to_come_back(engine: Engine) -> None:
    release = threading.Event()

    async def ask() -> Problem:
        waiting = [asyncio.create_task(engine.run(release.wait, 10, stays)) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert (engine.running, engine.waiting) == (2, 3)
        with pytest.raises(Problem) as refused:
            await engine.run(lambda: None, 10, stays)
        release.set()
        assert await asyncio.gather(*waiting) == [True] * 5
        await engine.run(lambda: None, 10, stays)
        return refused.value

    problem = asyncio.run(ask())
    assert problem.status == 429
    assert 1 <= int(problem.headers["Retry-After"]) <= 60


def test_time_is_over_while_waiting_or_running(engine: Engine) -> None:
    release, ran = threading.Event(), []

    async def ask() -> list[int]:
        running = [asyncio.create_task(engine.run(release.wait, 0.2, stays)) for _ in range(2)]
        await asyncio.sleep(0.05)
        waiting = asyncio.create_task(engine.run(lambda: ran.append(1), 0.05, stays))
        outcomes = await asyncio.gather(*running, waiting, return_exceptions=True)
        assert engine.running == 2  # what runs cannot be stopped, and keeps its place
        release.set()
        await asyncio.sleep(0.1)
        assert (engine.running, engine.waiting) == (0, 0)
        return [outcome.status for outcome in outcomes if isinstance(outcome, Problem)]

    assert asyncio.run(ask()) == [504, 504, 503]
    assert ran == []


def test_what_nobody_waits_for_is_dropped(engine: Engine) -> None:
    release, ran = threading.Event(), []

    async def left() -> None:
        await asyncio.sleep(0.05)

    async def ask() -> int:
        running = [asyncio.create_task(engine.run(release.wait, 10, stays)) for _ in range(2)]
        await asyncio.sleep(0.02)
        with pytest.raises(Problem) as gone:
            await engine.run(lambda: ran.append(1), 10, left)
        release.set()
        await asyncio.gather(*running)
        return gone.value.status

    assert asyncio.run(ask()) == 499
    assert ran == []


def test_errors_reach_who_asked(engine: Engine) -> None:
    def fail() -> None:
        raise PermissionError("no")

    with pytest.raises(PermissionError):
        asyncio.run(engine.run(fail, 10, stays))


def test_closing_finishes_what_runs() -> None:
    engine, done = Engine(workers=1, queue=3), []

    def job() -> None:
        time.sleep(0.1)
        done.append(1)

    async def ask() -> None:
        task = asyncio.create_task(engine.run(job, 10, stays))
        await asyncio.sleep(0.02)
        engine.close()
        await task

    asyncio.run(ask())
    assert done == [1]
