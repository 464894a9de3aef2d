"""`neardepth cloud` and `neardepth stereo` as a user types them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commandline import neardepth
from scenes import scene

pytest.importorskip("trimesh")
pytest.importorskip("laspy")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("3d")
    photo, depth = scene(5)
    Image.fromarray(photo).save(folder / "room.jpg", quality=95)
    Image.fromarray((depth * 1000).astype(np.uint16)).save(folder / "room-mm.png")
    return folder


def test_a_cloud_is_estimated_and_written(room: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "room.ply"
    done = neardepth("cloud", room / "room.jpg", "-o", out, "--method", "kernel-fast", "--fov", 60)
    assert "12288 points" in done.stdout
    assert "y up" in done.stdout
    assert "60.0 degrees across (given)" in done.stderr
    header = out.read_bytes().partition(b"end_header")[0].decode()
    assert "60.0 degrees across (given)" in header
    assert "element vertex 12288" in header


def test_a_mesh_of_existing_depth_is_written_and_the_guess_is_loud(
    room: Path, tmp_path: Path
) -> None:
    files = ["--depth", room / "room-mm.png"]
    done = neardepth("cloud", room / "room.jpg", *files, "-o", tmp_path / "m.glb", "--mesh")
    assert "triangles" in done.stdout
    assert "warning: room.jpg" in done.stderr
    assert "55 degrees across" in done.stderr
    assert (tmp_path / "m.glb").read_bytes().startswith(b"glTF")
    done = neardepth("cloud", room / "room.jpg", *files, "-o", tmp_path, "--format", "las")
    assert "z up" in done.stdout
    assert (tmp_path / "room.las").read_bytes().startswith(b"LASF")


def test_stereo_pictures_are_named_by_layout(room: Path, tmp_path: Path) -> None:
    done = neardepth(
        "stereo", room / "room.jpg", "--depth", room / "room-mm.png", "-o", tmp_path / "s",
        "--layout", "full-sbs", "--layout", "half-tb", "--layout", "separate",
        "--max-disparity", 3, "--convergence", 2, "--keep", "left",
    )  # fmt: skip
    assert "screen at 2.00 m" in done.stdout
    names = {path.name for path in (tmp_path / "s").iterdir()}
    assert names == {
        "room_LRF_Full_SBS.png", "room_TB_Half_OU.png", "room_L.png", "room_R.png",
    }  # fmt: skip
    both = Image.open(tmp_path / "s" / "room_LRF_Full_SBS.png")
    assert both.size == (256, 96)
    assert "camera: fx" in both.info["Comment"]
    photo = np.asarray(Image.open(room / "room.jpg"))
    assert np.array_equal(np.asarray(both)[:, :128], photo)
    assert Image.open(tmp_path / "s" / "room_TB_Half_OU.png").size == (128, 96)


def test_stereo_overwrites_no_photo_and_takes_none_of_its_own(room: Path, tmp_path: Path) -> None:
    (tmp_path / "room.jpg").write_bytes((room / "room.jpg").read_bytes())
    Image.fromarray(scene(6)[0]).save(tmp_path / "room_L.png")  # somebody's photo
    before = (tmp_path / "room_L.png").read_bytes()
    fast = ["-o", tmp_path, "--method", "kernel-fast"]
    done = neardepth("stereo", tmp_path, *fast, "--layout", "separate", status=2)
    assert "room_L.png would be written and is one of the inputs" in done.stderr
    assert len(list(tmp_path.iterdir())) == 2
    for _ in range(2):
        done = neardepth("stereo", tmp_path, *fast)
        assert {path.name for path in tmp_path.iterdir()} == {
            "room.jpg", "room_L.png", "room_LRF_Full_SBS.png", "room_L_LRF_Full_SBS.png",
        }  # fmt: skip
    assert (tmp_path / "room_L.png").read_bytes() == before


def test_a_batch_names_what_failed_and_does_the_rest(room: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes((room / "room.jpg").read_bytes()[:500])
    (photos / "b.jpg").write_bytes((room / "room.jpg").read_bytes())
    done = neardepth(
        "stereo", photos, "-o", tmp_path / "s", "--method", "kernel-fast",
        "--layout", "anaglyph-dubois", status=1,
    )  # fmt: skip
    assert "a.jpg" in done.stderr
    assert "1 of 2 photos failed" in done.stderr
    assert [path.name for path in (tmp_path / "s").iterdir()] == ["b_redcyan_dubois.png"]


def test_methods_of_tiles_take_the_focal_length_for_3d(room: Path, tmp_path: Path) -> None:
    done = neardepth(
        "cloud", room / "room.jpg", "-o", tmp_path / "a.ply", "--pool", "rooms", "--method", "knn",
        "--focal-px", 150,
    )  # fmt: skip
    assert "fx 150" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["cloud", "a.jpg", "-o", "a.xyz"],
        ["cloud", "a.jpg", "-o", "a.las", "--mesh"],
        ["cloud", "a.jpg", "b.jpg", "-o", "a.ply"],
        ["cloud", "a.jpg", "-o", "a.ply", "--edge", "0.1"],
        ["cloud", "a.jpg", "-o", "out", "--format", "stl"],
        ["cloud", "a.jpg", "-o", "a.ply", "--format", "obj"],
        ["cloud", "a.jpg", "b.jpg", "--depth", "d.png"],
        ["cloud", "a.jpg", "--depth", "d.png", "--pool", "rooms"],
        ["stereo", "a.jpg", "--depth-kind", "ray"],
        ["stereo", "a.jpg", "--layout", "sideways"],
        ["stereo", "a.jpg", "--eye-distance", "63", "--max-disparity", "2"],
        ["stereo", "a.jpg", "--screen-width", "1"],
        ["stereo", "a.jpg", "--max-disparity", "-1"],
        ["stereo", "a.jpg", "--keep", "both"],
        ["stereo", "a.jpg", "--resume"],
        ["stereo", "a.mp4", "--depth-kind", "ray"],
        ["stereo", "a.mp4", "b.jpg"],
        ["stereo", "a.mp4", "--screen-width", "1"],
        ["video", "a.mp4", "--keep", "left"],
        ["video", "a.mp4", "--eye-distance", "63"],
        ["video", "a.mp4", "--max-disparity", "2"],
        ["video", "a.mp4", "--convergence", "2"],
    ],
)
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    neardepth(*arguments, status=2)


def test_errors_name_the_file(room: Path, tmp_path: Path) -> None:
    done = neardepth("cloud", room / "room.jpg", "--depth", tmp_path / "no.png", status=1)
    assert "no.png does not exist" in done.stderr
    (tmp_path / "plain").touch()
    done = neardepth("cloud", room / "room.jpg", "-o", tmp_path / "plain", status=2)
    assert "plain is a file: name a folder" in " ".join(done.stderr.replace("│", "").split())
    done = neardepth(
        "cloud",
        room / "room.jpg",
        "--depth",
        room / "room-mm.png",
        "-o",
        "/proc/no/a.ply",
        status=1,
    )
    assert "/proc/no" in done.stderr


def test_help_shows_examples() -> None:
    assert "--depth room.depth.png" in neardepth("cloud", "--help").stdout
    assert "--screen-width 1.2" in neardepth("stereo", "--help").stdout
