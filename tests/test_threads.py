from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from time import sleep

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from neardepth.threads import in_threads, one_blas_thread


def blas_threads() -> set[int]:
    np.ones((2, 2)) @ np.ones((2, 2))  # loads the library
    return {found["num_threads"] for found in threadpool_info() if found["user_api"] == "blas"}


def test_products_run_in_one_thread_inside_and_as_before_after() -> None:
    before = blas_threads()
    with one_blas_thread:
        assert blas_threads() == {1}
        with one_blas_thread:
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_tasks_run_side_by_side_in_one_thread_each_and_answer_in_order() -> None:
    before = blas_threads()
    together = Barrier(2)

    def meet(task: int) -> tuple[int, set[int]]:
        if (os.cpu_count() or 1) > 1:
            together.wait(10)
        return task, blas_threads()

    assert in_threads(meet, range(8)) == [(task, {1}) for task in range(8)]
    assert blas_threads() == before


def test_tasks_that_hold_much_are_done_one_after_the_other_on_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    before = blas_threads()
    lock = Lock()

    def alone(task: int) -> tuple[int, set[int]]:
        assert lock.acquire(blocking=False), "two at a time"
        sleep(0.01)
        lock.release()
        return task, blas_threads()

    assert in_threads(alone, range(4), 1 << 30) == [(task, before) for task in range(4)]
    for held, together in ((1 << 29, 2), (0, 4)):
        barrier = Barrier(together)
        in_threads(lambda _, barrier=barrier: barrier.wait(10), range(4), held)


def test_an_error_inside_gives_the_threads_back() -> None:
    before = blas_threads()

    @one_blas_thread
    def fail() -> None:
        raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert blas_threads() == before


def test_threads_that_overlap_leave_nothing_behind() -> None:
    before = blas_threads()
    together = Barrier(4)

    def work(_: int) -> set[int]:
        with one_blas_thread:
            together.wait(10)
            return blas_threads()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [{1}] * 4
    assert blas_threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_forked_process_can_enter_too() -> None:
    with one_blas_thread:
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            with one_blas_thread:
                os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
