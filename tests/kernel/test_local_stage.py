"""Stage 2's inputs and what it says, beside single cells and the textbook."""

from __future__ import annotations

import numpy as np
import pytest

from neardepth.kernel.local import SURROUNDINGS, expand, surroundings
from neardepth.kernel.model import LocalStage
from neardepth.steps.dense import CELLS, GRIDS, at_cells

CHANNELS = {"stride16": 7, "stride32": 9}
COMPONENTS = {"stride16": 3, "stride32": 4}


@pytest.mark.parametrize(
    ("fine", "coarse"), [((30, 40), (15, 20)), ((40, 30), (20, 15)), ((16, 76), (8, 38))]
)
def test_inputs_are_each_cells_channels_less_their_means_along_the_directions(
    fine: tuple[int, int], coarse: tuple[int, int]
) -> None:
    random = np.random.default_rng(0)
    sizes = {"stride16": fine, "stride32": coarse}
    maps, means, directions = [], [], []
    for _ in range(2):
        maps.append(
            {
                name: random.normal(5, 1, (CHANNELS[name], *sizes[name])).astype(np.float32)
                for name in GRIDS
            }
        )
        means.append(
            {name: random.normal(5, 1, CHANNELS[name]).astype(np.float32) for name in GRIDS}
        )
        directions.append(
            {
                name: random.normal(size=(CHANNELS[name], COMPONENTS[name])).astype(np.float32)
                for name in GRIDS
            }
        )
    count = 2 * sum(COMPONENTS.values()) + SURROUNDINGS
    frequencies = random.normal(0, 0.1, (count, 16)).astype(np.float32)
    phases = random.uniform(0, 6, 16).astype(np.float32)
    coefficients = random.normal(size=16 + count + 1).astype(np.float32)
    stage = LocalStage(tuple(means), tuple(directions), frequencies, phases, coefficients)
    first = random.normal(size=CELLS).astype(np.float32)

    parts = []
    for network, mean, direction in zip(maps, means, directions, strict=True):
        channels = at_cells(network, np.arange(first.size))
        levels = np.split(channels, [CHANNELS["stride16"]], axis=1)
        for name, level in zip(GRIDS, levels, strict=True):
            parts.append((level - mean[name]) @ direction[name])
    expected = np.concatenate([*parts, surroundings(first[None])[0]], axis=1)
    np.testing.assert_allclose(stage.inputs(maps, first), expected, atol=1e-3)

    said = expand(expected, frequencies, phases) @ coefficients
    np.testing.assert_allclose(
        stage.correct(maps, first), first + said.reshape(CELLS), rtol=1e-3, atol=1e-2
    )
