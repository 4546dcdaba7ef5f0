"""Which rules an event could match, by the patterns that they can't do without."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from vedette.audit.logic.need import need
from vedette.audit.reach import Witness
from vedette.predicate import Glob, Keyword, Match, Pattern, Predicate, Value, holds
from vedette.predicate.evaluate import text_of
from vedette.predicate.fold import fold

#: Stands for the raw event among the fields; no rule can name it.
_RAW: Final = "\0raw"


class _Shelf:
    """The patterns of one field, found by the parts of a value."""

    def __init__(self) -> None:
        self.whole: dict[str, set[int]] = defaultdict(set)
        self.heads: dict[str, set[int]] = defaultdict(set)
        self.tails: dict[str, set[int]] = defaultdict(set)
        self.parts: dict[str, set[int]] = defaultdict(set)
        self.others: list[tuple[Pattern, int]] = []

    def add(self, pattern: Pattern, number: int) -> None:
        if not isinstance(pattern, Glob) or pattern.cased or pattern.form == "wildcard":
            self.others.append((pattern, number))
            return
        places = {"equals": self.whole, "startswith": self.heads, "endswith": self.tails, "contains": self.parts}
        places[pattern.form][fold(pattern.literal)].add(number)

    def found(self, value: Value, row: Mapping[str, Value]) -> set[int]:
        """The numbers of all patterns that the value meets."""
        text = fold(text_of(value))
        found = set(self.whole.get(text, ()))
        for size in sorted({len(literal) for literal in self.heads}):
            found |= self.heads.get(text[:size], set())
        for size in sorted({len(literal) for literal in self.tails}):
            found |= self.tails.get(text[-size:], set())
        for size in sorted({len(literal) for literal in self.parts}):
            for start in range(len(text) - size + 1):
                found |= self.parts.get(text[start : start + size], set())
        found.update(number for pattern, number in self.others if holds(pattern, value, row))
        return found


class Index:
    """Predicates by what they need.

    Attributes:
        always: numbers of those that need nothing.
    """

    def __init__(self, predicates: Mapping[int, Predicate]) -> None:
        self.always: set[int] = set()
        self._shelves: dict[str, _Shelf] = defaultdict(_Shelf)
        for number, predicate in predicates.items():
            needed = need(predicate)
            if needed is None:
                self.always.add(number)
                continue
            for atom in needed:
                match atom:
                    case Match(field=field, pattern=pattern):
                        self._shelves[field].add(pattern, number)
                    case Keyword(pattern=Glob(form="equals") as pattern) if not pattern.cased:
                        self._shelves[_RAW].parts[fold(pattern.literal)].add(number)
                    case Keyword():
                        # A search of another form is left to the evaluator.
                        self.always.add(number)

    def candidates(self, event: Witness) -> Iterator[int]:
        """The predicates that can hold on the event, in order; some that don't are among them."""
        found = set(self.always)
        for field, value in {**event.values, _RAW: event.raw}.items():
            if field in self._shelves:
                found |= self._shelves[field].found(value, event.values)
        yield from sorted(found)
