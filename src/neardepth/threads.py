"""Matrix products in one thread each, where the cores are wanted for something else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ContextDecorator
from threading import Lock
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

Task = TypeVar("Task")
Result = TypeVar("Result")


class _OneBlasThread(ContextDecorator):
    """Holds the linear algebra of the whole process to one thread while anybody is inside.

    The products of one photo are small, and a library's threads go on waiting for more in a loop:
    they would take the cores from the network that looks at the next photo, and half its speed.
    May be entered again, from any thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._controller: ThreadpoolController | None = None
        self._limit: Any = None
        # threadpoolctl lets only the thread that set a limit take it back, and the last to leave
        # may be another than the first to come.
        self._keeper: ThreadPoolExecutor | None = None

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                if self._keeper is None:
                    self._keeper = ThreadPoolExecutor(1, thread_name_prefix="neardepth-blas")
                self._keeper.submit(self._hold).result()
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._keeper is not None:
                self._keeper.submit(self._limit.__exit__, None, None, None).result()

    def _hold(self) -> None:
        # Looking for the libraries takes a millisecond: once will do.
        self._controller = self._controller or ThreadpoolController()
        self._limit = self._controller.limit(limits=1, user_api="blas")
        self._limit.__enter__()


one_blas_thread = _OneBlasThread()
"""`with one_blas_thread:` or `@one_blas_thread`."""

_MOST = 4  # tasks at a time
_MEMORY = 1 << 30  # bytes that tasks side by side may hold


def in_threads(
    function: Callable[[Task], Result], tasks: Iterable[Task], held: int = 0
) -> list[Result]:
    """Do independent tasks side by side, each one's linear algebra in one thread.

    Two tasks side by side take less time than one after the other on two threads: NumPy's and
    SciPy's linear algebra have threads of their own, and each one's go on waiting for more in a
    loop while the other works.

    Args:
        function: what to do with a task.
        tasks: in any number.
        held: bytes that a task holds; large ones are done one after the other, where nothing keeps
            their linear algebra from all cores.
    """
    workers = min(os.cpu_count() or 1, _MOST, _MEMORY // max(held, 1))
    if workers < 2:
        return list(map(function, tasks))
    with one_blas_thread, ThreadPoolExecutor(workers) as executor:
        return list(executor.map(function, tasks))


if hasattr(os, "register_at_fork"):  # the keeper does not come along
    os.register_at_fork(after_in_child=one_blas_thread.__init__)  # type: ignore[misc]
