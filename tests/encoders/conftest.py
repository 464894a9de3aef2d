"""A cache folder for each test or for all, and a server to download from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fileserver import FileServer, serving


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("NEARDEPTH_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache folder for all tests that only load encoders, so that each is built once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("NEARDEPTH_CACHE", str(folder))
        yield folder


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving() as served:
        yield served
