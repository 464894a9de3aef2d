from __future__ import annotations

import os
import pickle
import struct
import tracemalloc
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import (
    LEGACY_START,
    STORAGES,
    WRITERS,
    number,
    pickled_dict,
    pickled_tensor,
    text,
    write_state,
    write_zip,
)
from numpy.typing import NDArray

from neardepth.encoders.checkpoint import read_checkpoint
from neardepth.errors import CheckpointError

FORMS = list(WRITERS)


def state() -> dict[str, NDArray[Any]]:
    random = np.random.default_rng(0)
    arrays = {kind: (100 * random.random((2, 3))).astype(kind) for kind in STORAGES}
    return {**arrays, "scalar": np.array(7), "empty": np.empty((0, 3), np.float32)}


@pytest.mark.parametrize("form", FORMS)
def test_every_type_of_number_is_read(tmp_path: Path, form: str) -> None:
    arrays = read_checkpoint(write_state(tmp_path / "all.pth", state(), form))
    assert list(arrays) == list(state())
    for name, expected in state().items():
        np.testing.assert_array_equal(arrays[name], expected, strict=True)


@pytest.mark.parametrize("form", FORMS)
def test_strides_offsets_and_shared_storages_are_honoured(tmp_path: Path, form: str) -> None:
    base = np.arange(60, dtype=np.float32)

    def view(offset: int, shape: list[int], strides: list[int]) -> bytes:
        return pickled_tensor("0", "Float", 60, offset, shape, strides)

    pickle_of_views = pickled_dict(
        {
            "transposed": view(0, [5, 4, 3], [1, 5, 20]),
            "part": view(20, [2, 3], [19, 10]),
            # Any stride may stand along an axis of length 1.
            "odd": view(0, [1, 60, 1, 1], [999, 1, 288, 96]),
        }
    )
    path = WRITERS[form](tmp_path / "views.pth", pickle_of_views, [(base.tobytes(), 60)])
    arrays = read_checkpoint(path)
    cube = base.reshape(3, 4, 5)
    np.testing.assert_array_equal(arrays["transposed"], cube.transpose(2, 1, 0))
    np.testing.assert_array_equal(arrays["part"], [[20, 30, 40], [39, 49, 59]])
    np.testing.assert_array_equal(arrays["odd"].ravel(), base)
    assert np.shares_memory(arrays["transposed"], arrays["odd"])


def test_big_endian_storages_are_turned_round(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32)
    whole = pickled_dict({"x": pickled_tensor("0", "Float", 6, 0, [2, 3], [3, 1])})
    path = write_zip(tmp_path / "x.pth", whole, [(values.astype(">f4").tobytes(), 6)], "big")
    np.testing.assert_array_equal(read_checkpoint(path)["x"], values.reshape(2, 3), strict=True)


class _Malicious:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("protocol", range(6))
def test_a_malicious_pickle_is_refused_and_not_run(
    tmp_path: Path, form: str, protocol: int
) -> None:
    target = tmp_path / "run"
    evil = pickle.dumps(OrderedDict(weight=_Malicious(target)), protocol)
    path = WRITERS[form](tmp_path / "evil.pth", evil, [])
    with pytest.raises(CheckpointError, match=r"evil\.pth is not a usable checkpoint") as raised:
        read_checkpoint(path)
    assert not target.exists()
    if protocol >= 2:
        assert "posix.system" in str(raised.value)
    pickle.loads(evil)
    assert target.exists()  # it would have run


@pytest.mark.parametrize(
    "name",
    ["os system", "builtins eval", "builtins getattr", "torch load", "torch._utils _rebuild_x"],
)
def test_only_what_a_state_dict_needs_is_known(tmp_path: Path, name: str) -> None:
    asked = f"c{name.replace(' ', chr(10))}\n".encode() + b"(" + text("x") + b"tR"
    path = write_zip(tmp_path / "x.pth", pickled_dict({"x": asked}), [])
    with pytest.raises(CheckpointError, match="it asks for " + name.replace(" ", r"\.")):
        read_checkpoint(path)


def _tensor_pickle(count: int, offset: int, shape: list[int], strides: list[int]) -> bytes:
    return pickled_dict({"x": pickled_tensor("0", "Float", count, offset, shape, strides)})


MALFORMED = {
    "storage too short": _tensor_pickle(8, 0, [8], [1]),
    "beyond the storage": _tensor_pickle(4, 1, [4], [1]),
    "strides beyond the storage": _tensor_pickle(4, 0, [2, 2], [3, 1]),
    "stride of 0": _tensor_pickle(4, 0, [1 << 40], [0]),
    "overflowing shape": _tensor_pickle(4, 0, [0, 1 << 62, 1 << 62], [1, 1, 1]),
    "overflowing offset": _tensor_pickle(4, 1 << 62, [1], [1]),
    "negative": _tensor_pickle(4, 0, [-1], [1]),
    "more strides": _tensor_pickle(4, 0, [4], [1, 1]),
    "another kind of thing": pickled_dict({"x": number(3)}),
    "nothing": pickled_dict({}),
    "not a dict": b"\x80\x02]q\x00.",
    "no end": b"\x80\x02]q\x00",
    "empty stack": b"\x80\x02.",
    "pops too much": b"\x80\x02\x86.",
    "no mark": b"\x80\x02t.",
    # A C unpickler makes room for as many entries as the index says.
    "memo index of 4 billion": b"\x80\x02]r\xff\xff\xff\xff.",
    "text of 4 GB": b"\x80\x02X\xff\xff\xff\xff.",
    "bytes of 2⁶³": b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.",
    # Hashing it would overflow the C stack.
    "deep key": b"\x80\x02}" + b")" + 100_000 * b"\x85" + b"Ns.",
    "deep name": b"\x80\x04" + 2 * (b")" + 90_000 * b"\x85") + b"\x93.",
    "endless": b"\x80\x02" + 210_000 * b"N" + b".",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_pickles_are_refused_without_much_memory(
    tmp_path: Path, form: str, what: str
) -> None:
    path = WRITERS[form](tmp_path / "bad.pth", MALFORMED[what], [(bytes(16), 4)])
    tracemalloc.start()
    try:
        with pytest.raises(CheckpointError, match=r"bad\.pth"):
            read_checkpoint(path)
        assert tracemalloc.get_traced_memory()[1] < 100e6
    finally:
        tracemalloc.stop()


def test_a_legacy_storage_that_claims_terabytes_is_refused(tmp_path: Path) -> None:
    path = write_state(tmp_path / "x.pth", {"x": np.zeros(4, np.float32)}, "legacy")
    data = path.read_bytes()
    path.write_bytes(data[:-24] + struct.pack("<q", 1 << 40) + data[-16:])
    with pytest.raises(CheckpointError, match="truncated or damaged"):
        read_checkpoint(path)


def test_compressed_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(50_000_000))
    with pytest.raises(CheckpointError, match="compressed or larger than the file"):
        read_checkpoint(path)


@pytest.mark.parametrize(
    "content", [b"", b"PK\3\4", b"\xff\xd8\xff\xe0", b"<html>", LEGACY_START, bytes(1000)]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"other\.pth is not a PyTorch checkpoint"):
        read_checkpoint(path)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"none\.pth cannot be read: No such file"):
        read_checkpoint(tmp_path / "none.pth")
    with pytest.raises(CheckpointError, match="is not a file"):
        read_checkpoint(tmp_path)


@pytest.mark.filterwarnings("ignore:invalid escape sequence")
@pytest.mark.parametrize("form", FORMS)
def test_mutated_checkpoints_give_arrays_or_a_named_error(tmp_path: Path, form: str) -> None:
    random = np.random.default_rng(0)
    original = write_state(tmp_path / "good.pth", state(), form).read_bytes()
    path = tmp_path / "mutated.pth"
    refused = 0
    for case in range(1000):
        data = bytearray(original)
        if case % 4 == 0:
            del data[random.integers(len(data)) :]
        elif case % 4 == 1:
            start = random.integers(len(data))
            del data[start : start + random.integers(1, 20)]
        else:
            for position in random.integers(len(data), size=random.integers(1, 6)):
                data[position] = random.integers(256)
        path.write_bytes(data)
        try:
            arrays = read_checkpoint(path)
        except CheckpointError:
            refused += 1
        else:
            assert sum(array.nbytes for array in arrays.values()) <= len(arrays) * len(original)
    assert refused > 500
