"""Kills, Ctrl-C, full disks and many processes at once: what is committed stays whole."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from neardepth.datasets import open_source
from neardepth.encoders import Encoder
from neardepth.errors import PoolError
from neardepth.pool import Pool, add_pairs, build_pool, encode_pool, ensure_descriptors
from neardepth.pool.schema import PAIRS_SCHEMA

GRID = (1, 1)
MakePairs = Callable[..., Path]

BUILD = """
import sys
from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.pool import build_pool, pipeline

pipeline.COMMIT_PAIRS, pipeline.TILES_A_RUN = 4, 2
source, encoder = open_source(sys.argv[1]), load_encoder("efficientnet-lite0")
print("ready", flush=True)
build_pool(source, sys.argv[2], encoder, (1, 1), progress=lambda *n: print(*n, flush=True))
"""

# By itself, at the fortieth pair: from outside, a busy machine may be too late.
INTERRUPTED = (
    BUILD.replace("= 4, 2", "= 10_000, 2")
    .replace(
        "build_pool(source,",
        """
import os, signal

def interrupt(done, total):
    if done == 40:
        os.kill(os.getpid(), signal.SIGINT)

build_pool(source,""",
    )
    .replace("lambda *n: print(*n, flush=True)", "interrupt")
)


def start(script: str, *arguments: object) -> subprocess.Popen[str]:
    """Start Python on a script, and wait until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process


def wait_for(process: subprocess.Popen[str], done: int) -> None:
    """Wait until a build has described so many pairs, or ended."""
    assert process.stdout is not None
    for line in process.stdout:
        if int(line.split()[0]) >= done:
            return


def assert_equal(one: Pool, other: Pool) -> None:
    assert one.ids == other.ids
    columns = PAIRS_SCHEMA.names
    assert one.table(columns) == other.table(columns)
    keys = [column.key for column in one.descriptor_columns()]
    assert keys == [column.key for column in other.descriptor_columns()]
    for key in keys:
        assert np.array_equal(one.descriptors(key), other.descriptors(key))


def assert_whole(pool: Pool) -> None:
    """Every pair that shows can be read, and has its descriptor."""
    for pair_id in pool.ids:
        pool.entry(pair_id)
        pool.depth(pair_id)
    if len(pool):
        (column,) = pool.descriptor_columns()
        assert np.isfinite(pool.descriptors(column.key)).all()


@pytest.mark.slow
def test_kill_9_at_twenty_moments_of_a_build(
    make_pairs: MakePairs, tmp_path: Path, encoder: Encoder
) -> None:
    folder = make_pairs(60)
    build_pool(open_source(folder), tmp_path / "whole.pool", encoder, GRID)
    whole = Pool.open(tmp_path / "whole.pool")
    rng = random.Random(0)
    kept: list[str] = []
    sizes = []
    for moment in range(20):
        path = tmp_path / ("resumed.pool" if moment < 10 else f"{moment}.pool")
        process = start(BUILD, folder, path)
        # Ten kills of one pool, each a little further; then seven of new ones while they are
        # being built, and three while they are being created.
        if moment < 17:
            wait_for(process, 6 * moment if moment < 10 else rng.randrange(60))
        time.sleep(rng.uniform(0, 0.03))
        process.kill()
        process.communicate()
        if not path.exists():
            assert moment >= 10 or not kept
            continue
        pool = Pool.open(path)
        assert_whole(pool)
        sizes.append(len(pool))
        if moment < 10:
            assert set(kept) <= set(pool.ids)
            kept = pool.ids
        else:
            shutil.copytree(path, tmp_path / "again.pool")
            build_pool(open_source(folder), tmp_path / "again.pool", encoder, GRID)
            assert_equal(Pool.open(tmp_path / "again.pool"), whole)
            shutil.rmtree(tmp_path / "again.pool")
    print("pairs there at each kill:", sizes)
    assert any(0 < count < 60 for count in sizes)
    build_pool(open_source(folder), tmp_path / "resumed.pool", encoder, GRID)
    assert_equal(Pool.open(tmp_path / "resumed.pool"), whole)
    assert not list((tmp_path / "resumed.pool" / "descriptors").glob(".*"))


def test_ctrl_c_commits_what_is_complete_and_the_same_command_resumes(
    make_pairs: MakePairs, tmp_path: Path, encoder: Encoder
) -> None:
    folder = make_pairs(400)
    process = start(INTERRUPTED, folder, tmp_path / "p")
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in errors
    pool = Pool.open(tmp_path / "p")
    assert 32 <= len(pool) < 400
    assert_whole(pool)
    few = open_source(folder)
    report = build_pool(few, tmp_path / "p", encoder, GRID)
    assert (report.added, report.skipped) == (400 - len(pool), len(pool))


def test_two_processes_cannot_build_at_once(
    make_pairs: MakePairs, tmp_path: Path, encoder: Encoder
) -> None:
    folder = make_pairs(400)
    process = start(BUILD, folder, tmp_path / "p")
    while not (tmp_path / "p" / ".lock").exists():
        assert process.poll() is None
        time.sleep(0.005)
    try:
        with pytest.raises(PoolError, match="is being written by another process: wait"):
            add_pairs(tmp_path / "p", open_source(folder))
    finally:
        process.kill()
        process.communicate()
    assert add_pairs(tmp_path / "p", open_source(folder)).failed == ()


READ = """
import sys
import numpy as np
from neardepth.encoders import load_encoder
from neardepth.pool import Pool

pool = Pool.open(sys.argv[1])
key = pool.descriptor_columns()[0].key
depths, rounds, seen = pool.depths(pool.ids), 0, set()
print("ready", flush=True)
while sys.stdin.readline():
    ids = list(pool.ids)
    for old, new in zip(depths, pool.depths(ids), strict=True):
        assert np.array_equal(old, new)
    assert pool.descriptors(key).shape[0] == len(ids)
    newest = Pool.open(sys.argv[1])
    assert newest.descriptors(key).shape[0] == len(newest)
    newest.pair(newest.ids[-1])
    seen.add(len(newest))
    rounds += 1
    print(rounds, len(pool), len(newest), flush=True)
"""


def test_readers_while_a_writer_adds(
    pool: Pool, make_pairs: MakePairs, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from neardepth.pool import pipeline

    monkeypatch.setattr(pipeline, "COMMIT_PAIRS", 2)
    monkeypatch.setattr(pipeline, "TILES_A_RUN", 2)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READ, str(pool.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdin is not None
        assert reader.stdout is not None
        assert reader.stdout.readline().strip() == "ready"
    rounds = 0

    def go(done: int, total: int) -> None:
        nonlocal rounds
        rounds += 1
        for reader in readers:
            assert reader.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # its exit says why
                reader.stdin.write("go\n")
                reader.stdin.flush()

    add_pairs(pool.path, open_source(make_pairs(150, "more", size=(32, 32))), progress=go)
    sizes = set()
    for reader in readers:
        output, errors = reader.communicate("go\n", timeout=60)
        assert reader.returncode == 0, errors
        lines = [tuple(map(int, line.split())) for line in output.splitlines()]
        assert [line[0] for line in lines] == list(range(1, rounds + 2))
        assert {line[1] for line in lines} == {6}
        assert lines[-1][2] == 156
        sizes |= {line[2] for line in lines}
    assert len(sizes) > 2  # the readers really watched it grow


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if os.name != "posix" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False)


def fill(place: Path) -> None:
    with contextlib.suppress(OSError), (place / "filler").open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass


def test_a_full_disk_leaves_whole_what_was_there(
    small_disk: Path, make_pairs: MakePairs, encoder: Encoder, tmp_path: Path
) -> None:
    pool_path = small_disk / "p"
    build_pool(open_source(make_pairs(4)), pool_path, encoder, GRID)
    big = open_source(make_pairs(40, "big", size=(480, 640)))
    with pytest.raises(PoolError, match=r"disk/p/.* cannot be written: no space left on device"):
        add_pairs(pool_path, big)
    pool = Pool.open(pool_path)
    assert_whole(pool)
    assert set(pool.ids) >= {f"site/{index:03d}" for index in range(4)}
    fill(small_disk)
    for _ in range(2):
        with pytest.raises(PoolError, match="no space left on device"):
            encode_pool(pool_path, encoder, (2, 2))
    with pytest.warns(UserWarning, match="computed but not kept") as caught:
        assert ensure_descriptors(pool, encoder, (2, 2)).shape == (len(pool), 4 * 1280)
    assert len(caught) == 1
    assert_whole(Pool.open(pool_path))
    shutil.copytree(pool_path, tmp_path / "roomy")
    few = open_source(tmp_path / "big")
    assert add_pairs(tmp_path / "roomy", few).failed == ()
    assert len(Pool.open(tmp_path / "roomy")) == 44


def test_no_room_for_a_new_pool(small_disk: Path, make_pairs: MakePairs, encoder: Encoder) -> None:
    fill(small_disk)
    with pytest.raises(PoolError, match=r"disk/p.* no space left on device"):
        build_pool(open_source(make_pairs(4)), small_disk / "p", encoder, GRID)
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_a_read_only_disk(small_disk: Path, make_pairs: MakePairs, encoder: Encoder) -> None:
    build_pool(open_source(make_pairs(4)), small_disk / "p", encoder, GRID)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    pool = Pool.open(small_disk / "p")
    assert_whole(pool)
    assert ensure_descriptors(pool, encoder, GRID).shape == (4, 1280)
    with pytest.warns(UserWarning, match="not kept: .*read-only file system") as caught:
        assert ensure_descriptors(pool, encoder, (2, 2)).shape == (4, 4 * 1280)
    assert len(caught) == 1
    for write in (
        lambda: add_pairs(small_disk / "p", open_source(make_pairs(1, "more"))),
        lambda: build_pool(open_source(make_pairs(1, "more")), small_disk / "q", encoder, GRID),
    ):
        with pytest.raises(PoolError, match=r"disk/[pq].* read-only file system"):
            write()
