"""Why a part of a Sigma document is refused, before it is known where in the file that part stands."""

from __future__ import annotations

from vedette.errors import Location, PlaceholderError, RuleError
from vedette.sigma.documents import Path, locate


class RefusedError(Exception):
    """A part of a document can't be lowered.

    Attributes:
        cause: what is wrong, one line.
        code: stable name of the cause.
        path: keys and indices from the top of the document.
        remedy: what the author can do, or the empty text.
        placeholder: it lacks values that only the site knows.
    """

    def __init__(self, cause: str, code: str, path: Path = (), *, remedy: str = "", placeholder: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.code = code
        self.path = path
        self.remedy = remedy
        self.placeholder = placeholder

    def below(self, *path: str | int) -> RefusedError:
        """The same refusal of a part that stands below `path`."""
        return RefusedError(
            self.cause, self.code, (*path, *self.path), remedy=self.remedy, placeholder=self.placeholder
        )

    def located(self, file: str, text: str, index: int) -> RuleError:
        """The refusal as an error with line and column.

        Args:
            file: how to name the file.
            text: the file's content.
            index: which document of the file.
        """
        kind = PlaceholderError if self.placeholder else RuleError
        place = Location(file, *locate(text, index, self.path))
        return kind(self.cause, place, remedy=self.remedy, code=self.code)
