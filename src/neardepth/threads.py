"""Matrix products in one thread, where the cores are wanted for something else."""

from __future__ import annotations

from contextlib import ContextDecorator
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController


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

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                # Looking for the libraries takes a millisecond: once will do.
                self._controller = self._controller or ThreadpoolController()
                self._limit = self._controller.limit(limits=1, user_api="blas")
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limit.restore_original_limits()


one_blas_thread = _OneBlasThread()
"""`with one_blas_thread:` or `@one_blas_thread`."""
