"""Events as dictionary-encoded columns: the one form that readers hand to the engine.

Most events of a log repeat: one log of 450,000 execs holds 16 % distinct rows. A reader therefore interns each value
in a `Vocabulary` and each distinct row in `Shapes`; the engine looks at every shape once, events only carry their
shape's number.
"""

from __future__ import annotations

from typing import Final

from vedette.predicate import Value

#: The code of the absent value in every vocabulary.
ABSENT: Final = 0


class Vocabulary:
    """Distinct values with a code each; append-only until `clear`.

    Attributes:
        name: fields that share values share a vocabulary, such as both command lines.
        values: value by code; code 0 is the absent value.
        codes: code by value.
        epoch: how often it was cleared; whoever keeps codes compares it.
    """

    __slots__ = ("codes", "epoch", "name", "size", "values")

    def __init__(self, name: str) -> None:
        self.name = name
        self.epoch = 0
        self.values: list[Value] = [""]
        self.codes: dict[Value, int] = {"": ABSENT}
        self.size = 0

    def code(self, value: Value) -> int:
        """The code of `value`, new or known."""
        code = self.codes.get(value)
        if code is None:
            code = self.codes[value] = len(self.values)
            self.values.append(value)
            self.size += len(value) if isinstance(value, str) else 8
        return code

    def clear(self) -> None:
        """Forget everything; codes given out before are void."""
        self.values, self.codes, self.size = [""], {"": ABSENT}, 0
        self.epoch += 1


class Shapes:
    """Distinct rows of one kind of event; append-only until `clear`.

    Attributes:
        columns: column names, the image fields split by reading (`Image.resolved`).
        vocabularies: the vocabulary of each column.
        rows: codes aligned with `columns`, by shape number.
        numbers: shape number by row.
        epoch: how often it was cleared.
    """

    __slots__ = ("columns", "epoch", "numbers", "rows", "vocabularies")

    def __init__(self, columns: tuple[str, ...], vocabularies: tuple[Vocabulary, ...]) -> None:
        if len(columns) != len(vocabularies):
            raise ValueError("one vocabulary a column")
        self.columns = columns
        self.vocabularies = vocabularies
        self.rows: list[tuple[int, ...]] = []
        self.numbers: dict[tuple[int, ...], int] = {}
        self.epoch = 0

    def number(self, row: tuple[int, ...]) -> int:
        """The number of a row of codes, new or known."""
        number = self.numbers.get(row)
        if number is None:
            number = self.numbers[row] = len(self.rows)
            self.rows.append(row)
        return number

    def values(self, number: int) -> dict[str, Value]:
        """One shape as column to value, absent columns left out."""
        return {
            column: vocabulary.values[code]
            for column, vocabulary, code in zip(self.columns, self.vocabularies, self.rows[number], strict=True)
            if code != ABSENT
        }

    def clear(self) -> None:
        """Forget all rows and the vocabularies below them."""
        self.rows, self.numbers = [], {}
        self.epoch += 1
        for vocabulary in set(self.vocabularies):
            vocabulary.clear()
