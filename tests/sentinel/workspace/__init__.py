"""A workspace of Microsoft Sentinel on this machine, for tests: what its services ask for, hold, answer and suffer."""

from __future__ import annotations

from tests.sentinel.workspace.fault import Fault
from tests.sentinel.workspace.workspace import Workspace

__all__ = ["Fault", "Workspace"]
