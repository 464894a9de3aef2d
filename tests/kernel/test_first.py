"""Stage 1: predictions without a pair are those of a regression that never saw its depth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from neardepth.kernel import first, solvers
from neardepth.kernel.first import Without, first_stage, without
from neardepth.kernel.folds import fold_metrics
from neardepth.kernel.metric import CODE, learn_metric
from neardepth.kernel.setting import USUAL
from neardepth.kernel.targets import Targets

PAIRS, IMAGES, NUMBERS = 60, 2, 12
EVENS, EVEN_TARGETS = 8, 1
BLOCKS = np.arange(PAIRS) // 6


def made_up() -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    random = np.random.default_rng(0)
    components = random.normal(size=(PAIRS, 1, NUMBERS)) + 0.1 * random.normal(
        size=(PAIRS, IMAGES, NUMBERS)
    )
    targets = np.stack([components[..., 0], np.sin(components[..., EVENS])], axis=2)
    energy = (components[:, 0] ** 2).sum(axis=1) + 1
    return tuple(part.astype(np.float32) for part in (components, energy, targets))  # type: ignore[return-value]


def apart(targets: np.ndarray) -> Without:  # type: ignore[type-arg]
    components, energy, _ = made_up()
    wanted = Targets(targets, EVEN_TARGETS)
    folds = fold_metrics(components, EVENS, wanted, BLOCKS)
    return without(components, EVENS, energy, wanted, BLOCKS, folds, USUAL)


def test_a_pairs_own_depth_plays_no_part_in_what_is_said_without_it() -> None:
    """Not through the metric either."""
    _, _, targets = made_up()
    mine = BLOCKS == 3
    changed = targets.copy()
    changed[mine] += 5
    before, after = apart(targets), apart(changed)
    np.testing.assert_allclose(before.blocked[mine], after.blocked[mine], atol=1e-4)
    np.testing.assert_array_equal(before.novelty[mine], after.novelty[mine])
    assert np.abs(before.blocked[~mine] - after.blocked[~mine]).max() > 0.1


def test_without_pairs_it_is_worse_than_with_them_and_better_than_nothing() -> None:
    components, _, targets = made_up()
    wanted = Targets(targets, EVEN_TARGETS)
    codes = components.reshape(-1, NUMBERS)
    metric = learn_metric(codes, EVENS, wanted.flat, EVEN_TARGETS, CODE)
    stage = first_stage(components, metric, USUAL)
    weights = stage.solver.solve(wanted.flat, EVEN_TARGETS)
    with_them = (wanted.flat - np.float32(USUAL.ridge) * weights).reshape(targets.shape)[:, 0]
    found = apart(targets)
    errors = [
        np.abs(said - targets[:, 0]).mean() for said in (with_them, found.alone, found.blocked)
    ]
    assert errors[0] < errors[1] < np.abs(targets[:, 0]).mean()
    assert errors[0] < errors[2] < np.abs(targets[:, 0]).mean()


def test_large_pools_are_predicted_by_some_centres_one_fold_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[int] = []

    def in_turn(function: Callable[[Any], Any], tasks: Iterable[Any], held: int) -> None:
        said.append(held)
        for task in tasks:
            function(task)

    _, _, targets = made_up()
    exact = apart(targets)
    monkeypatch.setattr(first, "in_threads", in_turn)
    monkeypatch.setattr(solvers, "LARGEST", 10)
    for mine, theirs in zip(exact, apart(targets), strict=True):  # every image is a centre
        np.testing.assert_allclose(mine, theirs, atol=2e-2)
    monkeypatch.setattr(solvers, "CENTRES", 60)
    found = apart(targets)
    assert np.abs(found.blocked - exact.blocked).max() > 2e-2
    errors = [np.abs(part.blocked - targets[:, 0]).mean() for part in (exact, found)]
    assert errors[1] < 1.3 * errors[0]
    images = PAIRS * IMAGES
    assert said == [24 * images * images, 24 * images * 60]
