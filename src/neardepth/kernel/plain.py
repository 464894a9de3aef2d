"""A kernel model as named arrays and plain numbers, and back: what its files have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.kernel.arrays import Arrays
from neardepth.kernel.mirror import Basis
from neardepth.kernel.model import KernelModel, LocalStage, Projection
from neardepth.kernel.spread import Calibration
from neardepth.steps.dense import GRIDS

_SMALL = ("scale", "offset", "centre")
DIRECTIONS = ("even", "odd")
"""The large arrays of a `Projection`."""


def parts_of(model: KernelModel) -> tuple[Arrays, dict[str, Any]]:
    """Return the small arrays and the numbers of a model; each kind of file adds the large ones."""
    arrays: Arrays = {
        "frequencies": model.local.frequencies,
        "phases": model.local.phases,
        "coefficients": model.local.coefficients,
        "calibration": model.calibration.coefficients,
        "stretch": model.stretch,
    }
    for index, projection in enumerate(model.projections):
        for name in _SMALL:
            arrays[f"{index}.{name}"] = getattr(projection, name)
        for level in GRIDS:
            arrays[f"{index}.{level}.mean"] = model.local.means[index][level]
            arrays[f"{index}.{level}.directions"] = model.local.directions[index][level]
    calibration = model.calibration
    return arrays, {
        "width": model.width,
        "basis_evens": model.basis.evens,
        "usual_energy": model.usual_energy,
        "focal": model.focal,
        "factor95": calibration.factor95,
        "limit": calibration.limit,
    }


def assembled(
    arrays: Mapping[str, NDArray[Any]],
    content: Mapping[str, Any],
    directions: Sequence[Mapping[str, NDArray[np.float32]]],
    **large: NDArray[Any],
) -> KernelModel:
    """Put a model together.

    Args:
        arrays: by the names of `parts_of`.
        content: likewise.
        directions: the `DIRECTIONS` of each network's projection.
        **large: the model's other arrays.

    Raises:
        KeyError: something is missing.
    """
    networks = range(len(directions))

    def levels(index: int, what: str) -> dict[str, NDArray[np.float32]]:
        return {level: arrays[f"{index}.{level}.{what}"] for level in GRIDS}

    return KernelModel(
        projections=tuple(
            Projection(
                **directions[index],
                **{name: arrays[f"{index}.{name}"] for name in _SMALL},
            )
            for index in networks
        ),
        local=LocalStage(
            means=tuple(levels(index, "mean") for index in networks),
            directions=tuple(levels(index, "directions") for index in networks),
            frequencies=arrays["frequencies"],
            phases=arrays["phases"],
            coefficients=arrays["coefficients"],
        ),
        calibration=Calibration(arrays["calibration"], content["factor95"], content["limit"]),
        stretch=arrays["stretch"],
        basis=Basis(arrays["basis"].astype(np.float32), content["basis_evens"]),
        usual_energy=content["usual_energy"],
        width=content["width"],
        focal=content["focal"],
        **large,
    )
