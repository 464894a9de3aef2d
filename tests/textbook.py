"""Plain formulas that the package's own are compared with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def squared_distances(x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``|x_i − y_j|²`` of n×D and m×D points, n×m."""
    return np.asarray(((x[:, None].astype(float) - y) ** 2).sum(axis=2), np.float32)
