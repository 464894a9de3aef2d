"""Running services, small pools for them, and photos to send."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI
from PIL import Image

from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.pool import build_pool
from neardepth.service.server import address_of, listen, make_server
from neardepth.service.state import State
from scenes import scene, write_scenes

METHOD = "kernel-fast"


@dataclass(frozen=True)
class Live:
    """A service that answers."""

    address: str
    app: FastAPI
    client: httpx.Client

    @property
    def state(self) -> State:
        state: State = self.app.state.service
        return state


@contextmanager
def running(app: FastAPI) -> Iterator[Live]:
    """Serve an app on a free port as `neardepth serve` does, in a thread."""
    started = threading.Event()
    listening = listen("127.0.0.1", 0)
    server = make_server(app, started.set)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    assert started.wait(30)
    address = address_of(listening)
    try:
        with httpx.Client(base_url=address, timeout=120) as client:
            yield Live(address, app, client)
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that other threads bring about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def make_pool(folder: Path, name: str = "site", count: int = 8) -> Path:
    """A small pool with what kernel-fast and knn need."""
    source = write_scenes(folder / f"{name}-pairs", count)
    pool = folder / f"{name}.pool"
    report = build_pool(open_source(source), pool, load_encoder("efficientnet-lite0"), None)
    assert report.added == count
    return pool


def jpeg(seed: int) -> bytes:
    """The photo of a made-up scene as a file's content."""
    buffer = io.BytesIO()
    Image.fromarray(scene(seed)[0]).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


PHOTO = jpeg(50)
