"""Networks built from registered weights, kept so that they are built once."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path

from neardepth.encoders.checkpoint import read_checkpoint
from neardepth.encoders.registry import EncoderSpec
from neardepth.encoders.weights import cache_folder, obtain_weights
from neardepth.errors import CheckpointError, EncoderError
from neardepth.imaging.files import replacing

BUILDER_VERSION = 2
"""Raised whenever the same weights give another graph."""


def graph_path(spec: EncoderSpec) -> Path:
    """Return where the built network of these weights is kept."""
    return cache_folder() / "graphs" / f"{spec.name}-{spec.sha256[:16]}-{BUILDER_VERSION}.graph"


def load_graph(spec: EncoderSpec) -> tuple[bytes, str]:
    """Return a registered network, built now or from the cache, and its weights' hash.

    A damaged cached network is built anew; where the cache cannot be written, nothing is kept.

    Returns:
        The ONNX model, serialised, and the SHA-256 of the weights file in hex.

    Raises:
        EncoderError: the weights are not available.
        CheckpointError: the weights file does not fit.
    """
    path = graph_path(spec)
    cached = _read(path)
    if cached is not None:
        return cached
    weights, weights_hash = obtain_weights(spec)
    state = read_checkpoint(weights)
    try:
        model: bytes = spec.build(state, spec.name).SerializeToString()
    except CheckpointError as error:
        raise CheckpointError(f"{weights}: {error}") from error
    with suppress(OSError, EncoderError):
        _write(path, model, weights_hash)
    return model, weights_hash


# A file is the SHA-256 of all that follows, the SHA-256 of the weights, and the ONNX model.


def _read(path: Path) -> tuple[bytes, str] | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if hashlib.sha256(memoryview(data)[32:]).digest() != data[:32]:
        return None
    return data[64:], data[32:64].hex()


def _write(path: Path, model: bytes, weights_hash: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = bytes.fromhex(weights_hash) + model
    with replacing(path, EncoderError) as temporary:
        temporary.write_bytes(hashlib.sha256(content).digest() + content)
