"""A fitted model as a file of its own: what a pool knows, without its pictures.

Plain arrays in safetensors format, the largest ones in 8 bits a number with a scale for each
column. The images' weights do not bear that: they are large numbers that cancel out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders import Encoder
from neardepth.errors import EncoderError, ModelError
from neardepth.kernel.arrays import Arrays, read_arrays, write_arrays
from neardepth.kernel.model import KernelModel
from neardepth.kernel.plain import DIRECTIONS, assembled, parts_of
from neardepth.pool.views import ViewDescriber

KIND = "neardepth_model"
FORMAT = 3

MODELS = Path(__file__).resolve().parent.parent / "models"
"""Folder of the models that ship with the package."""

_HALVES = ("centres", "photos", "weights", "mean")


@dataclass(frozen=True, eq=False)
class SharedModel:
    """A model with what is known of the photos it was fitted on."""

    name: str
    model: KernelModel
    encoders: tuple[str, ...]
    """Names of the networks."""
    fingerprints: tuple[str, ...]
    """`ViewDescriber.fingerprint` of each: another version of a network gives other numbers."""
    ids: tuple[str, ...]
    """Of the photos it was fitted on."""
    hashes: tuple[str, ...]
    """SHA-256 of each one's file."""
    facts: Mapping[str, Any]
    """Origin and terms, for people."""
    depth_kind: str = "z"
    """What its depth measures, as a pool records it."""
    digest: str = ""
    """Of the file it was read from; changes with the model's numbers."""

    @cached_property
    def seen(self) -> frozenset[str]:
        """SHA-256 of the photos that it was fitted on."""
        return frozenset(self.hashes)

    def check(self, encoders: Sequence[Encoder]) -> None:
        """Make sure that these are the networks that the model was fitted with.

        Raises:
            EncoderError: they are not.
        """
        names = tuple(encoder.name for encoder in encoders)
        found = tuple(ViewDescriber(encoder).fingerprint for encoder in encoders)
        if found != self.fingerprints:
            wanted = "+".join(self.encoders)
            other = "other weights or another version of them" if names == self.encoders else names
            raise EncoderError(
                f"model {self.name} was fitted with {wanted}, not with {other}: choose the method "
                "that uses it, or `--prior none` and a pool"
            )


def save_model(path: Path, shared: SharedModel) -> None:
    """Write a model whole or not at all; of equal models the files are equal, byte by byte.

    Raises:
        ModelError: it cannot be written.
    """
    model = shared.model
    arrays, content = parts_of(model)
    arrays |= {
        "owners": model.owners.astype(np.int32),
        "known": model.known,
        "image_weights": model.image_weights,
    }
    for name in _HALVES:
        with np.errstate(over="ignore"):
            arrays[name] = getattr(model, name).astype(np.float16)
        if not np.isfinite(arrays[name]).all():
            raise ModelError(f"{path}: no model can be made of photos that hardly differ")
    arrays["basis"] = model.basis.maps.astype(np.float16)
    for index, projection in enumerate(model.projections):
        for name in DIRECTIONS:
            arrays |= _to_bytes(f"{index}.{name}", getattr(projection, name))
    content |= {
        "format": FORMAT,
        "name": shared.name,
        "encoders": shared.encoders,
        "fingerprints": shared.fingerprints,
        "ids": shared.ids,
        "hashes": shared.hashes,
        "facts": shared.facts,
        "depth_kind": shared.depth_kind,
    }
    write_arrays(path, KIND, arrays, content, ModelError)


def load_model(source: str | os.PathLike[str]) -> SharedModel:
    """Read a model: the name of one that ships with the package, or a file.

    Raises:
        ModelError: it is missing, damaged or of another version.
    """
    path = MODELS / f"{source}.safetensors" if str(source) in shipped_models() else Path(source)
    try:
        if not path.is_file():
            known = ", ".join(shipped_models())
            raise ModelError(f"there is no model '{source}': give a file, or one of {known}")
        arrays, content = read_arrays(path, KIND)
        if content["format"] != FORMAT:
            raise ModelError(f"{path} was written by another version of NearDepth: export anew")
        return _shared(arrays, content)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged ({error}); install or export it anew") from error


def shipped_models() -> list[str]:
    """Return the names of the models that ship with the package."""
    return sorted(file.stem for file in MODELS.glob("*.safetensors"))


def _shared(arrays: Arrays, content: dict[str, Any]) -> SharedModel:
    networks = range(len(content["encoders"]))
    model = assembled(
        arrays,
        content,
        [
            {name: _from_bytes(arrays, f"{index}.{name}") for name in DIRECTIONS}
            for index in networks
        ],
        image_weights=arrays["image_weights"],
        photos=arrays["photos"],
        **{name: arrays[name].astype(np.float32) for name in ("centres", "weights", "mean")},
        owners=arrays["owners"].astype(np.intp),
        known=arrays["known"],
    )
    return SharedModel(
        content["name"],
        model,
        tuple(content["encoders"]),
        tuple(content["fingerprints"]),
        tuple(content["ids"]),
        tuple(content["hashes"]),
        content["facts"],
        content["depth_kind"],
        f"{content['checksum']:08x}",
    )


def _to_bytes(name: str, values: NDArray[Any]) -> Arrays:
    """Round to 255 levels, one scale a column."""
    values = values.astype(np.float32)
    scale = np.maximum(np.abs(values).max(axis=0, keepdims=True), 1e-30) / 127
    return {name: np.round(values / scale).astype(np.int8), f"{name}.scale": scale}


def _from_bytes(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[np.float32]:
    return np.asarray(arrays[name] * arrays[f"{name}.scale"], np.float32)
