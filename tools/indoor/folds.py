"""Models fitted without a fifth of a pool, as they would ship, for that fifth to be judged by."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from neardepth import Pool
from neardepth.encoders import Encoder
from neardepth.evaluation.protocols import blocks
from neardepth.kernel.export import export_model
from neardepth.kernel.shared import SharedModel, load_model

FOLDS = 5
FOCAL_PX = 518.86
"""Of NYU Depth v2's photos, 640 pixels wide (the data set's toolbox)."""


@dataclass(frozen=True, eq=False)
class Fold:
    """A run of consecutive pairs, and the model that has not seen them."""

    ids: list[str]
    shared: SharedModel


def folds(pool: Pool, encoders: Sequence[Encoder]) -> Iterator[Fold]:
    """Fit the pool without each run of pairs, and pass the model through its file."""
    queries = blocks(list(pool.records.values()), folds=FOLDS, margin=0)
    for excluded in dict.fromkeys(query.exclude for query in queries):
        ids = [query.id for query in queries if query.exclude == excluded]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "indoor.safetensors"
            export_model(
                pool, encoders, path, "indoor", {}, focal_px=FOCAL_PX, exclude=frozenset(ids)
            )
            yield Fold(ids, load_model(path))
