"""Fits as files: plain arrays in safetensors format, never anything that runs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import PoolError
from neardepth.kernel.arrays import read_arrays, write_arrays
from neardepth.kernel.fitting import Fit
from neardepth.kernel.model import KernelModel, LocalStage, Projection
from neardepth.kernel.spread import Calibration
from neardepth.steps.dense import GRIDS

KIND = "neardepth_fit"
FORMAT = 4
"""Version of the layout; a file of another one is not read."""

_ARRAYS = (
    "centres", "owners", "photos", "weights", "basis", "mean", "known", "image_weights"
)  # fmt: skip
_HALF = ("directions",)  # large, and no worse for it


def save_fit(path: Path, fit: Fit, facts: dict[str, Any]) -> None:
    """Write a fit whole or not at all.

    Args:
        path: the file.
        fit: what to write.
        facts: plain data about it, for people.

    Raises:
        PoolError: it cannot be written.
    """
    model = fit.model
    arrays: dict[str, NDArray[Any]] = {
        "first": fit.first,
        "blocks": fit.blocks,
        "without": np.stack(fit.without),
        "frequencies": model.local.frequencies,
        "phases": model.local.phases,
        "coefficients": model.local.coefficients,
        "calibration": model.calibration.coefficients,
    }
    arrays |= {name: getattr(model, name) for name in _ARRAYS}
    for index, projection in enumerate(model.projections):
        for name, values in asdict(projection).items():
            arrays[f"{index}.{name}"] = values.astype(np.float16) if name in _HALF else values
        for level in GRIDS:
            arrays[f"{index}.{level}.mean"] = model.local.means[index][level]
            arrays[f"{index}.{level}.directions"] = model.local.directions[index][level]
    calibration = model.calibration
    content = {
        "format": FORMAT,
        "width": model.width,
        "focal": model.focal,
        "score": fit.score if np.isfinite(fit.score) else None,
        "factor95": calibration.factor95,
        "unit": calibration.unit,
        "limit": calibration.limit,
        "facts": facts,
    }
    write_arrays(path, KIND, arrays, content, PoolError)


def load_fit(path: Path) -> Fit:
    """Read a fit.

    Raises:
        PoolError: it is missing, damaged or of another version.
    """
    try:
        arrays, content = read_arrays(path, KIND)
        if content["format"] != FORMAT:
            raise PoolError(f"{path} was fitted by another version of NearDepth: delete it")
        return _fit(arrays, content)
    except (OSError, ValueError, KeyError) as error:
        raise PoolError(
            f"{path} is damaged ({error}); delete it, it is fitted anew when needed"
        ) from error


def _fit(arrays: dict[str, NDArray[Any]], content: dict[str, Any]) -> Fit:
    networks = range(sum(name.endswith(".offset") for name in arrays))

    def levels(index: int, what: str) -> dict[str, NDArray[np.float32]]:
        return {level: arrays[f"{index}.{level}.{what}"] for level in GRIDS}

    projections = tuple(
        Projection(
            **{
                name: arrays[f"{index}.{name}"].astype(np.float32, copy=False)
                for name in ("scale", "directions", "offset", "centre")
            }
        )
        for index in networks
    )
    model = KernelModel(
        projections=projections,
        **{name: arrays[name] for name in _ARRAYS},
        width=content["width"],
        local=LocalStage(
            means=tuple(levels(index, "mean") for index in networks),
            directions=tuple(levels(index, "directions") for index in networks),
            frequencies=arrays["frequencies"],
            phases=arrays["phases"],
            coefficients=arrays["coefficients"],
        ),
        calibration=Calibration(
            arrays["calibration"], content["factor95"], content["unit"], content["limit"]
        ),
        focal=content["focal"],
    )
    score = np.inf if content["score"] is None else content["score"]
    return Fit(model, arrays["first"], tuple(arrays["without"]), arrays["blocks"], score)
