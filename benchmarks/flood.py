"""A thousand photos at the same moment: the service stays up, small, and answers each or says when.

    python benchmarks/flood.py [--clients 1000] [--method kernel-fast]

Prints how many were answered (each against its own photo) and how many were turned away, that it
answers afterwards as before, and the most memory that the service held meanwhile, then with a photo
of 25 million pixels, and then with every map of it as NPZ. Needs Linux.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import write_pairs
from PIL import Image

from neardepth import DepthEstimator
from service import PHOTOS, facts, same, service


def main() -> None:
    """Flood, and exit with 1 where an answer was wrong or none came."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--method", default="kernel-fast")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = sorted((write_pairs(Path(folder) / "site", PHOTOS) / "rgb").iterdir())
        photos = [path.read_bytes() for path in paths]
        estimator = DepthEstimator(None, given.method)
        expected = [facts(estimator(photo).summary()) for photo in photos]
    with service(given.method) as (port, process):
        start = time.perf_counter()
        with peak(process, "a thousand photos"):
            outcomes = asyncio.run(flood(port, photos, expected, given.clients))
        seconds = time.perf_counter() - start
        told = ", ".join(f"{count} × {what}" for what, count in sorted(outcomes.items()))
        print(f"{given.clients} at once, over after {seconds:.1f} s: {told}")
        status, _ = asyncio.run(ask(port, photos[0]))
        print(f"then a single photo: {status}")
        photo = large(photos[0])
    with service(given.method) as (port, process):
        for accept in ("application/json", "application/x-npz"):
            with peak(process, f"25 million pixels, {accept}"):
                status, _ = asyncio.run(ask(port, photo, accept=accept))
            print(f"answered {status}")
    if set(outcomes) - {"200", "429"} or status != 200:
        sys.exit(1)


@contextmanager
def peak(process: int, what: str) -> Iterator[None]:
    """Print the memory that a process held before and after, and the most that it held between."""
    Path(f"/proc/{process}/clear_refs").write_text("5")  # begins the peak anew
    before = memory(process, "VmRSS")
    yield
    most, after = memory(process, "VmHWM"), memory(process, "VmRSS")
    print(f"{what}: {before:.0f} MB before, at most {most:.0f} MB, {after:.0f} MB after")


def memory(process: int, name: str) -> float:
    """Megabytes, by the name that proc_pid_status(5) gives."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) / 1000


def large(photo: bytes) -> bytes:
    """Make a photo 25 million pixels large."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(photo)).resize((5770, 4330)).save(buffer, "JPEG")
    return buffer.getvalue()


async def flood(
    port: int, photos: list[bytes], expected: list[dict[str, Any]], clients: int
) -> Counter[str]:
    """Connect all clients, then send from all at once; count what came of each."""
    gate = asyncio.Event()
    ready = 0

    async def client(number: int) -> str:
        place = number % PHOTOS
        try:
            status, body = await ask(port, photos[place], gate, arrived)
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            return type(error).__name__
        if status == 200 and not same(facts(json.loads(body)["summary"]), expected[place]):
            return "mixed up"
        return str(status)

    def arrived() -> None:
        nonlocal ready
        ready += 1
        if ready == clients:
            gate.set()

    return Counter(await asyncio.gather(*map(client, range(clients))))


async def ask(
    port: int,
    photo: bytes,
    gate: asyncio.Event | None = None,
    arrived: Any = lambda: None,
    accept: str = "application/json",
) -> tuple[int, bytes]:
    """Send a photo once the gate is open; return status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        arrived()
        if gate is not None:
            await gate.wait()
        head = (
            f"POST /v1/depth HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}\r\n"
            f"Content-Length: {len(photo)}\r\n\r\n"
        )
        writer.write(head.encode() + photo)
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in answer[1:] if line)
        status = int(answer[0].split()[1])
        if status == 429 and int(headers["retry-after"]) < 1:
            raise ValueError("no time to come back at")
        return status, await reader.readexactly(int(headers["content-length"]))
    finally:
        writer.close()


if __name__ == "__main__":
    main()
