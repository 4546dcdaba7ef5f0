from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from vedette.errors import ParserMissingError
from vedette.kql.check import Checker
from vedette.kql.check.parser import find


@pytest.fixture(scope="session")
def parser_folder() -> Path:
    """Where Microsoft's parser lies; skips where it is absent, and fails where the proof is asked to be whole."""
    try:
        return find()
    except ParserMissingError as error:
        if os.environ.get("VEDETTE_CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def checker(parser_folder: Path) -> Iterator[Checker]:
    """One checker for all tests: it is whole again after each query, which is part of what is tested."""
    with Checker() as checker:
        yield checker
