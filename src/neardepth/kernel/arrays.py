"""Named arrays and plain data in one safetensors file, with a checksum: nothing in it ever runs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neardepth.errors import NearDepthError
from neardepth.imaging.files import replacing

Arrays = dict[str, NDArray[Any]]


def write_arrays(
    path: Path, kind: str, arrays: Arrays, content: Mapping[str, Any], error: type[NearDepthError]
) -> None:
    """Write whole or not at all; of equal contents the files are equal, byte by byte.

    Args:
        path: the file.
        kind: what it holds; asked for again by `read_arrays`.
        arrays: any types that NumPy names.
        content: what JSON can hold.
        error: raised where it cannot be written.
    """
    from safetensors.numpy import save

    whole = {name: np.ascontiguousarray(arrays[name]) for name in sorted(arrays)}
    text = json.dumps({**content, "checksum": _checksum(whole, content)}, sort_keys=True)
    # Not by safetensors' own writer: its errors have no common base, its files are private.
    data = save(whole, {kind: text})
    with replacing(path, error) as temporary:
        temporary.write_bytes(data)


def read_arrays(path: Path, kind: str) -> tuple[Arrays, dict[str, Any]]:
    """Read arrays and plain data, the checksum of the arrays with it.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is damaged or of another kind.
    """
    from safetensors import safe_open

    with path.open("rb"):  # for errors that say what is wrong
        pass
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in sorted(file.keys())}
    except Exception as cause:  # safetensors' errors have no common base
        raise ValueError(str(cause)) from cause
    if kind not in metadata:
        raise ValueError("it holds something else")
    content: dict[str, Any] = json.loads(metadata[kind])
    facts = {name: value for name, value in content.items() if name != "checksum"}
    if content["checksum"] != _checksum(arrays, facts):
        raise ValueError("its checksum is wrong")
    return arrays, content


def _checksum(arrays: Arrays, content: Mapping[str, Any]) -> int:
    total = zlib.crc32(json.dumps(content, sort_keys=True).encode())
    for name, values in arrays.items():
        total = zlib.crc32(values.data if values.flags.c_contiguous else values.tobytes(), total)
        total = zlib.crc32(name.encode(), total)
    return total
