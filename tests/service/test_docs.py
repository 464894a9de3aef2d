"""The commands and the Python of docs/service.md, run as they stand there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from services import METHOD, Live, make_pool, running

from neardepth.imaging.depthmaps import read_depth
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from scenes import scene

TEXT = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")


def block(language: str, live: Live) -> str:
    """A block of the page, with the port of the service under test."""
    found = re.search(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    assert found
    return found[1].replace("http://127.0.0.1:8000", live.address)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, Path]]:
    folder = tmp_path_factory.mktemp("docs")
    photo, depth = scene(70)
    Image.fromarray(photo).save(folder / "room.jpg", quality=95)
    Image.fromarray((depth * 1000).astype(np.uint16)).save(folder / "room.png")
    with running(create_app(Catalogue([make_pool(folder, count=6)]), method=METHOD)) as live:
        yield live, folder


def test_every_curl_command_works(own: tuple[Live, Path]) -> None:
    live, folder = own
    answers = []
    for line in block("sh", live).strip().splitlines():
        command = line.replace("curl ", "curl -sS --fail-with-body ", 1)
        done = subprocess.run(
            command, shell=True, cwd=folder, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
        answers.append(done.stdout)
    assert len(answers) == 7
    assert json.loads(answers[0])["summary"]["unit"] == "metre"
    np.testing.assert_equal(read_depth(folder / "depth.png").shape, (96, 128))
    assert read_depth(folder / "depth.npz").shape == (96, 128)
    assert (folder / "room.glb").read_bytes().startswith(b"glTF")
    assert Image.open(folder / "stereo.png").size == (128, 96)
    assert json.loads(answers[6])["added"] is True


def test_the_python_works(own: tuple[Live, Path]) -> None:
    live, folder = own
    done = subprocess.run(
        [sys.executable, "-c", block("python", live)],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "unsure: " in done.stdout
    assert read_depth(folder / "room.exr").shape == (96, 128)
