"""PyTorch checkpoints (.pth) read without PyTorch and without running code from them."""

from __future__ import annotations

import io
import math
import os
import stat
import zipfile
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neardepth.encoders.unpickling import Tensor, unpickle
from neardepth.errors import CheckpointError

MAX_BYTES = 2 << 30
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Read a state dict that ``torch.save`` wrote, in the zip or the older format.

    Args:
        path: the file, at most 2 GiB.

    Returns:
        Arrays by name, read-only, as views of the storages they share.

    Raises:
        CheckpointError: the file is missing, damaged, or asks for anything but arrays. Nothing
            that the file names is ever imported or called.
    """
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise CheckpointError(f"{path} is not a file")
        if status.st_size > MAX_BYTES:
            raise CheckpointError(f"{path} is larger than any network NearDepth knows (2 GiB)")
        data = Path(path).read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return _read_zip(data) if data.startswith(b"PK\3\4") else _read_legacy(data)
    except CheckpointError as error:
        raise CheckpointError(f"{path} is not a usable checkpoint: {error}") from error
    except Exception as error:  # whatever zipfile, pickletools or numpy make of damaged bytes
        raise CheckpointError(
            f"{path} is not a PyTorch checkpoint, or it is truncated or damaged; fetch it anew"
        ) from error


def _read_zip(data: bytes) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (pickle_name,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        folder = pickle_name.removesuffix("data.pkl")
        # Members may overlap, so that together they claim more than the file holds.
        budget = len(data)

        def read(name: str) -> bytes:
            nonlocal budget
            entry = archive.getinfo(folder + name)
            budget -= entry.file_size
            if entry.compress_type != zipfile.ZIP_STORED or budget < 0:
                raise CheckpointError("its parts are compressed or larger than the file")
            return archive.read(entry)

        has_order = f"{folder}byteorder" in archive.namelist()
        is_big = has_order and read("byteorder") == b"big"
        tensors = _tensors(unpickle(io.BytesIO(read("data.pkl"))))
        storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        contents = {key: memoryview(read(f"data/{key}")) for key in storages}
    order: Literal["<", ">"] = ">" if is_big else "<"
    return {name: _array(tensor, contents, order) for name, tensor in tensors.items()}


def _read_legacy(data: bytes) -> dict[str, NDArray[Any]]:
    file = io.BytesIO(data)
    if unpickle(file) != _LEGACY_MAGIC or unpickle(file) != _LEGACY_PROTOCOL:
        raise ValueError("not a checkpoint")
    unpickle(file)  # about the machine that wrote it; storages are little-endian whatever it says
    tensors = _tensors(unpickle(file))
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    keys = unpickle(file)
    view, position = memoryview(data), file.tell()
    contents = {}
    for key in keys:
        start = position + 8
        if int.from_bytes(view[position:start], "little") != storages[key].length:
            raise ValueError("storage of another length than declared")
        position = start + storages[key].length * storages[key].dtype.itemsize
        contents[key] = view[start:position]
    return {name: _array(tensor, contents, "<") for name, tensor in tensors.items()}


def _tensors(state: object) -> dict[str, Tensor]:
    if not isinstance(state, dict) or not state:
        raise CheckpointError("it holds no state dict")
    for name, tensor in state.items():
        if not (isinstance(name, str) and isinstance(tensor, Tensor)):
            raise CheckpointError(f"{str(name)[:80]!r} in it is not an array with a name")
    return state


def _array(
    tensor: Tensor, contents: dict[str, memoryview], order: Literal["<", ">"]
) -> NDArray[Any]:
    storage = tensor.storage
    content, itemsize = contents[storage.key], storage.dtype.itemsize
    if len(content) != storage.length * itemsize:
        raise ValueError("storage of another length than declared")
    # Strides of 0 would let a few bytes stand for terabytes.
    if math.prod(tensor.shape) > storage.length:
        raise ValueError("tensor larger than its storage")
    # PyTorch writes any stride along an axis of length 1.
    strides = [
        stride * itemsize if length > 1 else 0
        for length, stride in zip(tensor.shape, tensor.strides, strict=True)
    ]
    array: NDArray[Any] = np.ndarray(
        tensor.shape,
        storage.dtype.newbyteorder(order),
        content,
        tensor.offset * itemsize,
        strides,
    )  # checks that every element lies within the content
    return array if order == "<" else array.astype(storage.dtype)
