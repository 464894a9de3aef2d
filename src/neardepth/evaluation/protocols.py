"""Protocols: which images are estimated, and which of the pool may not be used for each.

Every function takes the frames of the pool and gives one `Query` for each image to be estimated.
A query is always excluded from its own pool.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from neardepth.datasets.folder import natural
from neardepth.errors import MethodError

FOLDS = 5


class Frame(Protocol):
    """What a protocol must know of an image; `pool.schema.PairRecord` is one."""

    @property
    def id(self) -> str:
        """Unique in the pool."""

    @property
    def source(self) -> str:
        """The data set's name."""

    @property
    def split(self) -> str | None:
        """Part of the official split, train or test, where there is one."""

    @property
    def scene(self) -> str | None:
        """Frames of one scene show the same place."""


@dataclass(frozen=True)
class Query:
    """An image to be estimated, and the ids that must not be used for it: itself and others."""

    id: str
    exclude: frozenset[str]


def split(frames: Iterable[Frame]) -> list[Query]:
    """Estimate the test images from the training images only, as the data set's authors split.

    Raises:
        MethodError: There are no training or no test images.
    """
    frames = list(frames)
    outside = frozenset(frame.id for frame in frames if frame.split != "train")
    tests = [frame for frame in frames if frame.split == "test"]
    if not tests or len(outside) == len(frames):
        raise MethodError(
            f"protocol 'split' needs training and test images; here are"
            f" {len(frames) - len(outside)} and {len(tests)}; use 'loo' where there is no split"
        )
    return [Query(frame.id, outside) for frame in tests]


def leave_one_out(frames: Iterable[Frame]) -> list[Query]:
    """Estimate each image from all others. Where scenes have several frames this leaks.

    Raises:
        MethodError: There are fewer than two images.
    """
    ids = [frame.id for frame in frames]
    if len(ids) < 2:
        raise MethodError(f"leave-one-out needs at least 2 images, not {len(ids)}")
    return [Query(own, frozenset({own})) for own in ids]


def scene_leave_one_out(frames: Iterable[Frame]) -> list[Query]:
    """Estimate each image from those of other scenes.

    Raises:
        MethodError: An image has no scene, or all are of one.
    """
    frames = list(frames)
    scenes: dict[tuple[str, str], set[str]] = defaultdict(set)
    for frame in frames:
        if frame.scene is None:
            raise MethodError(
                f"protocol 'scene-loo' needs the scene of every image; {frame.id} has none"
            )
        scenes[frame.source, frame.scene].add(frame.id)
    if len(scenes) < 2:
        raise MethodError(f"protocol 'scene-loo' needs at least 2 scenes, not {len(scenes)}")
    excluded = {pair_id: frozenset(ids) for ids in scenes.values() for pair_id in ids}
    return [Query(frame.id, excluded[frame.id]) for frame in frames]


def combined_leave_one_out(frames: Iterable[Frame]) -> list[Query]:
    """Leave one out over several data sets put together, as in the paper's Table IV.

    Raises:
        MethodError: All images are of one data set.
    """
    frames = list(frames)
    sources = {frame.source for frame in frames}
    if len(sources) < 2:
        raise MethodError(
            f"protocol 'combined-loo' needs at least 2 data sets, not {len(sources)}; use 'loo'"
        )
    return leave_one_out(frames)


def kfold(frames: Iterable[Frame], *, folds: int = FOLDS, seed: int = 0) -> list[Query]:
    """Estimate each fold of the training images from the other folds, drawn at random.

    Test images are neither estimated nor used, so settings chosen this way have not seen them.

    Args:
        frames: The pool's; all that are not of the test split take part.
        folds: Number of folds, of equal size up to one.
        seed: The same seed and ids give the same folds, whatever the order of the frames.

    Raises:
        MethodError: There are fewer images than folds, or fewer than two folds.
    """
    training, test = _training(frames, folds)
    order = np.random.default_rng(seed).permutation(len(training))
    parts = np.array_split(order, folds)
    return _folded(training, test, [[int(row) for row in part] for part in parts])


def blocks(frames: Iterable[Frame], *, folds: int = FOLDS, margin: int = 0) -> list[Query]:
    """Estimate each block of consecutive training images from the others: for video.

    Args:
        frames: The pool's; all that are not of the test split take part, in natural order of ids.
        folds: Number of blocks, of equal size up to one.
        margin: So many frames before and after a block are not used for it either: the nearest
            frames of a video are near copies.

    Raises:
        MethodError: There are fewer images than blocks, fewer than two blocks, or the margin
            leaves nothing.
    """
    training, test = _training(frames, folds)
    bounds = np.linspace(0, len(training), folds + 1).round().astype(int).tolist()
    parts = [list(range(*bounds[fold : fold + 2])) for fold in range(folds)]
    return _folded(training, test, parts, margin)


PROTOCOLS: dict[str, Callable[[Iterable[Frame]], list[Query]]] = {
    "split": split,
    "loo": leave_one_out,
    "scene-loo": scene_leave_one_out,
    "combined-loo": combined_leave_one_out,
    "kfold": kfold,
    "blocks": blocks,
}


def _training(frames: Iterable[Frame], folds: int) -> tuple[list[str], list[str]]:
    """Ids that are not of the test split, in natural order, and those that are."""
    frames = list(frames)
    training = sorted((frame.id for frame in frames if frame.split != "test"), key=natural)
    if not 2 <= folds <= len(training):
        raise MethodError(
            f"the number of folds must be from 2 to the number of images that are not of the test"
            f" split, {len(training)}, not {folds}"
        )
    return training, [frame.id for frame in frames if frame.split == "test"]


def _folded(
    training: Sequence[str], test: Sequence[str], parts: Sequence[Sequence[int]], margin: int = 0
) -> list[Query]:
    """Exclude each part, what is within the margin around it, and the test images."""
    queries = []
    for rows in parts:
        around = range(max(0, min(rows) - margin), max(rows) + 1 + margin) if margin else ()
        own = {training[row] for row in {*rows, *around} if row < len(training)}
        if len(own) == len(training):
            raise MethodError(f"a margin of {margin} around a block leaves nothing to use")
        exclude = frozenset(own.union(test))
        queries += [Query(training[row], exclude) for row in rows]
    return sorted(queries, key=lambda query: natural(query.id))
