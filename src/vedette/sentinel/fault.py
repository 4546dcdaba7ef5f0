"""What is wrong with content, and where."""

from __future__ import annotations

import msgspec

from vedette.errors import Location
from vedette.sentinel.limits import Level
from vedette.sigma.documents import Path


class Fault(msgspec.Struct, frozen=True):
    """A limit that content does not keep to.

    Attributes:
        limit: id of the limit; `yaml` where the file can't be read, `query-error` where Microsoft's parser says so.
        level: `error` where content is refused.
        message: one line.
        path: way from the top of the document to what is wrong.
        location: the file, and line and column where they are known.
    """

    limit: str
    level: Level
    message: str
    path: Path
    location: Location

    def __str__(self) -> str:
        """One line, as compilers write it."""
        return f"{self.location}: {self.level}: {self.message} [{self.limit}]"
