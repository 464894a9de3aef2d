"""ONNX Runtime sessions: opened with clear errors, and looked over before use."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import EncoderError

# ONNX Runtime records facts about the machine in the home folder unless told otherwise before it
# is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime


def open_session(
    model: Path | bytes, label: str, threads: int | None, providers: Sequence[str] | None
) -> onnxruntime.InferenceSession:
    """Open an ONNX network.

    Args:
        model: its file or its bytes.
        label: what to call it in messages.
        threads: threads that work on one run; None leaves the number to ONNX Runtime.
        providers: execution providers, best first; None means the CPU.

    Raises:
        EncoderError: the network is damaged, or a provider is not available.
    """
    if threads is not None and threads < 1:
        raise EncoderError(f"an encoder runs on at least 1 thread, not {threads}")
    chosen = ["CPUExecutionProvider"] if providers is None else list(providers)
    available = onnxruntime.get_available_providers()
    for provider in chosen:
        if provider not in available:
            raise EncoderError(
                f"this ONNX Runtime has no provider '{provider}'; it has {', '.join(available)}"
            )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or 0
    # Threads that wait for work in a loop take the cores from those that prepare the next tiles.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # errors are raised, and told once
    try:
        session = onnxruntime.InferenceSession(
            model if isinstance(model, bytes) else str(model), options, providers=chosen
        )
    except Exception as error:  # ONNX Runtime's errors have no common base
        raise EncoderError(f"{label} is not a usable ONNX network: {_first_line(error)}") from error
    if chosen and session.get_providers()[0] != chosen[0]:
        raise EncoderError(
            f"ONNX Runtime could not start '{chosen[0]}' for {label} and would run it on "
            f"'{session.get_providers()[0]}'; check that provider's libraries"
        )
    return session


@dataclass(frozen=True)
class Signature:
    """What a network takes and gives; None where the graph leaves a length open."""

    input: str
    output: str
    batch: int | None
    size: tuple[int | None, int | None]
    """Height and width, pixels."""
    dim: int | None
    maps: Mapping[str, int]
    """Channels of each output that is a map, N×C×h×w."""


def signature(session: onnxruntime.InferenceSession, label: str) -> Signature:
    """Look up what a network takes and gives.

    Raises:
        EncoderError: it is not from images (N×3×H×W) to features (N×D or N×D×h×w), float32; says
            what was found.
    """
    inputs, output = session.get_inputs(), session.get_outputs()[0]
    given = inputs[0].shape
    if len(inputs) != 1 or not _is_float(inputs[0]) or len(given) != 4 or _length(given[1]) != 3:
        raise EncoderError(
            f"{label}: an encoder takes one input, float32 N×3×H×W, but this network takes "
            + ", ".join(map(_say, inputs))
        )
    if not _is_float(output) or len(output.shape) not in (0, 2, 4):  # 0: the graph does not say
        raise EncoderError(
            f"{label}: an encoder's first output is float32 N×D or N×D×h×w, but this network "
            f"gives {_say(output)}"
        )
    return Signature(
        input=inputs[0].name,
        output=output.name,
        batch=_length(given[0]),
        size=(_length(given[2]), _length(given[3])),
        dim=_length(output.shape[1]) if output.shape else None,
        maps={
            o.name: channels
            for o in session.get_outputs()
            if _is_float(o) and len(o.shape) == 4 and (channels := _length(o.shape[1]))
        },
    )


def infer(
    session: onnxruntime.InferenceSession, names: Signature, x: NDArray[np.float32], label: str
) -> NDArray[np.float32]:
    """Run a network once and average its output over h and w.

    Returns:
        N×D, float32.

    Raises:
        EncoderError: the network does not fit the input, or gives something else.
    """
    features = _run(session, [names.output], {names.input: x}, label)[0]
    fits = features.ndim in (2, 4) and names.dim in (None, features.shape[1])
    if not fits or len(features) != len(x):
        raise EncoderError(f"{label} gives {features.shape} for {x.shape}, not N×D or N×D×h×w")
    features = features.mean(axis=(2, 3)) if features.ndim == 4 else features
    if not np.isfinite(features).all():
        raise EncoderError(f"{label} gives features that are not finite: its weights are damaged")
    return features


def infer_maps(
    session: onnxruntime.InferenceSession,
    names: Signature,
    wanted: Sequence[str],
    x: NDArray[np.float32],
    label: str,
) -> dict[str, NDArray[np.float32]]:
    """Run a network once and return some of its maps, each N×C×h×w.

    Raises:
        EncoderError: the network does not fit the input, or its maps are not finite.
    """
    maps = _run(session, list(wanted), {names.input: x}, label)
    if not all(np.isfinite(values.sum()) for values in maps):
        raise EncoderError(f"{label} gives maps that are not finite: its weights are damaged")
    return dict(zip(wanted, maps, strict=True))


def _run(
    session: onnxruntime.InferenceSession, outputs: list[str], inputs: dict[str, Any], label: str
) -> list[NDArray[np.float32]]:
    try:
        results: list[NDArray[np.float32]] = session.run(outputs, inputs)
    except Exception as error:  # ONNX Runtime's errors have no common base
        shape = next(iter(inputs.values())).shape
        raise EncoderError(f"{label} cannot be run on {shape}: {_first_line(error)}") from error
    return results


def _length(side: int | str | None) -> int | None:
    return side if isinstance(side, int) else None


def _is_float(value: Any) -> bool:
    return bool(value.type == "tensor(float)")


def _say(value: Any) -> str:
    shape = "×".join("?" if side is None else str(side) for side in value.shape)
    return f"'{value.name}' {value.type} {shape}"


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]
