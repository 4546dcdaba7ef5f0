"""The lines of a rule as they get their indentation, and the one way to refuse one."""

from __future__ import annotations

from typing import Final, NoReturn

from vedette.errors import Location, PageError
from vedette.page.line import RuleLine

#: Blanks a level, as SigmaHQ writes.
STEP: Final = 4


class Indentation:
    """What was written so far.

    Attributes:
        path: the page, for errors.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._written: list[tuple[int, str]] = []

    def write(self, level: int, line: RuleLine, *, extra: int = 0) -> None:
        """Place a line `level` steps and `extra` blanks from the margin."""
        self._written.append((level * STEP + extra, line.text))

    def follow(self, line: RuleLine) -> None:
        """Place a comment or blank line: it stands with the line before it, so that a comment stays in its list."""
        self._written.append((self._written[-1][0] if self._written else 0, line.text))

    def text(self) -> str:
        """All lines, each as it was but for the blanks before it."""
        return "".join(f"{' ' * indent}{text}".rstrip() + "\n" for indent, text in self._written)

    def refuse(self, line: RuleLine, cause: str, remedy: str, code: str = "page-ambiguous") -> NoReturn:
        """End the restoration at a line.

        Raises:
            PageError: always.
        """
        raise PageError(cause, Location(self.path, line.number), remedy=remedy, code=code)
