"""The command line as a user types it, in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commandline import TIMEOUT, neardepth
from neardepth.imaging.depthmaps import read_depth
from scenes import scene, write_scenes


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_scenes(folder / "site", 6)
    built = neardepth("pool", "build", folder / "site", "-o", folder / "site.pool")
    assert "6 pairs added" in built.stdout
    Image.fromarray(scene(50)[0]).save(folder / "room.jpg", quality=95)
    return folder


def test_build_estimate_explain_from_end_to_end(site: Path, tmp_path: Path) -> None:
    pool = site / "site.pool"
    done = neardepth("estimate", site / "room.jpg", "--pool", pool, "-o", tmp_path, "--npz")
    assert " m, " in done.stdout
    depth = read_depth(tmp_path / "room.depth.png")
    assert depth.shape == (96, 128)
    assert 0.5 < np.nanmedian(depth) < 8
    sidecar = json.loads((tmp_path / "room.depth.json").read_text())
    assert sidecar["unit"] == "metre"
    assert len(sidecar["neighbours"]) == 8
    arrays = np.load(tmp_path / "room.npz")
    np.testing.assert_allclose(arrays["depth"], depth, atol=0.0006)
    assert Image.open(tmp_path / "room.preview.png").width > 128

    panel = tmp_path / "panel.png"
    done = neardepth("explain", site / "room.jpg", "--pool", pool, "-o", panel, "--k", 2)
    assert done.stdout.count("correlation") == 2
    assert Image.open(panel).width > 400


def test_every_step_can_be_set(site: Path, tmp_path: Path) -> None:
    neardepth(
        "estimate", site / "room.jpg", "--pool", site / "site.pool", "-o", tmp_path,
        "--method", "knn", "--k", 3, "--threshold", -1, "--tiles", "2x3",
        "--fusion", "weighted-median",
        "--refine", "guided", "--fill", "--threads", 1, "--encoder", "efficientnet-lite0",
    )  # fmt: skip
    method = json.loads((tmp_path / "room.depth.json").read_text())["method"]
    assert (method["k"], method["threshold"], method["tiles"]) == (3, -1, [2, 3])
    assert (method["fusion"], method["refine"]) == ("weighted-median", "guided")
    assert method["encoder"]["name"] == "efficientnet-lite0"
    assert "efficientnet-lite0, 2x3 tiles" in neardepth("pool", "info", site / "site.pool").stdout


def test_a_batch_names_what_failed_and_does_the_rest(site: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes((site / "room.jpg").read_bytes())
    (photos / "b.jpg").write_bytes((site / "room.jpg").read_bytes()[:500])
    (photos / "c.jpg").write_bytes((site / "room.jpg").read_bytes())
    done = neardepth(
        "estimate", photos, tmp_path / "d.jpg", "--pool", site / "site.pool",
        "-o", tmp_path / "out", status=1,
    )  # fmt: skip
    assert "b.jpg" in done.stderr
    assert "d.jpg" in done.stderr
    assert "2 of 4 photos failed" in done.stderr
    names = {path.name for path in (tmp_path / "out").glob("*.depth.png")}
    assert names == {"a.depth.png", "c.depth.png"}


def test_photos_of_one_name_keep_their_own_results(site: Path, tmp_path: Path) -> None:
    for folder, seed in (("x", 1), ("y", 2)):
        (tmp_path / folder).mkdir()
        Image.fromarray(scene(seed)[0]).save(tmp_path / folder / "room.jpg")
    Image.fromarray(scene(3)[0]).save(tmp_path / "x" / "room-2.jpg")
    photos = [tmp_path / name for name in ("x/room.jpg", "y/room.jpg", "x/room-2.jpg")]
    neardepth("estimate", *photos, "--pool", site / "site.pool", "-o", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").glob("*.depth.png")}
    assert names == {"room.depth.png", "room-2.depth.png", "room-2-2.depth.png"}


def test_results_and_hidden_files_in_a_folder_are_no_photos(site: Path, tmp_path: Path) -> None:
    (tmp_path / "room.jpg").write_bytes((site / "room.jpg").read_bytes())
    (tmp_path / "._room.jpg").write_bytes(b"not a photo")
    for _ in range(2):
        done = neardepth("estimate", tmp_path, "--pool", site / "site.pool", "-o", tmp_path)
        assert done.stdout.count("→") == 1


def test_a_console_without_our_characters_gets_a_question_mark(site: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "neardepth", "estimate", site / "room.jpg"]
    command += ["--pool", site / "site.pool", "-o", tmp_path]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert b" m, " in done.stdout


def test_pool_is_looked_after_from_the_command_line(tmp_path: Path) -> None:
    pool = tmp_path / "p.pool"
    write_scenes(tmp_path / "p", 2)
    write_scenes(tmp_path / "more", 2, first=7)
    (tmp_path / "more" / "rgb" / "lonely.jpg").write_bytes(b"")
    neardepth("pool", "build", tmp_path / "p", "-o", pool, "--tiles", "1x1")
    done = neardepth("pool", "add", pool, tmp_path / "more", status=1)
    assert "lonely" in done.stderr
    assert "2 pairs added" in done.stdout
    write_scenes(tmp_path / "single", 1, first=20)
    single = tmp_path / "single"
    neardepth(
        "pool", "add", pool, "--rgb", single / "rgb/020.jpg", "--depth", single / "depth/020.png",
        "--name", "extra",
    )  # fmt: skip
    neardepth("pool", "remove", pool, "more/007")
    assert "4 (" in neardepth("pool", "info", pool).stdout
    neardepth("pool", "encode", pool, "--tiles", "2x2")
    assert "nothing wrong" in neardepth("pool", "check", pool).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["estimate", "x.jpg", "--pool", "missing.pool"], "missing.pool does not exist"),
        (["estimate", 300 * "x" + ".jpg", "--pool", "missing.pool"], "name too long"),
        (["pool", "build", "missing", "-o", "new.pool"], "missing"),
        (["pool", "info", "."], "is not a pool"),
    ],
)
def test_errors_are_one_line_that_names_the_file(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = neardepth(*arguments, status=1)
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["estimate"],
        ["estimate", "x.jpg", "--pool", "p", "--tiles", "four"],
        ["estimate", "x.jpg", "--pool", "p", "--tiles", "²x4"],
        ["pool", "encode", "p", "--method", "papre"],
        ["nothing"],
    ],
)
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    neardepth(*arguments, status=2)


def test_help_shows_examples_and_lists_are_there() -> None:
    assert "estimate" in neardepth("--help").stdout
    assert "--pool site.pool" in neardepth("estimate", "--help").stdout
    assert "default" in neardepth("methods").stdout
    assert "resnet50" in neardepth("encoders", "list").stdout


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "sys.argv = ['neardepth', '--help']\n"
        "from neardepth.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'onnxruntime', 'lance', 'pyarrow', 'PIL'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=TIMEOUT)
