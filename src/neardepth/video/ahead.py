"""Work ahead in a thread, a few items at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")

_END: Any = object()


def ahead(items: Iterator[Item], count: int) -> Generator[Item]:
    """Yield the items of an iterator that runs ``count`` ahead in a thread of its own."""
    thread = ThreadPoolExecutor(1, thread_name_prefix="neardepth-frames")
    waiting: deque[Future[Item]] = deque()
    try:
        waiting.extend(thread.submit(next, items, _END) for _ in range(count))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(thread.submit(next, items, _END))
            yield item
    finally:
        thread.shutdown(wait=True, cancel_futures=True)
