"""Fits as files: plain arrays in safetensors format, never anything that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from neardepth.errors import PoolError
from neardepth.kernel.arrays import Arrays, read_arrays, write_arrays
from neardepth.kernel.fitting import Fit
from neardepth.kernel.plain import DIRECTIONS, assembled, parts_of

KIND = "neardepth_fit"
FORMAT = 8
"""Version of the layout; a file of another one is not read."""

_ARRAYS = ("centres", "owners", "photos", "weights", "mean", "known", "image_weights")


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
    arrays, content = parts_of(model)
    arrays |= {
        "basis": model.basis.maps,
        "first": fit.first,
        "blocks": fit.blocks,
        "novelty": fit.novelty,
        "without": np.stack(fit.without),
        **{name: getattr(model, name) for name in _ARRAYS},
    }
    for index, projection in enumerate(model.projections):  # large, and no worse for it
        for name in DIRECTIONS:
            arrays[f"{index}.{name}"] = getattr(projection, name).astype(np.float16)
    content |= {
        "format": FORMAT,
        "score": fit.score if np.isfinite(fit.score) else None,
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


def _fit(arrays: Arrays, content: dict[str, Any]) -> Fit:
    networks = range(sum(name.endswith(".offset") for name in arrays))
    model = assembled(
        arrays,
        content,
        [
            {name: arrays[f"{index}.{name}"].astype(np.float32) for name in DIRECTIONS}
            for index in networks
        ],
        **{name: arrays[name] for name in _ARRAYS},
    )
    score = np.inf if content["score"] is None else content["score"]
    return Fit(
        model,
        arrays["first"],
        tuple(arrays["without"]),
        arrays["blocks"],
        arrays["novelty"],
        score,
    )
