from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from neardepth.datasets import fetch as fetch_module
from neardepth.datasets.fetch import (
    DATA_SETS,
    DataSet,
    RemoteFile,
    fetch,
    find_data_set,
    verify,
)
from neardepth.errors import PoolError

CONTENT = bytes(range(256)) * 9000  # 2.3 MB: several blocks


@dataclass
class Server:
    """A web server with files in memory and the faults of real ones."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    stop_after: int | None = None  # bytes of a body, once


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            state.requests.append((self.path, wanted))
            if self.path not in state.files:
                self.send_error(404)
                return
            body = state.files[self.path]
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted else 0
            if start and start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.end_headers()
            stop, state.stop_after = state.stop_after, None
            self.wfile.write(body[start : None if stop is None else start + stop])

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    yield state
    http.shutdown()
    http.server_close()
    thread.join()


def remote_file(server, name="data.bin", content=CONTENT):
    server.files[f"/{name}"] = content
    checksum = hashlib.sha256(content).hexdigest()
    return RemoteFile(name, f"{server.url}/{name}", len(content), checksum)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def without_checks(remote):
    return replace(remote, size=None, sha256=None)


def one_file(remote) -> DataSet:
    def check(source):
        if not source.is_file() or source.read_bytes() != CONTENT:
            raise PoolError(f"{source} is not complete")

    return DataSet("one", "", "", "", (remote,), source=remote.name, check=check)


def test_fetches_a_file(server, tmp_path):
    path = fetch(one_file(remote_file(server)), tmp_path / "new")
    assert path.read_bytes() == CONTENT
    assert names(tmp_path / "new") == ["data.bin"]


@pytest.mark.parametrize("prepare", [lambda remote: remote, without_checks])
def test_resumes_where_it_stopped(server, tmp_path, prepare):
    data_set = one_file(prepare(remote_file(server)))
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:1_500_000])
    server.stop_after = 500_000
    assert fetch(data_set, tmp_path).read_bytes() == CONTENT
    starts = [int(wanted.strip("bytes=-")) for _, wanted in server.requests]
    assert starts[0] == 1_500_000
    assert starts[1] > starts[0]


def test_a_wrong_file_that_is_there_is_named_and_kept(server, tmp_path):
    (tmp_path / "data.bin").write_bytes(CONTENT[:99])
    with pytest.raises(PoolError, match=r"data\.bin has 99 bytes instead of 2304000; remove it"):
        fetch(one_file(remote_file(server)), tmp_path)
    (tmp_path / "data.bin").write_bytes(CONTENT[::-1])
    with pytest.raises(PoolError, match="another checksum than the published file"):
        fetch(one_file(remote_file(server)), tmp_path)
    assert (tmp_path / "data.bin").exists()  # it may be the user's own


def test_another_file_than_published_is_refused(server, tmp_path):
    data_set = one_file(remote_file(server))
    server.files["/data.bin"] = CONTENT[:-1] + b"?"
    with pytest.raises(PoolError, match=r"data\.bin could not be fetched: .*SHA-256.*--from-dir"):
        fetch(data_set, tmp_path)
    assert not {"data.bin", "data.bin.part"} & set(names(tmp_path))


def test_missing_on_the_server(server, tmp_path):
    gone = one_file(RemoteFile("gone.bin", f"{server.url}/gone.bin"))
    with pytest.raises(PoolError, match=r"/gone.bin could not be fetched: .*404.*--from-dir"):
        fetch(gone, tmp_path)


def test_no_server(tmp_path):
    unreachable = one_file(RemoteFile("data.bin", "http://127.0.0.1:9/data.bin"))
    with pytest.raises(PoolError, match=r"127.0.0.1:9/data.bin could not be fetched.*--from-dir"):
        fetch(unreachable, tmp_path)


def test_folder_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(PoolError, match="cannot be written"):
        fetch(one_file(remote_file(server)), tmp_path / "file")


def archive(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as file:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def check_small_set(source: Path) -> None:
    for name in ("index.txt", "Photos/1.jpg"):
        if not (source / name).is_file():
            raise PoolError(f"{source} lacks {name}")


@pytest.fixture
def small_set(server) -> DataSet:
    packed = without_checks(
        remote_file(server, "photos.tgz", archive({"Photos/1.jpg": os.urandom(5000)}))
    )
    index = remote_file(server, "index.txt", b"1")
    return DataSet("small", "", "", "", (index, packed), source="", check=check_small_set)


def test_fetches_unpacks_and_checks_a_set(server, small_set, tmp_path):
    assert fetch(small_set, tmp_path) == tmp_path
    assert names(tmp_path) == ["Photos", "index.txt"]
    assert len(server.requests) == 2
    fetch(small_set, tmp_path)
    assert len(server.requests) == 2  # complete: nothing to fetch


def test_incomplete_set_fails_loudly_and_keeps_the_archive(server, small_set, tmp_path):
    server.files["/photos.tgz"] = archive({"Other/1.jpg": b"1"})
    with pytest.raises(PoolError, match=r"lacks Photos/1\.jpg"):
        fetch(small_set, tmp_path)
    assert (tmp_path / "photos.tgz").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:2000] + bytes(500) + whole[2500:],
        lambda _: gzip.compress(b"no archive"),
        lambda whole: whole[:-8] + bytes(8),  # the checksum at the end
        lambda _: b"<html>moved</html>",
    ],
)
def test_damaged_archive_is_removed_to_be_fetched_anew(server, small_set, tmp_path, damage):
    whole = server.files["/photos.tgz"]
    server.files["/photos.tgz"] = damage(whole)
    with pytest.raises(PoolError, match=r"photos\.tgz is damaged .*; fetch http.*photos\.tgz anew"):
        fetch(small_set, tmp_path)
    assert "photos.tgz" not in names(tmp_path)
    assert "Photos" not in names(tmp_path)
    server.files["/photos.tgz"] = whole
    fetch(small_set, tmp_path)


def test_archive_that_leads_out_of_the_folder_is_refused(server, small_set, tmp_path):
    server.files["/photos.tgz"] = archive({"../escaped": b"1"})
    with pytest.raises(PoolError, match="damaged"):
        fetch(small_set, tmp_path / "inside")
    assert not (tmp_path / "escaped").exists()


def by_hand(server, folder):
    folder.mkdir()
    for name, content in server.files.items():
        (folder / name[1:]).write_bytes(content)
    return folder


def test_from_a_folder_without_the_network(server, small_set, tmp_path):
    folder = by_hand(server, tmp_path / "by-hand")
    before = names(folder)
    fetch(small_set, tmp_path / "set", from_dir=folder)
    assert names(tmp_path / "set") == ["Photos", "index.txt"]
    assert names(folder) == before
    assert server.requests == []


@pytest.mark.parametrize("name", ["by-hand", "elsewhere/../by-hand"])
def test_from_a_folder_to_itself(server, small_set, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    folder = by_hand(server, tmp_path / "by-hand")
    fetch(small_set, folder, from_dir=tmp_path / name)
    assert names(folder) == ["Photos", "index.txt", "photos.tgz"]


def test_from_a_folder_that_lacks_a_file(server, small_set, tmp_path):
    folder = by_hand(server, tmp_path / "by-hand")
    (folder / "index.txt").unlink()
    with pytest.raises(PoolError, match=r"index\.txt is missing; fetch it from http"):
        fetch(small_set, tmp_path / "set", from_dir=folder)


def test_from_a_folder_with_another_file(server, small_set, tmp_path):
    folder = by_hand(server, tmp_path / "by-hand")
    (folder / "index.txt").write_text("12")
    with pytest.raises(PoolError, match=r"index\.txt has 2 bytes instead of 1"):
        fetch(small_set, tmp_path / "set", from_dir=folder)
    assert (folder / "index.txt").exists()  # what the user fetched is the user's


def test_copies_where_it_cannot_link(server, small_set, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("another disk")

    monkeypatch.setattr(fetch_module.Path, "hardlink_to", refuse)
    folder = by_hand(server, tmp_path / "by-hand")
    fetch(small_set, tmp_path / "set", from_dir=folder)
    assert (tmp_path / "set/index.txt").read_text() == "1"


def test_the_published_sets():
    assert list(DATA_SETS) == ["nyuv2", "make3d"]
    splits, labelled = find_data_set("nyuv2").files
    assert (labelled.name, labelled.size) == ("nyu_depth_v2_labeled.mat", 2972037809)
    assert splits.url.startswith("https://horatio.cs.nyu.edu/")
    with pytest.raises(PoolError, match="no data set 'kitti'; choose one of nyuv2, make3d"):
        find_data_set("kitti")


def test_the_published_checksum_is_that_of_the_real_split(data_dir):
    verify(find_data_set("nyuv2").files[0], data_dir / "nyuv2-train/splits.mat")
