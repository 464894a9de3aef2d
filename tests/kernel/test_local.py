"""Stage 2's regression beside the textbook's, and what it sees of a mirror image."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from neardepth.kernel import local
from neardepth.kernel.local import (
    MIRRORED,
    SURROUNDINGS,
    Cells,
    expand,
    random_frequencies,
    regress,
    regressed,
    surroundings,
    useful_cosines,
)
from neardepth.steps.dense import CELLS

INPUTS, CELLS_OF_A_PAIR, PAIRS = 5 + SURROUNDINGS, 40, 30
Matrix = NDArray[np.float32]


BLOCKS = np.arange(PAIRS) // 10


def cells(pair: int) -> tuple[Matrix, Matrix]:
    random = np.random.default_rng(pair)
    inputs = random.normal(size=(CELLS_OF_A_PAIR, INPUTS)).astype(np.float32)
    noise = 0.1 * random.normal(size=CELLS_OF_A_PAIR)
    residuals = 0.3 * inputs[:, 0] + 0.2 * np.sin(inputs[:, 1]) + noise
    return inputs, residuals.astype(np.float32)


def textbook(features: Matrix, wanted: Matrix) -> Matrix:
    ridge = np.full(features.shape[1], 0.016 * len(features))
    ridge[-1] = 1e-6 * len(features)
    square = features.T.astype(float) @ features + np.diag(ridge)
    return np.asarray(np.linalg.solve(square, features.T.astype(float) @ wanted))


def test_regression_is_the_textbooks_and_leaves_blocks_out() -> None:
    frequencies, phases = random_frequencies(INPUTS)
    frequencies, phases = frequencies[:, :20], phases[:20]
    found, without = regress(cells, BLOCKS, frequencies, phases)

    def expected(left_out: int | None) -> Matrix:
        kept = [cells(pair) for pair in np.flatnonzero(left_out != BLOCKS)]
        features = np.concatenate([expand(inputs, frequencies, phases) for inputs, _ in kept])
        return textbook(features, np.concatenate([residuals for _, residuals in kept]))

    np.testing.assert_allclose(found, expected(None), atol=1e-3)
    assert sorted(without) == [0, 1, 2]
    np.testing.assert_allclose(without[1], expected(1), atol=1e-3)


def test_predictions_are_the_features_times_the_coefficients() -> None:
    frequencies, phases = random_frequencies(INPUTS)
    inputs, _ = cells(0)
    coefficients = np.random.default_rng(3).normal(size=len(phases) + INPUTS + 1).astype(np.float32)
    expected = expand(inputs, frequencies, phases) @ coefficients
    found = regressed(inputs, frequencies, phases, coefficients)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_cosines_that_explain_something_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_KEPT", 8)
    random = np.random.default_rng(1)
    frequencies = random.normal(size=(INPUTS, 64)).astype(np.float32)
    phases = random.uniform(0, 2 * np.pi, 64).astype(np.float32)
    true = [3, 17, 40]

    def explained(pair: int) -> tuple[Matrix, Matrix]:
        inputs, _ = cells(pair)
        return inputs, np.cos(inputs @ frequencies + phases)[:, true].sum(axis=1)

    monkeypatch.setattr(local, "_COSINE_STEP", 1)
    kept, kept_phases = useful_cosines(explained, BLOCKS, frequencies, phases)
    assert kept.shape == (INPUTS, 8)
    assert set(phases[true]) <= set(kept_phases)
    for column, phase in zip(kept.T, kept_phases, strict=True):
        np.testing.assert_array_equal(column, frequencies[:, phases == phase][:, 0])


def test_cosines_are_chosen_by_every_third_pair() -> None:
    frequencies, phases = random_frequencies(INPUTS)
    seen: list[int] = []

    def noted(pair: int) -> tuple[Matrix, Matrix]:
        seen.append(pair)
        return cells(pair)

    useful_cosines(noted, BLOCKS, frequencies, phases)
    assert sorted(seen) == list(range(0, PAIRS, 3))


def test_without_any_known_depth_nothing_is_corrected() -> None:
    frequencies, phases = random_frequencies(INPUTS)
    none = np.zeros((0, INPUTS), np.float32), np.zeros(0, np.float32)
    nothing: Cells = lambda pair: none  # noqa: E731
    frequencies, phases = useful_cosines(nothing, BLOCKS, frequencies, phases)
    found, without = regress(nothing, BLOCKS, frequencies, phases)
    assert not found.any()
    assert not without[0].any()


def test_surroundings_of_the_mirror_image() -> None:
    depth = np.random.default_rng(2).normal(size=(2, *CELLS)).astype(np.float32)
    mirrored = surroundings(np.ascontiguousarray(depth[..., ::-1]))
    back = mirrored.reshape(2, *CELLS, SURROUNDINGS)[:, :, ::-1].reshape(2, -1, SURROUNDINGS)
    np.testing.assert_allclose(back, surroundings(depth) * MIRRORED, atol=1e-4)
