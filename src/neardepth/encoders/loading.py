"""Loading encoders by name or file, and telling which there are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from neardepth.encoders.cache import graph_path, load_graph
from neardepth.encoders.encoder import Encoder
from neardepth.encoders.handcrafted import HandcraftedEncoder
from neardepth.encoders.network import NetworkEncoder
from neardepth.encoders.preprocessing import Preprocessing
from neardepth.encoders.registry import ENCODERS, EncoderSpec
from neardepth.encoders.weights import obtain_weights, weights_path
from neardepth.errors import EncoderError
from neardepth.steps.handcrafted import HANDCRAFTED, SIZE


def load_encoder(
    name_or_path: str,
    *,
    preprocessing: Preprocessing | None = None,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
) -> Encoder:
    """Load a registered encoder, a hand-made descriptor, or any ONNX network to features.

    Args:
        name_or_path: a name that `list_encoders` gives, or the path of an .onnx file whose input
            is float32 N×3×H×W and whose first output is N×D, or N×D×h×w to be averaged.
        preprocessing: None means the registered one; for FILE.onnx, what FILE.json beside it
            says (``{"size": [H, W], "mean": [r, g, b], "std": [r, g, b]}``), else the graph's
            input size (224×224 where it is open) with ImageNet's mean and deviation. Hand-made
            descriptors have their own.
        threads: threads that work on one run; None leaves the number to ONNX Runtime.
        providers: ONNX Runtime execution providers, best first; None means the CPU.

    Raises:
        EncoderError: no such encoder, its weights are not available, or the network does not
            fit; another encoder is never taken instead.
        CheckpointError: the weights file is not one of that network.
    """
    if name_or_path.lower().endswith(".onnx"):
        return _load_file(Path(name_or_path), preprocessing, threads, providers)
    if name_or_path in HANDCRAFTED:
        return HandcraftedEncoder(name_or_path)
    return load_registered(
        _find(name_or_path), preprocessing=preprocessing, threads=threads, providers=providers
    )


def load_registered(
    spec: EncoderSpec,
    *,
    preprocessing: Preprocessing | None = None,
    threads: int | None = None,
    providers: Sequence[str] | None = None,
) -> Encoder:
    """Load the encoder that ``spec`` describes; otherwise as `load_encoder`."""
    model, weights_hash = load_graph(spec)
    return NetworkEncoder(
        model,
        name=spec.name,
        weights_hash=weights_hash,
        source=spec.name,
        preprocessing=preprocessing or spec.preprocessing,
        threads=threads,
        providers=providers,
    )


@dataclass(frozen=True)
class EncoderListing:
    """A registered encoder or a hand-made descriptor, for people."""

    name: str
    dim: int
    """Length of a tile's feature vector."""
    size: tuple[int, int]
    """Height and width of the input, pixels."""
    licence: str
    """Licence of the weights."""
    megabytes: int
    """Size of the weights file; 0 where there are none."""
    origin: str
    """Address or package that the weights come from."""
    available: bool
    """Whether it can be used now without a network connection."""


def list_encoders() -> list[EncoderListing]:
    """Return every registered encoder and whether it is available now."""
    networks = [
        EncoderListing(
            name=spec.name,
            dim=spec.dim,
            size=spec.preprocessing.size,
            licence=spec.licence,
            megabytes=spec.megabytes,
            origin=spec.origin,
            available=_is_available(spec),
        )
        for spec in ENCODERS.values()
    ]
    return networks + [
        EncoderListing(name, dim, SIZE, "none needed", 0, "computed", available=True)
        for name, (_, dim) in HANDCRAFTED.items()
    ]


def fetch(name: str) -> Path:
    """Make sure that the weights of a registered encoder are here and sound.

    Returns:
        The weights file.

    Raises:
        EncoderError: no such encoder, or its weights cannot be fetched; says what to do.
    """
    if name in HANDCRAFTED:
        raise EncoderError(f"{name} has no weights: there is nothing to fetch")
    return obtain_weights(_find(name))[0]


def _find(name: str) -> EncoderSpec:
    try:
        return ENCODERS[name]
    except KeyError:
        raise EncoderError(
            f"there is no encoder '{name}'; there are {', '.join((*ENCODERS, *HANDCRAFTED))}, or "
            "give an .onnx file"
        ) from None


def _is_available(spec: EncoderSpec) -> bool:
    path = weights_path(spec)
    return graph_path(spec).is_file() or (path is not None and path.is_file())


def _load_file(
    path: Path,
    preprocessing: Preprocessing | None,
    threads: int | None,
    providers: Sequence[str] | None,
) -> Encoder:
    digest = hashlib.sha256()
    try:
        digest.update(path.read_bytes())
        # Exporters may put the weights beside the graph, under one of these names.
        for suffix in (".data", "_data"):
            beside = path.with_name(path.name + suffix)
            if beside.is_file():
                digest.update(beside.read_bytes())
    except OSError as error:
        raise EncoderError(f"{path} cannot be read: {error.strerror or error}") from error
    return NetworkEncoder(
        path,
        name=path.stem,
        weights_hash=digest.hexdigest(),
        source=str(path.resolve()),
        preprocessing=preprocessing or _preprocessing_beside(path),
        threads=threads,
        providers=providers,
    )


def _preprocessing_beside(path: Path) -> Preprocessing | None:
    """Read the preprocessing of FILE.onnx from FILE.json, where there is one."""
    description = path.with_suffix(".json")
    if not description.is_file():
        return None
    try:
        return Preprocessing.from_dict(json.loads(description.read_text(encoding="utf-8")))
    except (OSError, ValueError, EncoderError) as error:
        raise EncoderError(
            f'{description} does not describe a preprocessing, such as {{"size": [224, 224], '
            f'"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}}: {error}'
        ) from error
