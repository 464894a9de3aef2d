"""Running services, each with a pool of its own, and clients for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from neardepth.datasets import open_source
from neardepth.encoders import load_encoder
from neardepth.pool import build_pool
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.limits import Limits
from neardepth.service.server import address_of, listen, make_server
from neardepth.service.state import State
from scenes import write_scenes

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


def make_pool(folder: Path, name: str = "site", count: int = 8) -> Path:
    """A small pool with what kernel-fast and knn need."""
    source = write_scenes(folder / f"{name}-pairs", count)
    pool = folder / f"{name}.pool"
    report = build_pool(open_source(source), pool, load_encoder("efficientnet-lite0"), None)
    assert report.added == count
    return pool


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pool that no test changes."""
    return make_pool(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="session")
def live(pool: Path) -> Iterator[Live]:
    """A service with that pool and small limits."""
    limits = Limits(pixels=2_000_000, upload_bytes=1 << 20, upload_seconds=2)
    with running(create_app(Catalogue([pool]), limits=limits, method=METHOD)) as service:
        yield service
