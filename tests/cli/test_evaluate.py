"""`neardepth evaluate` and `neardepth data` as a user types them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from commandline import TIMEOUT, neardepth
from labelled import write_nyu
from scenes import write_scenes

FAST = ("--method", "knn", "--tiles", "1x1", "--threshold", -1)


@pytest.fixture(scope="module")
def module_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _cache(module_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEARDEPTH_CACHE", str(module_cache))


def results(path: Path) -> list[dict]:
    return json.loads(path.read_text())["results"]


def test_the_official_split_with_every_file_and_again(tmp_path: Path) -> None:
    mat = write_nyu(tmp_path / "nyu", 8, train=[1, 2, 5, 6, 7], test=[3, 4, 8])
    done = neardepth(
        "evaluate", mat, "--protocol", "split", *FAST, "--json", tmp_path / "run.json",
        "--markdown", tmp_path / "run.md", "--csv", tmp_path / "run.csv",
        "--report", tmp_path / "run.png",
    )  # fmt: skip
    assert "nyuv2: 3 images, protocol split, profile paper" in done.stdout
    assert "mean depth map" in done.stdout
    assert "Table I: NYU Depth v2, official split" in done.stdout
    assert "kept in" in done.stderr
    assert [result["count"] for result in results(tmp_path / "run.json")] == [3] * 4
    assert Image.open(tmp_path / "run.png").width == 1650
    assert (tmp_path / "run.md").read_text().count("Table I") == 1
    assert len((tmp_path / "run.csv").read_text().splitlines()) == 5

    again = neardepth("evaluate", "--rerun", tmp_path / "run.json", "--json", tmp_path / "2.json")
    assert f"the figures are those of {tmp_path / 'run.json'}" in again.stdout
    first, second = results(tmp_path / "run.json"), results(tmp_path / "2.json")
    for one, two in zip(first, second, strict=True):
        assert one.pop("wall_time_s") > 0
        assert two.pop("wall_time_s") > 0
        assert one == two


def test_a_changed_figure_is_noticed(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 3)
    path = tmp_path / "run.json"
    neardepth("evaluate", folder, *FAST, "--no-baselines", "--json", path)
    data = json.loads(path.read_text())
    assert len(data["results"]) == 1
    data["results"][0]["measures"]["rmse"]["mean"] += 1e-9
    path.write_text(json.dumps(data))
    assert "are not those of" in neardepth("evaluate", "--rerun", path).stderr


def test_a_pool_of_other_images(tmp_path: Path) -> None:
    neardepth(
        "pool", "build", write_scenes(tmp_path / "site", 5), "-o", tmp_path / "site.pool",
        "--tiles", "1x1",
    )  # fmt: skip
    folder = write_scenes(tmp_path / "new", 3, first=20)
    (folder / "rgb" / "021.jpg").write_bytes(b"no photo")
    done = neardepth(
        "evaluate", folder, "--pool", tmp_path / "site.pool", *FAST, "--k", 2,
        "--json", tmp_path / "run.json", status=1,
    )  # fmt: skip
    assert "new: 2 images, protocol outside" in done.stdout
    assert "no query is in" in done.stderr
    assert "error: new/021" in done.stderr
    assert "1 pairs or files could not be used" in done.stderr
    data = json.loads((tmp_path / "run.json").read_text())
    assert data["failed"][0]["what"] == "new/021"
    assert data["results"][0]["settings"]["k"] == 2


def test_the_real_make3d_pairs(data_dir: Path, tmp_path: Path) -> None:
    done = neardepth(
        "evaluate", data_dir / "make3d-sample", "--profile", "make3d-c2",
        "--json", tmp_path / "run.json", "--report", tmp_path / "run.png",
    )  # fmt: skip
    assert "make3d: 4 images, protocol loo, profile make3d-c2" in done.stdout
    for result in results(tmp_path / "run.json"):
        assert result["count"] == 4
        assert result["missing"] == 0
        assert 0.3 < result["measures"]["c"]["mean"] < 1, "right side up"
        assert 5 < result["measures"]["rmse"]["mean"] < 50


def test_a_real_drive_by_blocks_of_frames(data_dir: Path, tmp_path: Path) -> None:
    real = data_dir / "kitti-drive0005"
    for part, ending in (("rgb", "jpg"), ("depth", "png")):
        (tmp_path / "kitti" / part).mkdir(parents=True)
        for path in sorted((real / part).glob(f"*.{ending}"))[::8]:
            (tmp_path / "kitti" / part / path.name).symlink_to(path)
    neardepth(
        "evaluate", tmp_path / "kitti", "--depth-scale", 256, "--profile", "sparse80",
        "--protocol", "blocks", "--method", "knn", "--tiles", "2x2", "--fill",
        "--json", tmp_path / "run.json",
    )  # fmt: skip
    method, mean, random, nearest = results(tmp_path / "run.json")
    assert method["count"] == 20
    frames = [image["id"] for image in method["images"]]
    for image in method["images"]:
        own, other = frames.index(image["id"]), frames.index(image["best_neighbour"])
        assert own // 4 != other // 4, "a frame of its own block"
    assert method["missing"] == mean["missing"] == 0
    for result in (method, mean):
        assert 4 < result["measures"]["rmse"]["mean"] < 10
        assert result["measures"]["rmse"]["mean"] < random["measures"]["rmse"]["mean"]
    assert nearest["encoder_hash"] == method["encoder_hash"]


@pytest.mark.parametrize(
    ("arguments", "says", "status"),
    [
        (["missing"], "missing", 1),
        (["missing.mat"], "there is no such file", 1),
        (["site", "--profile", "eigen"], "choose another profile", 1),
        (["site", "--protocol", "split"], "use 'loo' where there is no split", 2),
        (["site", "--margin", 1], "goes with protocol 'blocks' only", 2),
        (["site", "--method", "knm"], "no method 'knm'", 2),
        (["site", "--pool", "none.pool"], "none.pool does not exist", 1),
        (["--rerun", "none.json"], "none.json does not exist", 1),
        (["site/rgb/000.jpg"], "is a file; a source is a folder", 1),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    says: str,
    status: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_scenes(tmp_path / "site", 2)
    done = neardepth("evaluate", *arguments, status=status)
    error = done.stderr.splitlines()[-1]
    assert error.startswith("error: ")
    assert says in error


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["site", "--rerun", "run.json"],
        ["--rerun", "run.json", "--k", 3],
        ["site", "--profile", "x"],
    ],
)
def test_wrong_usage_exits_with_two(arguments: list[str]) -> None:
    neardepth("evaluate", *arguments, status=2)


def test_a_file_that_cannot_be_written_does_not_lose_the_rest(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 3)
    done = neardepth(
        "evaluate", folder, *FAST, "--csv", tmp_path / "none" / "run.csv",
        "--json", tmp_path / "run.json", "--markdown", tmp_path / "run.md", status=1,
    )  # fmt: skip
    assert "site: 3 images" in done.stdout
    assert "run.csv cannot be written" in done.stderr
    assert (tmp_path / "run.md").exists()


def test_ctrl_c_ends_cleanly_and_is_continued(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    write_scenes(folder, 60, size=(240, 320))
    command = [sys.executable, "-m", "neardepth", "evaluate", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    time.sleep(6)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=TIMEOUT)
    if process.returncode == 0:
        pytest.skip("it was done before it could be interrupted")
    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert "site: 60 images" in neardepth("evaluate", folder, "--no-baselines").stdout


def test_choices_are_those_there_are() -> None:
    from neardepth.cli import evaluate
    from neardepth.evaluation.profiles import PROFILES
    from neardepth.evaluation.protocols import PROTOCOLS

    for choice, known in ((evaluate.Protocol, PROTOCOLS), (evaluate.Profile, PROFILES)):
        literal = get_args(get_args(choice)[0])[0]
        assert set(get_args(literal)) == set(known)


def test_public_sets_are_listed_and_fetched_by_hand(tmp_path: Path) -> None:
    listed = neardepth("data", "list").stdout
    assert "nyuv2" in listed
    assert "make3d" in listed
    done = neardepth(
        "data", "fetch", "nyuv2", "--to", tmp_path / "nyu", "--from-dir", tmp_path, status=1
    )
    assert "splits.mat is missing; fetch it from https://" in done.stderr
    assert "no data set 'kitti'" in neardepth("data", "fetch", "kitti", status=1).stderr


def test_split_and_scenes_of_a_folder(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "site", 6)
    lines = [f"{n:03},{'train' if n < 4 else 'test'},room{n % 2}" for n in range(6)]
    (folder / "pairs.csv").write_text("\n".join(["name,split,scene", *lines]))
    path = tmp_path / "run.json"
    neardepth("evaluate", folder, *FAST, "--protocol", "split", "--json", path)
    assert results(path)[0]["count"] == 2
    neardepth("evaluate", folder, *FAST, "--protocol", "scene-loo", "--json", path)
    for image in results(path)[0]["images"]:
        own, other = (int(image[key][-3:]) for key in ("id", "best_neighbour"))
        assert own % 2 != other % 2
    assert np.isfinite(results(path)[0]["measures"]["rmse"]["mean"])
