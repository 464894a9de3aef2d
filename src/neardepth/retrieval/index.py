"""Step 3 over a pool: its descriptors, ready to be searched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neardepth.steps.neighbours import correlate, standardise

Vectors = NDArray[np.float32]


class Index:
    """Descriptors of a pool's images, searched exactly.

    Args:
        tables: N×D of each encoder.
        similarity: "correlation", or "distance" for the Euclidean distance of one table's rows.
        shares: how much each encoder's correlation counts; None where there is one encoder.
    """

    def __init__(
        self, tables: Sequence[Vectors], similarity: str, shares: NDArray[np.float64] | None = None
    ) -> None:
        self._cuts = np.cumsum([table.shape[1] for table in tables])[:-1]
        self._roots = np.sqrt(np.ones(1) if shares is None else shares).astype(np.float32)
        self._by_distance = similarity == "distance"
        if self._by_distance:
            (self.rows,) = tables
            self._squares = np.einsum("nd,nd->n", self.rows, self.rows)
        else:
            self.rows = self._standardised(tables)
        """N×D: whole descriptors as they are compared; each is a query, too."""

    def _standardised(self, parts: Sequence[Vectors]) -> Vectors:
        """Put standardised parts together so that inner products are weighted correlations."""
        scaled = [standardise(part) for part in parts]
        for part, root in zip(scaled, self._roots, strict=True):
            part *= root
        return scaled[0] if len(scaled) == 1 else np.concatenate(scaled, axis=1)

    def compare(self, descriptor: Vectors) -> Vectors:
        """Return how alike each pool image is to the photo, N: the larger the more.

        Correlation, or minus half the squared distance up to a constant.
        """
        if self._by_distance:
            return np.asarray(self.rows @ descriptor - self._squares / 2)
        query = self._standardised(np.split(descriptor[None], self._cuts, axis=1))[0]
        return np.asarray(self.rows @ query)

    def correlate(self, descriptor: Vectors, rows: NDArray[np.intp], likeness: Vectors) -> Vectors:
        """Return the correlation of a photo with K pool images; ``likeness`` is `compare`'s."""
        if not self._by_distance:
            return likeness[rows]
        return np.asarray(correlate(descriptor[None], standardise(self.rows[rows]))[0])
