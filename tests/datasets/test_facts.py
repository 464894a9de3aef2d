"""`pairs.csv` beside rgb/ and depth/: good ones, and every way to get one wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from neardepth.datasets import open_source
from neardepth.errors import PoolError
from neardepth.pool import build_pool
from scenes import write_scenes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_scenes(tmp_path / "site", 4)


def write(folder: Path, text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    (folder / "pairs.csv").write_bytes(data)


def test_split_scene_and_intrinsics_reach_the_pairs(folder: Path) -> None:
    write(
        folder,
        "\ufeffname, split, scene, fx, fy, cx, cy\r\n"
        '000,train,"hall, north",100,101,63.5,47.5\r\n'
        "\r\n"
        "002,test,,,,,\r\n"
        "001,val,attic,100,101,63.5,47.5\r\n",
    )
    source = open_source(folder)
    assert source.problems == ()
    pairs = [ref.load() for ref in source.pairs]
    assert [pair.split for pair in pairs] == ["train", "val", "test", None]
    assert [pair.scene for pair in pairs] == ["hall, north", "attic", None, None]
    camera = pairs[0].intrinsics
    assert camera is not None
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (100, 101, 63.5, 47.5)
    assert pairs[2].intrinsics is None


def test_only_the_name_is_needed_and_a_line_for_nothing_is_named(folder: Path) -> None:
    write(folder, "scene,name\nattic,003\nattic,004\n")
    source = open_source(folder)
    assert source.pairs[3].load().scene == "attic"
    ((_, why),) = source.problems
    assert why.endswith("pairs.csv, line 3: no pair is named '004'")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("\n\n", "line 1: the columns must be name and any of split, scene"),
        ("split\ntrain\n", "line 1: the columns must be name"),
        ("name,colour\n000,red\n", "line 1: .* not name, colour"),
        ("name,name\n000,000\n", "line 1: the columns must be name"),
        ("name,scene\n000\n", "line 2: 1 values for 2 columns"),
        ("name,scene\n000,a\n,b\n", "line 3: the name is missing"),
        ("name,scene\n000,a\n\n000,b\n", "line 4: '000' is in line 2 already"),
        ("name,split\n000,Train\n", "line 2: split must be one of train, val, test, not 'Train'"),
        ("name,fx,fy,cx,cy\n000,1,2,3,x\n", "line 2: fx, fy, cx and cy must be four numbers"),
        ("name,fx\n000,100\n", "line 2: fx, fy, cx and cy must be four numbers or none"),
        ("name,fx,fy,cx,cy\n000,-1,2,3,4\n", "line 2: fx and fy must be above 0"),
        ("name,fx,fy,cx,cy\n000,1,2,3,nan\n", "line 2: fx and fy must be above 0"),
        ('name\n"000\n', r"is no comma-separated UTF-8 text"),
        (b"name\n\xff\n", r"is no comma-separated UTF-8 text"),
    ],
)
def test_errors_name_file_and_line(folder: Path, text: str | bytes, says: str) -> None:
    write(folder, text)
    with pytest.raises(PoolError, match=rf"pairs\.csv.*{says}"):
        open_source(folder)


def test_a_pool_does_not_go_on_with_another_table(folder: Path, tmp_path: Path) -> None:
    from neardepth.encoders import load_encoder

    encoder = load_encoder("efficientnet-lite0")
    write(folder, "name,split\n000,train\n")
    build_pool(open_source(folder), tmp_path / "a.pool", encoder, (1, 1))
    build_pool(open_source(folder), tmp_path / "a.pool", encoder, (1, 1))
    write(folder, "name,split\n000,test\n")
    with pytest.raises(PoolError, match="was built from site with"):
        build_pool(open_source(folder), tmp_path / "a.pool", encoder, (1, 1))
