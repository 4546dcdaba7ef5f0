"""A workspace of Microsoft Sentinel on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.sentinel.workspace import Workspace


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A workspace that is served while the test runs."""
    with Workspace() as served:
        yield served
