"""Clients that send or read as no browser does: cut off in time, and the others answered."""

from __future__ import annotations

import contextlib
import io
import socket
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from services import METHOD, PHOTO, Live, running, until

from neardepth import DepthEstimator
from neardepth.errors import ServiceError
from neardepth.service import connections, server
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.limits import Limits


def raw(live: Live, *pieces: bytes, pause: float = 0) -> bytes:
    """What the service answers to bytes that no client library would send."""
    port = httpx.URL(live.address).port
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was closed on us
        answer = b""
        try:
            while data := connection.recv(65536):
                answer += data
                if b"\r\n\r\n" in answer and pause == 0:
                    break
        except ConnectionResetError:
            pass
        return answer


def test_huge_and_broken_heads_are_refused(live: Live) -> None:
    host = b"Host: 127.0.0.1\r\n"
    huge = raw(live, b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * (1 << 20) + b"\r\n\r\n")
    assert huge.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    for size, answer in ((15 << 10, b"HTTP/1.1 200"), (17 << 10, b"HTTP/1.1 431")):
        for head in (
            b"GET /?" + b"a" * size + b" HTTP/1.1\r\n" + host,
            b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * size + b"\r\n",
            b"GET / HTTP/1.1\r\n" + host + b"Name: value\r\n" * (size // 9),
        ):
            assert raw(live, head + b"\r\n").startswith(answer), (size, head[:40])
    for head in (
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /v1/depth HTTP/1.1\r\n" + host + b"Content-Length: -5\r\n\r\n",
        b"POST /v1/depth HTTP/1.1\r\n" + host + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"POST /v1/depth HTTP/1.1\r\n" + host + b"Transfer-Encoding: magic\r\n\r\n",
    ):
        assert raw(live, head)[9:10] == b"4", head
    for path in (b"/../../etc/passwd", b"/page/../app.py", b"//etc/passwd", b"/%00", b"/page/%ff"):
        answer = raw(live, b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n")
        assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400")), path
    assert live.client.get("/healthz").status_code == 200


def test_a_slow_upload_is_cut_off(live: Live) -> None:
    head = b"POST /v1/depth HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
    start = time.monotonic()
    answer = raw(live, head, *[b"x"] * 8, pause=0.5)
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - start < 20
    assert live.state.uploads.held == 0


def test_a_slow_head_is_cut_off(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    ask = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    start = time.monotonic()
    assert raw(live, b"GET /heal", *[b"t"] * 6, pause=0.3) == b""
    answer = raw(live, ask + b"\r\n", b"GET", *[b" "] * 6, pause=0.3)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert time.monotonic() - start < 8


def test_answers_that_nobody_reads_are_bounded_and_cut_off(
    pool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "DRAIN_SECONDS", 1.0)
    large = io.BytesIO()
    Image.new("RGB", (1400, 1400), (120, 100, 90)).save(large, "JPEG")
    size = 8 * 1400 * 1400  # bytes of depth and uncertainty
    limits = Limits(answer_bytes=2 * size)
    with running(create_app(Catalogue([pool]), limits=limits, method=METHOD)) as live:
        answer = live.client.post("/v1/depth", content=large.getvalue()).raise_for_status().json()
        head = f"GET {answer['links']['maps']} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        with contextlib.ExitStack() as stack:
            heads = []
            for _ in range(3):
                unread = stack.enter_context(socket.socket())
                unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                unread.connect(("127.0.0.1", httpx.URL(live.address).port))
                unread.sendall(head)
                heads.append(unread.recv(12))
            assert heads == [b"HTTP/1.1 200", b"HTTP/1.1 200", b"HTTP/1.1 429"]
            assert live.state.answers.held == 2 * size
            assert live.client.get("/healthz").status_code == 200
            until(lambda: live.state.answers.held == 0)
        assert len(live.client.get(answer["links"]["maps"]).content) == size
        assert live.state.answers.held == 0


def test_an_answer_larger_than_all_may_be_goes_out_alone(pool: Path) -> None:
    limits = Limits(answer_bytes=1)
    with running(create_app(Catalogue([pool]), limits=limits, method=METHOD)) as live:
        cloud = live.client.post("/v1/cloud?pool=none", content=PHOTO).raise_for_status()
        assert len(cloud.content) == int(cloud.headers["content-length"])
        photo = io.BytesIO()
        Image.new("RGB", (800, 600)).save(photo, "JPEG")
        answer = live.client.post("/v1/depth", content=photo.getvalue()).raise_for_status().json()
        assert len(live.client.get(answer["links"]["maps"]).content) == 8 * 800 * 600


def test_more_connections_than_are_taken_do_not_stop_the_service(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert live.client.get("/healthz").status_code == 200  # its connection stays
    monkeypatch.setattr(connections, "MOST", 8)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    port = httpx.URL(live.address).port
    with contextlib.ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(20)
        ]
        closed = 0
        for connection in idle[10:]:
            connection.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                assert connection.recv(1) == b""
            closed += 1
        assert closed == 10
        assert live.client.get("/healthz").status_code == 200
        time.sleep(1.5)  # those that came first sent nothing either
        assert httpx.get(f"{live.address}/healthz").status_code == 200


def test_a_client_that_leaves_is_forgotten(live: Live) -> None:
    head = b"POST /v1/depth HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(PHOTO)
    port = httpx.URL(live.address).port
    for body in (PHOTO, PHOTO[:50]):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head + body)
    until(lambda: live.state.uploads.held == live.state.engine.running == 0)
    assert live.client.get("/healthz").status_code == 200


def test_a_request_that_came_early_has_its_time(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent before the answer to the one before, and longer at work than a head may take."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    estimator = live.state.catalogue.estimator

    def slow(*arguments: Any) -> DepthEstimator:
        time.sleep(1)
        return estimator(*arguments)

    monkeypatch.setattr(live.state.catalogue, "estimator", slow)
    host = b"Host: 127.0.0.1\r\n"
    first = b"GET /healthz HTTP/1.1\r\n" + host + b"\r\n"
    length = b"Content-Length: %d\r\n\r\n" % len(PHOTO)
    second = b"POST /v1/depth HTTP/1.1\r\n" + host + length + PHOTO
    assert raw(live, first + second, pause=0.1).count(b"HTTP/1.1 200") == 2


def test_a_port_is_taken_before_the_service_answers() -> None:
    """Else two services would make their pools ready, and then one of them could not listen."""
    with (
        server.listen("127.0.0.1", 0) as first,
        pytest.raises(ServiceError, match="choose another with --port"),
    ):
        server.listen("127.0.0.1", first.getsockname()[1])
