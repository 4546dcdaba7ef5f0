"""What of a log is no event: counted by reason, with the first example of each, never silently skipped."""

from __future__ import annotations

from collections import Counter


class Rejects:
    """The records of a hunt that could not be read, or not as a whole.

    Attributes:
        counts: records by reason.
        examples: first example of each reason as `file:place`, a line or `record N`.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, str] = {}

    def add(self, reason: str, file: str, place: int | str) -> None:
        """Count one record."""
        self.counts[reason] += 1
        if reason not in self.examples:
            self.examples[reason] = f"{file}:{place}"
