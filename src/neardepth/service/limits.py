"""What one request, and all of them together, may take."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True)
class Limits:
    """Bounds of the service; together with that on connections they bound its memory.

    That is what bodies, answers and kept results may take, and some 40 bytes a pixel of each photo
    that is worked on, one a worker; a cloud, mesh or file that is being made takes as much again.
    """

    upload_bytes: int = 32 << 20
    """Of one request's body."""
    pixels: int = 25_000_000
    """Of one photo or depth map, read from its header before anything is decoded."""
    upload_seconds: float = 30
    """In which a body has to arrive."""
    seconds: float = 60
    """That a request waits and runs before it is told that it took too long."""
    adding_seconds: float = 600
    """The same, where a pair is added: the pool is fitted anew."""
    queue: int = 32
    """Requests that wait for a worker; more are turned away."""
    fits: int = 16
    """Requests that wait for a pool to be fitted, one at a time, apart from the workers."""
    workers: int = field(default_factory=_cores)
    """Requests that are worked on at a time."""
    held_bytes: int = 256 << 20
    """Of the bodies of all requests that are arriving or waiting."""
    answer_bytes: int = 256 << 20
    """Of all answers that their clients have not taken yet; a single one may be larger."""
    kept_bytes: int = 512 << 20
    """Of the results that are kept for their links."""
    kept_seconds: float = 900
    """That a result is kept."""
