"""Who watches a hunt go by: shown its events and findings, in the order of the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from vedette.event import LogSource
from vedette.hunt.finding import Finding
from vedette.telemetry.auditd.happening import Batch, Happening


class Watch(Protocol):
    """What a hunt asks of a watcher.

    Attributes:
        sources: the kinds of events that it must be shown, whether rules ask for them or not.
    """

    sources: tuple[LogSource, ...]

    def see(self, batches: Sequence[Batch]) -> None:
        """One chunk's events, before its findings."""

    def found(self, happening: Happening, finding: Finding) -> None:
        """One finding, excluded or not, whether it is put out or not."""
