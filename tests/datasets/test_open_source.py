"""What a path is opened as."""

from __future__ import annotations

from pathlib import Path

import pytest

from labelled import write_nyu
from neardepth.datasets import open_raw_source, open_source
from neardepth.errors import PoolError
from neardepth.imaging.depthmaps import decode_depth
from scenes import write_scenes


def test_a_mat_file_is_nyu(tmp_path: Path) -> None:
    path = write_nyu(tmp_path, 4, train=[1, 2], test=[3, 4])
    plain, raw = open_source(path), open_raw_source(path)
    assert plain.name == "nyuv2"
    assert [ref.id for ref in plain.pairs] == [ref.id for ref in raw.pairs]
    depth, sensed = (
        decode_depth(pair.depth.data, pair.depth.unit, pair.id)
        for pair in (source.pairs[0].load() for source in (plain, raw))
    )
    assert sensed[10, 40] == pytest.approx(depth[10, 40] + 1)


def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path, data_dir: Path) -> None:
    folder = write_scenes(tmp_path / "site", 2)
    assert open_source(folder, name="x").name == "x"
    make3d = open_source(data_dir / "make3d-sample")
    assert make3d.name == "make3d"
    assert {ref.load().depth_kind for ref in make3d.pairs} == {"ray"}
    with pytest.raises(PoolError, match="goes by the name make3d"):
        open_source(data_dir / "make3d-sample", name="x")


def test_sources_without_raw_depth_are_named(tmp_path: Path) -> None:
    with pytest.raises(PoolError, match="site has no raw depth beside the in-painted"):
        open_raw_source(write_scenes(tmp_path / "site", 2))
