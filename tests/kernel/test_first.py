"""Stage 1: predictions without a pair are those of a regression that never saw its depth."""

from __future__ import annotations

import numpy as np

from neardepth.kernel.first import RIDGE, Targets, first_stage, without

PAIRS, IMAGES, NUMBERS = 60, 2, 12
EVENS, EVEN_TARGETS = 8, 1


def made_up() -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    random = np.random.default_rng(0)
    components = random.normal(size=(PAIRS, 1, NUMBERS)) + 0.1 * random.normal(
        size=(PAIRS, IMAGES, NUMBERS)
    )
    targets = np.stack([components[..., 0], np.sin(components[..., EVENS])], axis=2)
    energy = (components[:, 0] ** 2).sum(axis=1) + 1
    return tuple(part.astype(np.float32) for part in (components, energy, targets))  # type: ignore[return-value]


def test_a_pairs_own_depth_plays_no_part_in_what_is_said_without_it() -> None:
    """Not through the metric either."""
    components, energy, targets = made_up()
    blocks = np.arange(PAIRS) // 6
    changed = targets.copy()
    changed[blocks == 3] += 5
    before, after = (
        without(components, EVENS, energy, Targets(t, EVEN_TARGETS), blocks)
        for t in (targets, changed)
    )
    mine = blocks == 3
    np.testing.assert_allclose(before.blocked[mine], after.blocked[mine], atol=1e-4)
    np.testing.assert_array_equal(before.novelty[mine], after.novelty[mine])
    assert np.abs(before.blocked[~mine] - after.blocked[~mine]).max() > 0.1


def test_without_pairs_it_is_worse_than_with_them_and_better_than_nothing() -> None:
    components, energy, targets = made_up()
    blocks = np.arange(PAIRS) // 6
    wanted = Targets(targets, EVEN_TARGETS)
    stage = first_stage(components, EVENS, wanted, np.ones(PAIRS, bool))
    with_them = wanted.flat - np.float32(RIDGE) * stage.solver.solve(wanted.flat, EVEN_TARGETS)
    apart = without(components, EVENS, energy, wanted, blocks)
    errors = [
        np.abs(found - targets[:, 0]).mean()
        for found in (with_them.reshape(targets.shape)[:, 0], apart.alone, apart.blocked)
    ]
    assert errors[0] < errors[1] < np.abs(targets[:, 0]).mean()
    assert errors[0] < errors[2] < np.abs(targets[:, 0]).mean()
