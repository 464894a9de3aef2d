"""Reading ahead."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from neardepth.pool.pipeline import read_ahead


def test_what_came_before_a_source_fails_is_not_lost() -> None:
    def numbers() -> Iterator[int]:
        yield from range(5)
        raise RuntimeError("the camera is gone")

    stream = read_ahead(lambda number: number * number, numbers(), 4)
    for number in range(5):
        assert next(stream) == (number, number * number)
    with pytest.raises(RuntimeError, match="the camera is gone"):
        next(stream)
