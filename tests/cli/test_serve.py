"""`neardepth serve` as a user types it, in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from commandline import TIMEOUT, neardepth
from scenes import write_scenes


def start(
    *arguments: object, through: Sequence[str] = (), **environment: str
) -> tuple[subprocess.Popen[str], str]:
    serve = [sys.executable, "-m", "neardepth", "serve", "--port", "0", *map(str, arguments)]
    process = subprocess.Popen(
        [*through, *serve], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+?:\d+", line)
    assert found, (line, process.communicate(timeout=TIMEOUT))
    return process, found[0]


def unfinished(address: str) -> float:
    """Requests that run or wait."""
    text = httpx.get(f"{address}/metrics").text
    found = re.findall(r"^neardepth_(?:running|waiting) (\S+)", text, re.MULTILINE)
    return sum(map(float, found))


def test_serve_answers_and_finishes_what_runs(tmp_path: Path) -> None:
    photo = next((write_scenes(tmp_path, 1, size=(480, 640)) / "rgb").iterdir()).read_bytes()
    process, address = start("--method", "kernel-fast")
    try:
        assert "NearDepth" in httpx.get(f"{address}/").text
        assert httpx.post(f"{address}/v1/depth", content=photo, timeout=60).status_code == 200
        answers: list[httpx.Response] = []

        def ask() -> None:
            answers.append(httpx.post(f"{address}/v1/cloud", content=photo, timeout=60))

        asking = [threading.Thread(target=ask) for _ in range(6)]
        for thread in asking:
            thread.start()
        while unfinished(address) < 6 and len(answers) < 2:
            time.sleep(0.002)
        assert unfinished(address) > 3
        process.send_signal(signal.SIGTERM)
        for thread in asking:
            thread.join(TIMEOUT)
        assert [answer.status_code for answer in answers] == [200] * 6
        process.wait(TIMEOUT)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
        assert process.returncode in (0, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{address}/healthz")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_more_connections_than_files_leave_the_service_up() -> None:
    few_files = ("sh", "-c", 'ulimit -n 300; exec "$@"', "sh")
    process, address = start("--method", "kernel-fast", through=few_files)
    port = int(address.rpartition(":")[2])
    try:
        with contextlib.ExitStack() as stack:
            for _ in range(500):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), TIMEOUT))
        assert httpx.get(f"{address}/healthz", timeout=TIMEOUT).status_code == 200
    finally:
        process.terminate()
        _, log = process.communicate(timeout=TIMEOUT)
    assert "system resource" not in log
    assert len(log) < 1000


def test_other_addresses_need_a_token() -> None:
    refused = neardepth("serve", "--host", "0.0.0.0", status=1)
    assert "token is needed" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    process, address = start("--host", "0.0.0.0", NEARDEPTH_TOKEN="a-token-of-some-length")
    try:
        local = address.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{local}/v1/pools").status_code == 401
        headers = {"Authorization": "Bearer a-token-of-some-length"}
        assert httpx.get(f"{local}/v1/pools", headers=headers).status_code == 200
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def test_what_cannot_be_served_is_one_sentence(tmp_path: Path) -> None:
    for status, words, *arguments in (
        (1, "does not exist", "--pool", tmp_path / "no.pool"),
        (1, "cannot be listened on", "--host", "192.0.2.1", "--token", "a-token-of-some-length"),
        (1, "at least 16", "--token", "short"),
        (2, "no method", "--method", "magic"),
    ):
        failed = neardepth("serve", "--port", 0, *arguments, status=status)
        assert words in failed.stderr
        assert len(failed.stderr.strip().splitlines()) == 1
    with_help = neardepth("serve", "--help")
    assert "Examples" in with_help.stdout


def test_only_a_missing_package_names_the_extra() -> None:
    code = (
        "import sys; sys.argv = ['neardepth', 'serve'];"
        "import types; sys.modules['neardepth.service.server'] = types.ModuleType('server');"
        "sys.modules['neardepth.service.app'] = types.ModuleType('app');"
        "from neardepth.cli import main; main()"
    )
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert failed.returncode != 0
    assert "needs the package" not in failed.stderr


def test_a_missing_package_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None; sys.argv = ['neardepth', 'serve'];"
        "from neardepth.cli import main; main()"
    )
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr == (
        "error: the service needs the package uvicorn: pip install 'neardepth[web]'\n"
    )
