"""Damage done to files on purpose, reproducible from a seed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import numpy as np

Generator = np.random.Generator
Mutation = Callable[[bytearray, bytes, Generator], bytearray]


def _flip_bits(data: bytearray, _: bytes, rng: Generator) -> bytearray:
    for place in rng.integers(0, len(data), rng.integers(1, 30)):
        data[place] ^= 1 << int(rng.integers(8))
    return data


def _edit_header(data: bytearray, _: bytes, rng: Generator) -> bytearray:
    for place in rng.integers(0, min(len(data), 200), rng.integers(1, 6)):
        data[place] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.integers(256)]))
    return data


def _edit_length(data: bytearray, _: bytes, rng: Generator) -> bytearray:
    """Overwrite two or four bytes with an extreme number, as lengths and offsets are."""
    width = int(rng.choice([2, 4]))
    place = int(rng.integers(0, max(1, min(len(data) - width, 400))))
    number = int(rng.choice([0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF])) % 256**width
    data[place : place + width] = number.to_bytes(width, str(rng.choice(["little", "big"])))
    return data


def _truncate(data: bytearray, _: bytes, rng: Generator) -> bytearray:
    return data[: int(rng.integers(0, len(data)))]


def _blank(data: bytearray, _: bytes, rng: Generator) -> bytearray:
    start, end = sorted(rng.integers(0, len(data), 2))
    data[start:end] = bytes([int(rng.choice([0, 255]))]) * int(end - start)
    return data


def _remove(data: bytearray, _: bytes, rng: Generator) -> bytearray:
    start = int(rng.integers(0, len(data)))
    del data[start : start + int(rng.integers(1, 200))]
    return data


def _repeat(data: bytearray, _: bytes, rng: Generator) -> bytearray:
    start, place = (int(v) for v in rng.integers(0, len(data), 2))
    data[place:place] = data[start : start + 300]
    return data


def _splice(data: bytearray, other: bytes, rng: Generator) -> bytearray:
    return data[: int(rng.integers(0, len(data)))] + other[int(rng.integers(0, len(other))) :]


MUTATIONS: tuple[Mutation, ...] = (
    _flip_bits,
    _edit_header,
    _edit_length,
    _truncate,
    _blank,
    _remove,
    _repeat,
    _splice,
)


def damaged(data: bytes, other: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield ``count`` damaged copies of ``data``; splices take their rest from ``other``."""
    for case in range(count):
        rng = np.random.default_rng((seed, case))
        result = bytearray(data)
        for _ in range(int(rng.integers(1, 3))):
            if result:
                result = MUTATIONS[(case + int(rng.integers(2))) % len(MUTATIONS)](
                    result, other, rng
                )
        changed = bytes(result)
        # Half of the PNGs get right checksums again, or nothing behind those would be tested.
        yield with_checksums(changed) if case % 2 else changed


def with_checksums(data: bytes) -> bytes:
    """Correct the checksum of each PNG chunk; other data is returned as it is."""
    if not data.startswith(b"\x89PNG"):
        return data
    fixed, at = bytearray(data), 8
    while at + 12 <= len(fixed):
        end = at + 12 + int.from_bytes(fixed[at : at + 4], "big")
        if end > len(fixed):
            break
        fixed[end - 4 : end] = zlib.crc32(fixed[at + 4 : end - 4]).to_bytes(4, "big")
        at = end
    return bytes(fixed)
