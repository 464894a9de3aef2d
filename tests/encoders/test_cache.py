from __future__ import annotations

import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from checkpoints import photo_tiles, resnet50_state, write_state

from neardepth.encoders import load_encoder
from neardepth.encoders.cache import graph_path, load_graph
from neardepth.encoders.loading import load_registered
from neardepth.encoders.registry import ENCODERS, EncoderSpec
from neardepth.errors import CheckpointError


@pytest.fixture
def spec(cache: Path) -> EncoderSpec:
    """A narrow resnet50 whose weights stand in the cache as if they had been downloaded."""
    folder = cache / "weights"
    folder.mkdir(parents=True)
    path = write_state(folder / "resnet50-0676ba61.pth", resnet50_state(width=8), "zip")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return replace(ENCODERS["resnet50"], dim=256, sha256=digest[:8], url="http://127.0.0.1:9/")


def test_a_network_is_built_once_and_then_read(spec: EncoderSpec, cache: Path) -> None:
    built = load_registered(spec)
    assert built.dim == 256
    assert built.source == built.name == "resnet50"
    (cache / "weights" / spec.file).unlink()  # no longer needed
    cached = load_registered(spec)
    assert cached.info() == built.info()
    tiles = photo_tiles(224, 224)
    np.testing.assert_array_equal(cached(tiles), built(tiles))
    assert [path.name for path in (cache / "graphs").iterdir()] == [graph_path(spec).name]


@pytest.mark.parametrize("damage", ["truncated", "empty", "changed", "folder"])
def test_a_damaged_network_is_built_anew(spec: EncoderSpec, damage: str) -> None:
    expected = load_graph(spec)
    path = graph_path(spec)
    data = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    else:
        changed = data[:1000] + bytes([data[1000] ^ 1]) + data[1001:]
        path.write_bytes({"truncated": data[:-1], "empty": b"", "changed": changed}[damage])
    assert load_graph(spec) == expected
    if damage != "folder":
        assert path.read_bytes() == data


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEARDEPTH_CACHE", str(tmp_path / "file"))
    assert load_encoder("efficientnet-lite0").dim == 1280


def test_several_at_once_do_not_disturb_each_other(spec: EncoderSpec) -> None:
    with ThreadPoolExecutor(3) as pool:
        graphs = list(pool.map(load_graph, 3 * [spec]))
    assert graphs[0] == graphs[1] == graphs[2]


def test_weights_of_another_network_are_refused(spec: EncoderSpec, cache: Path) -> None:
    path = write_state(cache / "weights" / spec.file, {"fc.weight": np.ones((2, 2), np.float32)})
    other = replace(spec, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(CheckpointError, match=r"pth: .* not one of resnet50: conv1"):
        load_graph(other)


def test_loading_from_the_cache_is_quick(shared_cache: Path) -> None:
    load_encoder("efficientnet-lite0")
    start = time.perf_counter()
    load_encoder("efficientnet-lite0")
    assert time.perf_counter() - start < 0.3
