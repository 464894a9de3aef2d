"""The pool of rendered rooms: complete, exact to the geometry it was made of, and left as it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from commandline import neardepth
from neardepth import DepthEstimator
from neardepth.pool import open_pool
from neardepth.pool.shipped import FOLDER

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "rooms"


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache for this module: the pool is made anew in it."""
    usual = tmp_path_factory.getbasetemp() / "rooms-cache"
    monkeypatch.setenv("NEARDEPTH_CACHE", str(usual))


def scenes(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads((folder / "scenes.json").read_text())
    return found


def test_enough_rooms_and_not_too_large() -> None:
    assert len(list((FOLDER / "rgb").iterdir())) == len(scenes(FOLDER)) >= 300
    assert len(list((EXAMPLES / "rgb").iterdir())) == len(scenes(EXAMPLES)) >= 60
    parts = ("rgb", "depth")
    assert sum(p.stat().st_size for part in parts for p in (FOLDER / part).iterdir()) <= 15e6
    seeds = [{scene["seed"] for scene in scenes(folder)} for folder in (FOLDER, EXAMPLES)]
    assert not seeds[0] & seeds[1]


def points(scene: dict[str, object], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the pixels in the room's coordinates, H×W×3 metres."""
    camera = scene["camera"]
    rows, columns = np.indices(depth.shape)
    rays = np.stack(
        [
            (columns - camera["cx"]) / camera["fx"],  # type: ignore[index]
            (rows - camera["cy"]) / camera["fy"],  # type: ignore[index]
            np.ones(depth.shape),
        ],
        axis=-1,
    )
    pose = np.array(scene["pose"])
    return (rays * depth[..., None]) @ pose[:3, :3].T + pose[:3, 3]


def test_depth_is_that_of_the_rooms_planes() -> None:
    """Floor and walls lie where the plan has them, to the rounding of a millimetre of z."""
    for scene in scenes(EXAMPLES):
        depth = np.asarray(Image.open(EXAMPLES / "depth" / f"{scene['seed']:04}.png")) / 1000.0
        place = points(scene, depth)[depth > 0]
        room = scene["room"]
        size = np.array([room["width"], room["length"], room["height"]])  # type: ignore[index]
        beyond = np.maximum(-place, place - size).max(axis=1)
        # Windows and doors lie in their openings, up to 0.15 m behind the wall.
        assert (beyond < 0.002).mean() > 0.5, scene["seed"]
        assert beyond.max() < 0.4, scene["seed"]
        gaps = np.abs(np.stack([place, place - size]))
        on_a_plane = (gaps < 0.0015).any(axis=(0, 2))
        near_one = (gaps < 0.006).any(axis=(0, 2))
        assert on_a_plane.mean() > 0.05, scene["seed"]
        assert on_a_plane.sum() > 0.6 * near_one.sum(), scene["seed"]


def test_opens_by_its_name_with_descriptors_and_cameras() -> None:
    before = sorted(FOLDER.rglob("*"))
    pool = open_pool("rooms")
    assert len(pool) >= 300
    assert [column.count for column in pool.descriptor_columns()] == [len(pool)]
    assert all(record.intrinsics is not None for record in pool.records.values())
    assert open_pool("rooms").path == pool.path
    assert sorted(FOLDER.rglob("*")) == before


def test_the_papers_steps_find_a_rooms_own_depth() -> None:
    estimator = DepthEstimator("rooms", "knn")
    pool = estimator.pool
    assert pool is not None
    photo = pool.photo(pool.ids[5])
    result = estimator(photo)
    assert result.neighbours[0].id == pool.ids[5]
    assert result.neighbours[0].correlation > 0.99  # 8 bits a number


def test_a_folder_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "320" in neardepth("pool", "info", "rooms").stdout
    (tmp_path / "rooms").mkdir()
    done = neardepth("pool", "info", "rooms", status=1)
    assert "is not a pool" in done.stderr


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEARDEPTH_CACHE", str(tmp_path / "file"))
    done = neardepth("pool", "info", "rooms", status=1)
    assert "NEARDEPTH_CACHE" in done.stderr
