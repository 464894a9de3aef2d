"""A service and a browser that the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Page, chromium
from PIL import Image
from services import METHOD, Live, make_pool, running

from neardepth import DepthEstimator, DepthResult
from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.limits import Limits
from scenes import scene


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


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def driver(downloads: Path) -> Iterator[Any]:
    with chromium(downloads) as browser:
        yield browser


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "room.jpg"
    Image.fromarray(scene(50)[0]).save(path, quality=95)
    return path


@pytest.fixture(scope="session")
def expected(pool: Path, photo: Path) -> DepthResult:
    return DepthEstimator(pool, METHOD)(photo)


@pytest.fixture
def page(driver: Any, live: Live, photo: Path) -> Page:
    page = Page(driver, live.address)
    page.upload(photo)
    assert page.state == "done", page.text("body")
    return page
