"""The one error tree.

::

    VedetteError
    +-- UsageError                 the command or its configuration is wrong       (exit 3)
    |   +-- ParserMissingError     Microsoft's parser of KQL is not installed
    +-- ContentError               what a stranger wrote is wrong; has a Location
        +-- RuleError              a Sigma rule, filter or correlation
        |   +-- PlaceholderError   it needs values that only the site knows
        +-- ConversionError        a rule that a target query language or table can't hold
        +-- PageError              a hunt page
        +-- PackError              a hunt pack's own data
        +-- TelemetryError         a log that can't be read at all                 (exit 4 if none can)

A content error is collected and reported at the end: one bad rule among 3,000 or one bad line among millions never
stops the rest.
"""

from __future__ import annotations

import msgspec


class Location(msgspec.Struct, frozen=True, gc=False):
    """Where in which file something is wrong.

    Attributes:
        path: the file as the user named it, or `-` for standard input.
        line: 1-based line, 0 where no line can be told.
        column: 1-based column, 0 where no column can be told.
    """

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """`path:line:column`, as far as known."""
        text = self.path
        if self.line:
            text += f":{self.line}"
            if self.column:
                text += f":{self.column}"
        return text


class VedetteError(Exception):
    """Root of everything that Vedette raises on purpose."""


class UsageError(VedetteError):
    """The command line or the configuration can't be obeyed; the message holds the remedy."""


class ParserMissingError(UsageError):
    """Microsoft's parser of KQL, or what runs it, is not installed, or does not start."""


class ContentError(VedetteError):
    """Something read from a file is wrong.

    Attributes:
        cause: what is wrong, one line.
        location: where.
        remedy: what the author can do, or the empty string.
        code: short stable name of the cause, such as `regex-unsupported`, to count and filter by.
    """

    def __init__(self, cause: str, location: Location, *, remedy: str = "", code: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.location = location
        self.remedy = remedy
        self.code = code

    def __str__(self) -> str:
        """`location: cause (remedy)` on one line."""
        tail = f" ({self.remedy})" if self.remedy else ""
        return f"{self.location}: {self.cause}{tail}"


class RuleError(ContentError):
    """A Sigma document can't be loaded or lowered."""


class PlaceholderError(RuleError):
    """A rule uses `|expand`: its placeholder needs values that only the site knows."""


class ConversionError(ContentError):
    """A rule can't be said in a target's language, or reads what none of the target's columns holds."""


class PageError(ContentError):
    """A hunt page can't be read, or is ambiguous where guessing would change its meaning."""


class PackError(ContentError):
    """A hunt pack's own files contradict each other or the pack format."""


class TelemetryError(ContentError):
    """A log can't be opened or is not what it claims to be; `location.line` counts where lines make sense."""
