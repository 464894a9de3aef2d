"""A service that the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from services import METHOD, Live, make_pool, running

from neardepth.service.app import create_app
from neardepth.service.catalogue import Catalogue
from neardepth.service.limits import Limits


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
