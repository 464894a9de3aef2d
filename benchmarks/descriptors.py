"""Hand-made descriptors: describing a photo and searching 1,449, beside decoding the photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from common import Row, side_by_side

from neardepth.encoders import load_encoder
from neardepth.imaging.photos import as_photo
from neardepth.methods import find_method
from neardepth.pool.descriptors import Describer
from neardepth.retrieval.index import Index
from neardepth.steps.neighbours import nearest

PAIRS = 1449


def measure(source: Path) -> list[Row]:
    """Take steps 1 to 3 of the two methods that are to be quick."""
    path = sorted((source / "rgb").iterdir())[0]
    photo = as_photo(path)
    rows = []
    for name in ("konrad2013", "herrera2014"):
        method = find_method(name)
        describer = Describer(load_encoder(method.encoder), method.tiles)
        table = np.random.default_rng(0).random((PAIRS, describer.dim), np.float32)
        index = Index([table], method.similarity)
        free = np.zeros(PAIRS, np.bool_)

        def find(
            describer: Describer = describer,
            index: Index = index,
            free: np.ndarray = free,
            k: int = method.k,
        ) -> object:
            descriptor = describer.describe([describer.prepare(photo)])[0]
            return nearest(index.compare(descriptor), k, free)

        found, decoded = side_by_side(find, lambda: as_photo(path))
        what = f"describe and search {PAIRS:,}: {name}"
        rows.append(Row(what, found, decoded, "s", "photo decoded", "< 0.1 s"))
    return rows
