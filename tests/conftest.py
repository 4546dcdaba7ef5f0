"""Fixtures that all rooms share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from vedette.kql.check import Checker

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


@pytest.fixture(scope="session")
def parser_folder() -> Path:
    """Where Microsoft's parser lies; skips where it is absent, and fails where the proof is asked to be whole."""
    from vedette.errors import ParserMissingError
    from vedette.kql.check.parser import find

    try:
        return find()
    except ParserMissingError as error:
        if os.environ.get("VEDETTE_CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def checker(parser_folder: Path) -> Iterator[Checker]:
    """One checker for all tests: it is whole again after each query, which is part of what is tested."""
    from vedette.kql.check import Checker

    with Checker() as checker:
        yield checker
