"""A result checks itself, explains itself and is saved whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from neardepth.errors import DepthMapError
from neardepth.imaging.depthmaps import read_depth
from neardepth.imaging.intrinsics import Intrinsics
from neardepth.imaging.panels import preview
from neardepth.imaging.photos import Photo
from neardepth.result import DepthResult, Neighbour


def result(height: int = 60, width: int = 80, neighbours: int = 4, **changes: Any) -> DepthResult:
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (height, width, 3), np.uint8)
    depth = np.linspace(1, 4, height * width, dtype=np.float32).reshape(height, width)
    fused = depth.copy()
    fused[:10, :10] = np.nan
    kept = max(1, neighbours // 2)
    values = {
        "photo": Photo(photo, "room 1.jpg"),
        "depth": depth,
        "fused": fused,
        "uncertainty": np.full((height, width), 0.2, np.float32),
        "neighbours": tuple(
            Neighbour(f"set/{i:04d}", 0.8 - 0.05 * i, 1 / kept if i < kept else 0.0, i < kept)
            for i in range(neighbours)
        ),
        "low_confidence": False,
        "method": {"name": "paper", "threshold": 0.5, "k": np.int64(4), "tiles": (4, 4)},
        "pool": {"path": Path("/data/rooms.pool"), "version": 2},
        "evidence": lambda: [(photo, depth)] * neighbours,
        "filled": np.isnan(fused),
        "intrinsics": Intrinsics(70.0, 70.0, 39.5, 29.5, "EXIF FocalLengthIn35mmFilm"),
    }
    return DepthResult(**{**values, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"depth": np.ones((60, 80), np.float64)},
        {"fused": np.ones((30, 40), np.float32)},
        {"uncertainty": np.ones((60, 80, 1), np.float32)},
        {"filled": np.zeros((60, 80), np.uint8)},
        {"neighbours": 0},
    ],
)
def test_wrong_parts_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"of shape|at least one"):
        result(**changes)


def test_save_writes_what_reads_back(tmp_path: Path) -> None:
    pytest.importorskip("OpenEXR")
    made = result()
    paths = made.save(tmp_path / "new" / "folder", npz=True, exr=True)
    assert [path.name for path in paths] == [
        "room 1.depth.png",
        "room 1.preview.png",
        "room 1.npz",
        "room 1.exr",
        "room 1.depth.json",
    ]
    assert sorted(paths) == sorted((tmp_path / "new" / "folder").iterdir())
    np.testing.assert_allclose(read_depth(paths[0]), made.depth, atol=0.0005001)
    for path in paths[2:4]:
        assert np.array_equal(read_depth(path), made.depth)
    with np.load(paths[2]) as arrays:
        assert np.array_equal(arrays["fused"], made.fused, equal_nan=True)
        assert np.array_equal(arrays["filled"], made.filled)
        assert json.loads(str(arrays["json"])) == json.loads(paths[-1].read_text())


def test_sidecar_says_unit_and_evidence(tmp_path: Path) -> None:
    paths = result().save(tmp_path, "answer", preview=False)
    assert [path.name for path in paths] == ["answer.depth.png", "answer.depth.json"]
    sidecar = json.loads(paths[-1].read_text(encoding="utf-8"))
    assert sidecar["unit"] == "metre"
    assert sidecar["depth_png"] == {
        "file": "answer.depth.png",
        "metres_per_count": 0.001,
        "unknown_count": 0,
    }
    assert sidecar["photo"] == {"name": "room 1.jpg", "width": 80, "height": 60}
    assert sidecar["depth"] == {
        "min": 1.0,
        "median": 2.5,
        "max": 4.0,
        "known_share": 1.0,
        "filled_share": round(100 / 4800, 4),
    }
    assert sidecar["neighbours"][0]["id"] == "set/0000"
    assert sum(neighbour["weight"] for neighbour in sidecar["neighbours"]) == 1
    assert sidecar["intrinsics"]["origin"] == "EXIF FocalLengthIn35mmFilm"
    assert sidecar["method"]["tiles"] == [4, 4]
    assert sidecar["pool"] == {"path": "/data/rooms.pool", "version": 2}


def test_nothing_known_is_still_saved(tmp_path: Path) -> None:
    unknown = np.full((60, 80), np.nan, np.float32)
    made = result(depth=unknown, fused=unknown, uncertainty=unknown, intrinsics=None, filled=None)
    sidecar = json.loads(made.save(tmp_path)[-1].read_text())
    assert sidecar["depth"] == {"min": None, "median": None, "max": None, "known_share": 0.0}
    assert sidecar["intrinsics"] is None


def test_unwritable_places_are_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(DepthMapError, match=r"file cannot be made: File exists"):
        result().save(file)
    with pytest.raises(DepthMapError, match="cannot be made"):
        result().save(file / "below")
    with pytest.raises(DepthMapError, match="cannot be made"):
        result().save("/proc/results")


def test_a_photo_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    made = result(photo=Photo(result().photo.image, "../../up.jpg"))
    assert {path.parent for path in made.save(tmp_path, preview=False)} == {tmp_path}


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((64, 64), (640, 640)),
        ((32, 2000), (20, 1280)),
        ((3000, 4000), (960, 1280)),
        ((1600, 400), (1280, 320)),
    ],
)
def test_previews_have_a_legible_size(shape: tuple[int, int], size: tuple[int, int]) -> None:
    depth = np.linspace(1, 5, shape[0] * shape[1], dtype=np.float32).reshape(shape)
    picture = preview(depth)
    assert picture.width == size[1] + 3 * 20 + 24 + 84
    assert picture.height == max(size[0], 160) + 40
    assert len(picture.getcolors(1 << 24) or []) > 200


@pytest.mark.parametrize("neighbours", [1, 2, 4, 5, 12])
@pytest.mark.parametrize("shape", [(60, 80), (80, 60), (32, 300)])
def test_explanation_shows_rows_of_neighbours(neighbours: int, shape: tuple[int, int]) -> None:
    picture = result(*shape, neighbours=neighbours).explain()
    assert picture.mode == "RGB"
    cell = round(380 * min(max(shape[0] / shape[1], 0.3), 1.6))
    rows = min(2, -(-neighbours // 4))
    assert picture.height == 40 + 84 + 34 + cell + 60 + 34 + rows * (2 * cell + 96)


def test_low_confidence_is_written_on_the_panel() -> None:
    plain = np.asarray(result().explain())
    warned = np.asarray(result(low_confidence=True).explain())
    assert warned.shape[0] == plain.shape[0] + 32
    assert (warned == (176, 84, 0)).all(-1)[:140].any()
    assert not (plain == (176, 84, 0)).all(-1)[:140].any()


def test_dropped_neighbours_are_paler_than_kept_ones() -> None:
    made = result(neighbours=1)
    dropped = replace(made, neighbours=(replace(made.neighbours[0], kept=False),))
    assert np.asarray(dropped.explain()).mean() > np.asarray(made.explain()).mean()


def test_evidence_is_only_asked_for_when_explaining() -> None:
    def fail() -> Any:
        raise AssertionError("the pool was read")

    made = result(evidence=fail)
    assert isinstance(made.preview(), Image.Image)
    with pytest.raises(AssertionError, match="the pool was read"):
        made.explain()


def test_one_neighbour_has_no_uncertainty() -> None:
    unknown = np.full((60, 80), np.nan, np.float32)
    assert result(uncertainty=unknown, neighbours=1).explain().width == 1804


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    made = result(photo=Photo(result().photo.image, "r\udcff\udce9.jpg"))
    paths = made.save(tmp_path, npz=True)
    sidecar = json.loads(paths[-1].read_bytes())
    assert sidecar["photo"]["name"] == "r\udcff\udce9.jpg"
    with np.load(paths[2]) as arrays:
        assert json.loads(str(arrays["json"])) == sidecar
    made.save_explanation(tmp_path / "r\udcff.png")
    assert Image.open(tmp_path / "r\udcff.png").format == "PNG"


def test_explanation_is_a_png_in_a_new_folder(tmp_path: Path) -> None:
    for name in ("panel.jpg", "panel"):
        with pytest.raises(DepthMapError, match=f"{name} cannot be written: the picture is a PNG"):
            result().save_explanation(tmp_path / name)
    result().save_explanation(tmp_path / "new" / "folder" / "panel.PNG")
    assert Image.open(tmp_path / "new" / "folder" / "panel.PNG").format == "PNG"


def test_statistics_of_a_large_map() -> None:
    depth = np.linspace(1, 4, 4000 * 5000, dtype=np.float32).reshape(4000, 5000)
    depth[:1000] = np.nan
    photo = Photo(np.zeros((4000, 5000, 3), np.uint8), "large.jpg")
    maps = {"depth": depth, "fused": depth, "uncertainty": depth, "filled": None}
    statistics = result(photo=photo, **maps).summary()["depth"]
    assert statistics == {
        "min": pytest.approx(1.75, abs=1e-3),
        "median": pytest.approx(2.875, abs=0.01),
        "max": 4.0,
        "known_share": 0.75,
    }
