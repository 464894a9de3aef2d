"""Describing many photos: reading ahead in threads, one network, commits in the background."""

from __future__ import annotations

import itertools
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, TypeVar

import numpy as np

from neardepth.errors import NearDepthError
from neardepth.imaging.photos import Photo
from neardepth.pool.descriptors import AnyDescriber, Descriptors

Progress = Callable[[int, int], None]
"""Called with the number of pairs done and the number in all."""

TILES_A_RUN = 16
"""Tiles the network gets at once, of as many photos as that takes."""

COMMIT_PAIRS = 32
COMMIT_SECONDS = 10.0
COMMIT_BYTES = 64 << 20

_READERS = min(4, os.cpu_count() or 1)

Item = TypeVar("Item")
Subject = TypeVar("Subject")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Loaded(Generic[Subject]):
    """A photo with what it is a photo of, which the pipeline only hands on."""

    photo: Photo
    subject: Subject
    bytes: int = 0
    """What `subject` takes in memory until it is committed."""


@dataclass(frozen=True, eq=False)
class _Prepared(Generic[Subject]):
    subject: Subject
    images: list[Any]
    bytes: int


@dataclass(frozen=True, eq=False)
class Described(Generic[Subject]):
    """A photo with its descriptors, one for each describer."""

    subject: Subject
    descriptors: tuple[Descriptors, ...]
    bytes: int = 0


def stacked(items: Sequence[Described[Subject]], describer: int) -> Descriptors:
    """Return the descriptors that one of the describers gave, N×dim."""
    rows: Any = [item.descriptors[describer] for item in items]
    return np.stack(rows)


@dataclass
class Outcome:
    """How many items were done, and which failed with which message."""

    done: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def describe_all(
    items: Sequence[tuple[str, Item]],
    load: Callable[[Item], Loaded[Subject]],
    describers: Sequence[AnyDescriber],
    commit: Callable[[list[Described[Subject]]], None],
    progress: Callable[[int], None],
) -> Outcome:
    """Load, describe and commit items; a bad one is named and the rest goes on.

    Args:
        items: each with the name it is reported by.
        load: called in reader threads; raises a `NearDepthError` for a bad item.
        describers: encoders and tilings.
        commit: keeps described items for good; called from one background thread.
        progress: called with the number of items that are through.

    Raises:
        NearDepthError: `commit` failed.
        KeyboardInterrupt: after everything that was described by then has been committed.
    """

    def prepare(item: tuple[str, Item]) -> _Prepared[Subject]:
        loaded = load(item[1])
        images = [describer.prepare(loaded.photo) for describer in describers]
        return _Prepared(loaded.subject, images, loaded.bytes)

    outcome = Outcome()
    most_tiles = max((describer.tiles for describer in describers), default=1)
    batch_size = max(1, TILES_A_RUN // most_tiles)
    with Committer(commit) as committer, closing(read_ahead(prepare, items, batch_size)) as stream:
        while batch := list(itertools.islice(stream, batch_size)):
            ready = []
            for (name, _), result in batch:
                if isinstance(result, NearDepthError):
                    outcome.failed.append((name, str(result)))
                else:
                    ready.append(result)
            if ready:
                committer.add(_describe(ready, describers))
            outcome.done += len(ready)
            progress(outcome.done + len(outcome.failed))
    return outcome


def _describe(
    ready: Sequence[_Prepared[Subject]], describers: Sequence[AnyDescriber]
) -> list[Described[Subject]]:
    matrices = [
        describer.describe([prepared.images[index] for prepared in ready])
        for index, describer in enumerate(describers)
    ]
    return [
        Described(prepared.subject, tuple(matrix[row] for matrix in matrices), prepared.bytes)
        for row, prepared in enumerate(ready)
    ]


def read_ahead(
    work: Callable[[Item], Result], items: Iterable[Item], batch_size: int
) -> Generator[tuple[Item, Result | NearDepthError]]:
    """Yield each item with what ``work`` made of it, in order, working ahead in threads.

    Only a few results are held at a time, however many items there are. Where ``items`` raise,
    the results of those before come first.
    """
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    source = iter(items)
    failure: Exception | None = None
    readers = ThreadPoolExecutor(_READERS, thread_name_prefix="neardepth-read")
    try:
        while True:
            try:
                for item in itertools.islice(source, batch_size + _READERS - len(waiting)):
                    waiting.append((item, readers.submit(work, item)))
            except Exception as error:  # whatever the source raises
                failure, source = error, iter(())
            if not waiting:
                if failure is not None:
                    raise failure
                return
            item, future = waiting.popleft()
            try:
                result: Result | NearDepthError = future.result()
            except NearDepthError as error:
                result = error
            yield item, result
    finally:
        readers.shutdown(wait=True, cancel_futures=True)


class Committer(Generic[Subject]):
    """Gathers described items and commits them in a background thread, in batches.

    The main thread is where Ctrl-C arrives: a commit in another thread always runs to its end.
    Leaving commits what is left, also after an error elsewhere.
    """

    def __init__(self, commit: Callable[[list[Described[Subject]]], None]) -> None:
        self._commit = commit
        self._gathered: list[Described[Subject]] = []
        self._since = time.monotonic()
        self._running: Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="neardepth-commit")

    def __enter__(self) -> Committer[Subject]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._thread:
            self._flush()
            self._wait()

    def add(self, items: list[Described[Subject]]) -> None:
        """Take items in, and start a commit when there are enough or it is time.

        Raises:
            NearDepthError: an earlier commit failed.
        """
        self._gathered += items
        full = (
            len(self._gathered) >= COMMIT_PAIRS
            or sum(item.bytes for item in self._gathered) >= COMMIT_BYTES
            or time.monotonic() - self._since >= COMMIT_SECONDS
        )
        if full:
            self._flush()

    def _flush(self) -> None:
        self._wait()
        items, self._gathered = self._gathered, []
        if items:
            self._running = self._thread.submit(self._commit, items)
        self._since = time.monotonic()

    def _wait(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.result()
