"""Stage 2's regression beside the textbook's, and what it sees of a mirror image."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.kernel import local
from neardepth.kernel.local import (
    MIRRORED,
    SURROUNDINGS,
    Batch,
    expand,
    random_frequencies,
    regress,
    surroundings,
    useful_cosines,
)
from neardepth.steps.dense import CELLS

INPUTS, CELLS_OF_A_PAIR, PAIRS = 5 + SURROUNDINGS, 40, 30
Matrix = NDArray[np.float32]


def batches() -> Iterator[Batch]:
    random = np.random.default_rng(0)
    for pair in range(PAIRS):
        inputs = random.normal(size=(CELLS_OF_A_PAIR, INPUTS)).astype(np.float32)
        noise = 0.1 * random.normal(size=CELLS_OF_A_PAIR)
        yield (
            pair // 10,
            inputs,
            (0.3 * inputs[:, 0] + 0.2 * np.sin(inputs[:, 1]) + noise).astype(np.float32),
        )


def textbook(features: Matrix, wanted: Matrix) -> Matrix:
    ridge = np.full(features.shape[1], 0.016 * len(features))
    ridge[-1] = 1e-6 * len(features)
    square = features.T.astype(float) @ features + np.diag(ridge)
    return np.asarray(np.linalg.solve(square, features.T.astype(float) @ wanted))


def test_regression_is_the_textbooks_and_leaves_blocks_out() -> None:
    frequencies, phases = random_frequencies(INPUTS)
    frequencies, phases = frequencies[:, :20], phases[:20]
    found, without = regress(batches(), frequencies, phases)
    every = list(batches())

    def expected(left_out: int | None) -> Matrix:
        kept = [batch for batch in every if batch[0] != left_out]
        features = np.concatenate([expand(batch[1], frequencies, phases) for batch in kept])
        return textbook(features, np.concatenate([batch[2] for batch in kept]))

    np.testing.assert_allclose(found, expected(None), atol=1e-3)
    assert sorted(without) == [0, 1, 2]
    np.testing.assert_allclose(without[1], expected(1), atol=1e-3)


def test_cosines_that_explain_something_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_KEPT", 8)
    random = np.random.default_rng(1)
    frequencies = random.normal(size=(INPUTS, 64)).astype(np.float32)
    phases = random.uniform(0, 2 * np.pi, 64).astype(np.float32)
    true = [3, 17, 40]

    def explained() -> Iterator[Batch]:
        for block, inputs, _ in batches():
            yield block, inputs, np.cos(inputs @ frequencies + phases)[:, true].sum(axis=1)

    kept, kept_phases = useful_cosines(explained(), frequencies, phases)
    assert kept.shape == (INPUTS, 8)
    assert set(phases[true]) <= set(kept_phases)
    for column, phase in zip(kept.T, kept_phases, strict=True):
        np.testing.assert_array_equal(column, frequencies[:, phases == phase][:, 0])


def test_without_any_known_depth_nothing_is_corrected() -> None:
    frequencies, phases = random_frequencies(INPUTS)
    nothing = [(0, np.zeros((0, INPUTS), np.float32), np.zeros(0, np.float32))]
    frequencies, phases = useful_cosines(nothing, frequencies, phases)
    found, without = regress(nothing, frequencies, phases)
    assert not found.any()
    assert not without[0].any()


def test_surroundings_of_the_mirror_image() -> None:
    depth = np.random.default_rng(2).normal(size=(2, *CELLS)).astype(np.float32)
    mirrored = surroundings(np.ascontiguousarray(depth[..., ::-1]))
    back = mirrored.reshape(2, *CELLS, SURROUNDINGS)[:, :, ::-1].reshape(2, -1, SURROUNDINGS)
    np.testing.assert_allclose(back, surroundings(depth) * MIRRORED, atol=1e-4)
