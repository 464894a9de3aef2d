"""Files are read and written whole, and every failure names the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from neardepth.errors import DepthMapError
from neardepth.imaging.files import printable, read_file, replacing, write_file


def test_below_an_unreadable_folder(
    open_dir: Path, unprivileged: Callable[[], AbstractContextManager[None]]
) -> None:
    closed = open_dir / "closed"
    closed.mkdir(mode=0o700)
    with unprivileged(), pytest.raises(DepthMapError, match=r"d.png cannot be written: Permission"):
        write_file(closed / "d.png", b"x", DepthMapError)


@pytest.mark.parametrize("name", ["n" * 300, "nul\0.png"])
def test_impossible_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(DepthMapError, match="cannot be written"):
        write_file(tmp_path / name, b"x", DepthMapError)
    with pytest.raises(DepthMapError, match="cannot be read"):
        read_file(tmp_path / name, DepthMapError)


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "ü" * 125 + ".png", "\udcff" * 251 + ".png"])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    with replacing(tmp_path / name, DepthMapError) as temporary:
        temporary.write_bytes(b"x")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert read_file(tmp_path / name, DepthMapError) == b"x"


def test_printable_json_stays_loadable() -> None:
    text = json.dumps("ü\udcff.jpg", ensure_ascii=False)
    assert json.loads(printable(text).encode()) == "ü\udcff.jpg"
