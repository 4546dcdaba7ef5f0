"""Fixtures that all rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("house", deadline=None)  # a busy machine is slow, not wrong
settings.register_profile("fuzz", deadline=None, max_examples=5_000)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public rules and recordings beside the project; skips where it is absent."""
    folder = Path(os.environ.get("VEDETTE_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no shared folder at {folder}; set VEDETTE_SHARED")
    return folder


@pytest.fixture(scope="session")
def sigmahq(shared: Path) -> Path:
    """The SigmaHQ snapshot; skips where it is absent."""
    folder = shared / "sigmahq"
    if not folder.is_dir():
        pytest.skip(f"no sigmahq folder in {shared}")
    return folder
