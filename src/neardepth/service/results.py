"""Results that are kept for a while, so that what was estimated once is downloaded in any form."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass

from neardepth.result import DepthResult
from neardepth.service.problems import Problem


@dataclass(frozen=True)
class Kept:
    """A result with the name of the pool that it rests on."""

    result: DepthResult
    pool_name: str
    until: float
    """`time.monotonic` after which it is dropped."""

    @property
    def size(self) -> int:
        """Bytes of its arrays."""
        result = self.result
        arrays = (result.photo.image, result.depth, result.fused, result.uncertainty)
        return sum(array.nbytes for array in arrays) + (
            0 if result.filled is None else result.filled.nbytes
        )


class Results:
    """Keeps results in memory, the latest as long as there is room; nothing is written to disk.

    Args:
        most_bytes: of all results together; the latest is kept even where it alone is larger.
        seconds: that each is kept.
    """

    def __init__(self, most_bytes: int, seconds: float) -> None:
        self.most_bytes, self.seconds = most_bytes, seconds
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self.size = 0
        """Bytes that are kept now."""

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, result: DepthResult, pool_name: str) -> str:
        """Keep a result; its id cannot be guessed."""
        key = secrets.token_urlsafe(18)
        kept = Kept(result, pool_name, time.monotonic() + self.seconds)
        with self._lock:
            self._kept[key] = kept
            self.size += kept.size
            while len(self._kept) > 1 and self.size > self.most_bytes:
                self._drop(next(iter(self._kept)))
        return key

    def expire(self) -> None:
        """Drop all whose time is over."""
        with self._lock:
            while self._kept and next(iter(self._kept.values())).until < time.monotonic():
                self._drop(next(iter(self._kept)))

    def find(self, key: str) -> Kept:
        """Return a result.

        Raises:
            Problem: it is not kept, or no longer (404).
        """
        self.expire()
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        raise Problem(404, "There is no such result", "It was dropped: send the photo again.")

    def forget(self, key: str) -> None:
        """Drop a result.

        Raises:
            Problem: it is not kept (404).
        """
        self.find(key)
        with self._lock:
            self._drop(key)

    def _drop(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self.size -= kept.size
