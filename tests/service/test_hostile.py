"""Input that means harm: each gets its status, and the service stays up and small."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from services import METHOD, PHOTO, Live, running

from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.limits import Limits


class Peak:
    """Megabytes that this process, the service in it, held at most, above what it held before."""

    def __enter__(self) -> Peak:
        Path("/proc/self/clear_refs").write_text("5")  # begins the peak anew
        self._before = self._read("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.megabytes = self._read("VmHWM") - self._before

    @staticmethod
    def _read(name: str) -> float:
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found
        return int(found[1]) / 1000


def test_memory_that_is_freed_again_counts() -> None:
    with Peak() as peak:
        np.ones(25_000_000).sum()
    assert peak.megabytes > 150


def png(width: int, height: int, depth: int = 8, colour: int = 2, claim: int = 0) -> bytes:
    """A PNG of zeros that is small however large the picture is."""

    def chunk(name: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + crc

    packer, row = zlib.compressobj(9), bytes(1 + width * (3 if colour == 2 else 1) * depth // 8)
    data = b"".join([packer.compress(row) for _ in range(height)]) + packer.flush()
    head = struct.pack(">IIBBBBB", width, claim or height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def gif_bomb() -> bytes:
    """A GIF whose header says 40 × 40 and whose frame is 12000 × 12000."""
    buffer = io.BytesIO()
    Image.new("P", (40, 40)).save(buffer, "GIF")
    data = bytearray(buffer.getvalue())
    at = data.index(b",", 13)
    data[at + 5 : at + 9] = struct.pack("<HH", 12000, 12000)
    return bytes(data)


def npz_bomb() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, depth=np.zeros((9000, 9000), np.float64))
    return buffer.getvalue()


def jpeg_of_passes() -> bytes:
    """A small JPEG that is drawn over 2,000 times."""
    buffer = io.BytesIO()
    Image.new("RGB", (1400, 1400), (120, 100, 90)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    return data[:-2] + data[data.rindex(b"\xff\xda") : -2] * 2000 + data[-2:]


HOSTILE = {
    "bomb": (png(6000, 6000), 413),
    "claims more": (png(100, 10, claim=100_000_000), 413),
    "gif bomb": (gif_bomb(), 413),
    "passes": (jpeg_of_passes(), 422),
    "cut": (PHOTO[: len(PHOTO) // 2], 422),
    "head only": (PHOTO[:20], 422),
    "text": (b"#!/bin/sh\nrm -rf /\n", 415),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='/etc/passwd'/></svg>", 415),
    "zip": (npz_bomb(), 415),
    "tiny": (png(3, 3), 422),
    "large": (bytes(2 << 20), 413),
    "random": (b"\xff\xd8\xff" + np.random.default_rng(0).bytes(5000), 422),
}


@pytest.fixture(scope="module")
def warm(live: Live) -> Live:
    """The service once its networks are loaded, which takes memory."""
    live.client.post("/v1/depth", content=PHOTO).raise_for_status()
    return live


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("form", [True, False], ids=["form", "body"])
def test_hostile_photos_get_their_status(warm: Live, name: str, form: bool) -> None:
    data, status = HOSTILE[name]
    body = {"files": {"photo": ("../../../etc/cron.d/x", data)}} if form else {"content": data}
    with Peak() as peak:
        response = warm.client.post("/v1/depth", **body)
    assert response.status_code == status, response.text
    assert peak.megabytes < 60
    assert warm.state.uploads.held == 0


@pytest.mark.parametrize("name", ["bomb", "npz"])
def test_depth_bombs_are_not_decoded(warm: Live, name: str) -> None:
    bomb = npz_bomb() if name == "npz" else png(9000, 9000, 16, 0)
    with Peak() as peak:
        response = warm.client.post("/v1/pools/site/pairs", files={"photo": PHOTO, "depth": bomb})
    assert response.status_code == 413, response.text
    assert peak.megabytes < 60


def test_damaged_forms_are_bad_requests(live: Live) -> None:
    kind = "multipart/form-data; boundary=x"
    part = b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n'
    for head, body in (
        (kind, b"no form"),
        (kind, part + PHOTO[:100]),
        (kind, b"--x\r\n\r\n\r\n--x--\r\n"),
        (kind, b'--x\r\nContent-Disposition: form-data; name="photo"\r\n\r\ntext\r\n--x--\r\n'),
        (kind, (part + b"a\r\n") * 3 + b"--x--\r\n"),
        (kind, b'--x\r\nContent-Disposition: form-data; name="f"\r\n\r\na\r\n' * 50 + b"--x--\r\n"),
        (kind, b"--x\r\n" + b"A" * 100_000 + b": b\r\n\r\n--x--\r\n"),
        ("multipart/form-data", part + b"\r\n--x--\r\n"),
        ("multipart/", b""),
    ):
        response = live.client.post("/v1/depth", content=body, headers={"Content-Type": head})
        assert response.status_code == 400, (head, body[:60], response.text)
    response = live.client.post("/v1/pools/site/pairs", content=PHOTO)
    assert response.status_code == 415


def test_a_body_without_a_stated_length_is_bounded(live: Live) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield bytes(65536)

    with contextlib.suppress(httpx.WriteError):  # it may be closed before everything is sent
        assert live.client.post("/v1/depth", content=endless()).status_code == 413
    assert live.state.uploads.held == 0


def test_more_than_the_queue_holds_is_turned_away(pool: Path) -> None:
    app = create_app(Catalogue([pool]), limits=Limits(queue=2, workers=1), method=METHOD)
    with running(app) as live:
        assert live.client.post("/v1/depth", content=PHOTO).status_code == 200
        barrier = threading.Barrier(24)

        def ask(_: int) -> httpx.Response:
            barrier.wait()
            return httpx.post(f"{live.address}/v1/depth", content=PHOTO, timeout=60)

        with ThreadPoolExecutor(24) as threads:
            answers = list(threads.map(ask, range(24)))
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 429}
        assert statuses.count(200) >= 3
        for answer in answers:
            if answer.status_code == 429:
                assert int(answer.headers["retry-after"]) >= 1
        text = live.client.get("/metrics").text
        assert 'neardepth_requests_total{route="/v1/depth",status="429"}' in text
        assert "neardepth_waiting 0.0" in text


def test_time_limits_are_kept(pool: Path) -> None:
    app = create_app(Catalogue([pool]), limits=Limits(seconds=0.001, workers=1), method=METHOD)
    with running(app) as live:
        assert live.client.post("/v1/depth", content=PHOTO).status_code in (503, 504)


def test_bodies_of_all_clients_are_bounded_together(pool: Path) -> None:
    limits = Limits(held_bytes=len(PHOTO) // 2)
    with running(create_app(Catalogue([pool]), limits=limits, method=METHOD)) as live:
        response = live.client.post("/v1/depth", content=PHOTO)
        assert response.status_code == 429
        assert "retry-after" in response.headers
        assert live.state.uploads.held == 0


def test_nothing_of_an_upload_stays_on_disk(
    live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    padded = PHOTO + bytes((1 << 20) - len(PHOTO) - 500)  # more than forms usually keep in memory
    for accept in ("application/json", "image/x-exr"):
        answer = live.client.post("/v1/depth", files={"photo": padded}, headers={"Accept": accept})
        assert answer.status_code == 200
    assert live.client.post("/v1/cloud", content=PHOTO).status_code == 200
    assert list(tmp_path.iterdir()) == []
