"""Folds: blocks stay whole, and a metric never sees its own fold's depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from neardepth.kernel import folds
from neardepth.kernel.folds import BLOCKS, blocks_of, fold_metrics
from neardepth.kernel.metric import metric_bytes
from neardepth.kernel.targets import Targets

EVENS, EVEN_TARGETS = 4, 1


def test_every_pair_is_left_out_once_with_its_block() -> None:
    random = np.random.default_rng(0)
    for pairs in (1, 2, 9, 47):
        components = random.normal(size=(pairs, 2, 6)).astype(np.float32)
        targets = Targets(random.normal(size=(pairs, 2, 2)).astype(np.float32), EVEN_TARGETS)
        blocks = blocks_of(pairs)
        found = fold_metrics(components, EVENS, targets, blocks)
        assert blocks.max() + 1 == min(pairs, BLOCKS)
        np.testing.assert_array_equal(sum(fold.own.astype(int) for fold in found), 1)
        for fold in found:
            for block in np.unique(blocks):
                assert len(np.unique(fold.own[blocks == block])) == 1
            np.testing.assert_array_equal(fold.others, ~fold.own if pairs > 1 else fold.own)


def test_a_metric_does_not_see_its_own_folds_depth() -> None:
    random = np.random.default_rng(1)
    components = random.normal(size=(40, 2, 6)).astype(np.float32)
    depth = random.normal(size=(40, 2, 2)).astype(np.float32)
    blocks = blocks_of(40)
    first, second = fold_metrics(components, EVENS, Targets(depth, EVEN_TARGETS), blocks)[:2]
    depth = depth.copy()
    depth[first.own] += 3
    again, other = fold_metrics(components, EVENS, Targets(depth, EVEN_TARGETS), blocks)[:2]
    np.testing.assert_array_equal(first.metric.even, again.metric.even)
    assert not np.array_equal(second.metric.even, other.metric.even)


@pytest.mark.parametrize(("pairs", "images"), [(60, 2), (60, 1), (1, 2)])
def test_folds_say_how_much_memory_they_hold(
    pairs: int, images: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[int] = []

    def in_turn(function: Callable[[Any], Any], tasks: Iterable[Any], held: int) -> list[Any]:
        said.append(held)
        return list(map(function, tasks))

    monkeypatch.setattr(folds, "in_threads", in_turn)
    random = np.random.default_rng(2)
    components = random.normal(size=(pairs, images, 6)).astype(np.float32)
    depth = random.normal(size=(pairs, images, 2)).astype(np.float32)
    found = fold_metrics(components, EVENS, Targets(depth, EVEN_TARGETS), blocks_of(pairs))
    others = max(int(fold.others.sum()) for fold in found) if pairs > 1 else 0
    assert said == [metric_bytes(others * images)]
