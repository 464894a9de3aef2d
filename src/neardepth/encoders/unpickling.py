"""A reader for the pickles inside PyTorch checkpoints, which runs no code from them.

`pickle.Unpickler` is a virtual machine that can call any Python function, and even a restricted
one can be made to exhaust memory or the stack by a file of a few bytes. This one knows only the
opcodes and the few names that ``torch.save(state_dict)`` writes, and refuses everything else.
The opcodes are described in `pickletools`.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from typing import IO, Any, NamedTuple

import numpy as np

from neardepth.errors import CheckpointError

MAX_OPCODES = 200_000  # a state dict takes some thirty a tensor
_STORAGES = {
    "Double": "<f8",
    "Float": "<f4",
    "Half": "<f2",
    "Long": "<i8",
    "Int": "<i4",
    "Short": "<i2",
    "Char": "<i1",
    "Byte": "<u1",
    "Bool": "<?",
    "ComplexFloat": "<c8",
    "ComplexDouble": "<c16",
}


class Storage(NamedTuple):
    """A run of numbers that tensors are cut from; its bytes stand elsewhere in the checkpoint."""

    key: str
    dtype: np.dtype[Any]
    length: int


class Tensor(NamedTuple):
    """Where a tensor's elements lie in its storage; offset and strides count elements."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def unpickle(file: IO[bytes]) -> Any:
    """Read one pickle, leaving the file behind its end.

    Returns:
        Plain data: dicts, lists, tuples, text, numbers, `Tensor`.

    Raises:
        CheckpointError: the pickle asks for anything that a state dict does not need.
        ValueError, IndexError, KeyError, TypeError: the pickle is malformed.
    """
    machine = _Machine()
    for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if count > MAX_OPCODES:
            raise CheckpointError("its pickle is far longer than that of any state dict")
        if opcode.name == "STOP":
            return machine.stack.pop()
        machine.step(opcode.name, argument)
    raise ValueError("pickle without an end")


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _PUSH:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name in _NEW:
            self.stack.append(_NEW[name]())
        elif name in _TUPLES:
            self.stack.append(tuple(self.pop(_TUPLES[name])))
        elif name in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if name == "MEMOIZE" else argument] = self.stack[-1]
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        elif name not in ("PROTO", "FRAME"):
            raise CheckpointError(f"its pickle uses {name}, which no state dict needs")

    def pop(self, count: int) -> list[Any]:
        items = self.stack[len(self.stack) - count :]
        if len(items) != count:
            raise IndexError("pickle takes more than there is")
        del self.stack[len(self.stack) - count :]
        return items

    def pop_to_mark(self) -> list[Any]:
        return self.pop(len(self.stack) - self.marks.pop())

    def set_items(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise TypeError("items for something that is not a dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            # Only text and numbers: hashing a deeply nested tuple overflows the C stack.
            if type(key) not in (str, int):
                raise TypeError("a key that is neither text nor a number")
            target[key] = value

    def append_items(self, items: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise TypeError("elements for something that is not a list")
        self.stack[-1].extend(items)

    def drop_attributes(self) -> None:
        """Leave out what a state dict carries beside its tensors (``_metadata``)."""
        self.pop(1)

    def call(self) -> None:
        function, arguments = self.pop(2)
        if function not in _FUNCTIONS.values():
            raise TypeError("a call of something that is not a function")
        self.stack.append(function(*arguments))

    def storage(self) -> None:
        (record,) = self.pop(1)
        kind, dtype, key, _device, count, *view = record
        whole = kind == "storage" and not any(view)
        if not (whole and type(dtype) is _StorageType and type(key) is str and _is_size(count)):
            raise TypeError("not a storage")
        self.stack.append(Storage(key, np.dtype(dtype.code), count))


class _StorageType(NamedTuple):
    code: str


def _is_size(value: object) -> bool:
    return type(value) is int and value >= 0


def _empty_dict() -> dict[Any, Any]:
    return {}


def _rebuild_tensor(
    storage: Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> Tensor:
    if type(storage) is not Storage or type(shape) is not tuple or type(strides) is not tuple:
        raise TypeError("not a tensor")
    if not all(map(_is_size, (offset, *shape, *strides))) or len(shape) != len(strides):
        raise TypeError("not a tensor's shape")
    return Tensor(storage, offset, shape, strides)


def _rebuild_parameter(data: Tensor, *_: object) -> Tensor:
    return data


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "collections OrderedDict": _empty_dict,
    "torch._utils _rebuild_tensor_v2": _rebuild_tensor,
    "torch._utils _rebuild_parameter": _rebuild_parameter,
}
_NAMES: dict[str, Any] = {
    **_FUNCTIONS,
    **{f"torch {name}Storage": _StorageType(code) for name, code in _STORAGES.items()},
}


def _find(name: str) -> Any:
    if name not in _NAMES:
        dotted = name.replace(" ", ".")[:80]
        raise CheckpointError(f"it asks for {dotted}, which no state dict of arrays needs")
    return _NAMES[name]


_PUSH = {
    *("BININT", "BININT1", "BININT2", "LONG1"),
    *("BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_NEW: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list}
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.pop_to_mark())),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "APPEND": lambda machine, _: machine.append_items(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.append_items(machine.pop_to_mark()),
    "GLOBAL": lambda machine, name: machine.stack.append(_find(name)),
    "STACK_GLOBAL": lambda machine, _: machine.stack.append(_find("{} {}".format(*machine.pop(2)))),
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.drop_attributes(),
    "BINPERSID": lambda machine, _: machine.storage(),
}
