"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Folder with real photos, depth maps and weights; its tests are skipped where it is absent."""
    folder = Path(os.environ.get("NEARDEPTH_DATA", REPOSITORY.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"real data not found at {folder}: set NEARDEPTH_DATA to run this test")
    return folder


@pytest.fixture(scope="session")
def data_dir(shared_dir: Path) -> Path:
    """The RGB-D sets below ``shared_dir``."""
    return shared_dir / "data"
