"""Writes .pth files byte by byte, as torch.save does, and makes state dicts to put into them."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

State = Mapping[str, NDArray[Any]]

STORAGES = {"f8": "Double", "f4": "Float", "f2": "Half", "i8": "Long", "i4": "Int", "i2": "Short"}
STORAGES |= {"i1": "Char", "u1": "Byte", "b1": "Bool"}
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}."


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    if value < 2**31:
        return b"J" + struct.pack("<i", value)
    return b"\x8a\x09" + value.to_bytes(9, "little")


def numbers(values: Iterable[int]) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def pickled_tensor(
    key: str, kind: str, count: int, offset: int, shape: Iterable[int], strides: Iterable[int]
) -> bytes:
    storage = b"(" + text("storage") + f"ctorch\n{kind}Storage\n".encode()
    storage += text(key) + text("cpu") + number(count) + b"NtQ"
    place = number(offset) + numbers(shape) + numbers(strides)
    hooks = b"\x89ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + place + hooks + b"tR"


def pickled_dict(items: Mapping[str, bytes]) -> bytes:
    body = b"".join(text(name) + value for name, value in items.items())
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + body + b"u."


def pickled_state(state: State) -> bytes:
    def tensor(index: int, array: NDArray[Any]) -> bytes:
        kind = STORAGES[array.dtype.str[1:]]
        strides = [step // array.itemsize for step in np.ascontiguousarray(array).strides]
        return pickled_tensor(
            str(index),
            kind,
            array.size,
            0,
            array.shape,
            strides[: array.ndim] if array.ndim else [],
        )

    return pickled_dict({n: tensor(i, array) for i, (n, array) in enumerate(state.items())})


def write_legacy(path: Path, pickle: bytes, contents: Iterable[tuple[bytes, int]]) -> Path:
    """Write storages, as bytes and counts, behind a pickle in the format before PyTorch 1.6."""
    contents = list(contents)
    keys = b"\x80\x02](" + b"".join(text(str(i)) for i in range(len(contents))) + b"e."
    storages = b"".join(struct.pack("<q", count) + data for data, count in contents)
    path.write_bytes(LEGACY_START + pickle + keys + storages)
    return path


def write_zip(
    path: Path, pickle: bytes, contents: Iterable[tuple[bytes, int]], byteorder: str = "little"
) -> Path:
    """Write storages beside a pickle in the format since PyTorch 1.6."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle)
        archive.writestr("archive/byteorder", byteorder)
        for index, (data, _) in enumerate(contents):
            archive.writestr(f"archive/data/{index}", data)
    return path


WRITERS = {"legacy": write_legacy, "zip": write_zip}


def write_state(path: Path, state: State, form: str = "legacy") -> Path:
    contents = [(array.tobytes(), array.size) for array in state.values()]
    return WRITERS[form](path, pickled_state(state), contents)


def resnet50_state(width: int = 64, seed: int = 0) -> dict[str, NDArray[Any]]:
    """Make random weights in torchvision's layout that keep activations near 1.

    Args:
        width: channels after the first convolution; 64 is the real network.
    """
    random = np.random.default_rng(seed)
    state: dict[str, NDArray[Any]] = {}

    def uniform(low: float, high: float, *shape: int) -> NDArray[np.float32]:
        return (low + (high - low) * random.random(shape)).astype(np.float32)

    def layer(name: str, norm: str, inputs: int, outputs: int, kernel: int, gain: float) -> None:
        limit = (6 / (inputs * kernel * kernel)) ** 0.5
        state[f"{name}.weight"] = uniform(-limit, limit, outputs, inputs, kernel, kernel)
        state[f"{norm}.weight"] = uniform(0.7 * gain, 1.3 * gain, outputs)
        state[f"{norm}.bias"] = uniform(-0.2, 0.2, outputs)
        state[f"{norm}.running_mean"] = uniform(-0.2, 0.2, outputs)
        state[f"{norm}.running_var"] = uniform(0.5, 1.5, outputs)
        state[f"{norm}.num_batches_tracked"] = np.array(1, np.int64)

    layer("conv1", "bn1", 3, width, 7, 1)
    inputs = width
    for stage, blocks in enumerate((3, 4, 6, 3)):
        middle = width * 2**stage
        for block in range(blocks):
            name = f"layer{stage + 1}.{block}"
            layer(f"{name}.conv1", f"{name}.bn1", inputs, middle, 1, 1)
            layer(f"{name}.conv2", f"{name}.bn2", middle, middle, 3, 1)
            layer(f"{name}.conv3", f"{name}.bn3", middle, 4 * middle, 1, 0.3)
            if block == 0:
                down = f"{name}.downsample"
                layer(f"{down}.0", f"{down}.1", inputs, 4 * middle, 1, 0.7)
            inputs = 4 * middle
    state["fc.weight"], state["fc.bias"] = uniform(-1, 1, 10, inputs), uniform(-1, 1, 10)
    return state


def photo_tiles(height: int, width: int, count: int = 2) -> NDArray[np.uint8]:
    """Make smooth coloured tiles from whole numbers alone, so that they are the same anywhere."""
    y, x = np.mgrid[:height, :width]
    slopes = [(3, 1, 50), (1, 2, 200), (-2, 3, 0), (5, -1, 90), (1, 1, 10), (-1, 4, 130)]
    channels = [abs((a * x + b * y + c) % 510 - 255) for a, b, c in slopes]
    tiles = [np.stack(channels[i : i + 3], axis=-1) for i in range(count)]
    return np.stack(tiles).astype(np.uint8)
