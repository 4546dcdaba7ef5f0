"""What values fields can have: each field by its kind, fields that refer to one another together."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from vedette.predicate.evaluate import Row as Fields
from vedette.predicate.evaluate import Value, holds
from vedette.predicate.pattern import Pattern, Reference, TimePart
from vedette.predicate.solve import address, clock
from vedette.predicate.solve.automaton import Automaton, Positions
from vedette.predicate.solve.integer import DIGITS, Decimal
from vedette.predicate.solve.outcome import Budget, Kinds, Vocabulary
from vedette.predicate.solve.shape import Shape
from vedette.predicate.solve.syntax import Any, single
from vedette.predicate.solve.syntax import Sequence as Row
from vedette.predicate.solve.text import ANY_TEXT, Clash, Domain, Texts

_INTEGER: Final = re.compile(rf"0|-?[1-9][0-9]{{0,{DIGITS - 1}}}|")
_NUMBERS: Final = Decimal(None, None, canonical=True)
NUMBER: Final = Domain(lambda text: _INTEGER.fullmatch(text) is not None, lambda: _NUMBERS)
ADDRESS: Final = Domain(lambda text: text == "" or address.canonical(text), address.domain, exact=False, folded=True)
_SYNONYMS: Final = {"integer": "number", "ip": "address"}


class Theory:
    """The fields of one question.

    Args:
        shapes: the shape of each atom by number.
        kinds: field to kind; a field without one is text, or a time if a part of one is asked for.
        vocabulary: closed sets of values.
        budget: what the question may still cost.
        short: prefer shorter texts to those that read better.
    """

    def __init__(
        self, shapes: Mapping[int, Shape], kinds: Kinds, vocabulary: Vocabulary, budget: Budget, *, short: bool = False
    ) -> None:
        self.shapes = shapes
        self.kinds = kinds
        self.vocabulary = vocabulary
        self.budget = budget
        self.short = short
        self.known: dict[tuple[int, ...], Value | Clash] = {}
        self.timed = frozenset(shape.field for shape in shapes.values() if isinstance(shape.pattern, TimePart))

    def kind(self, field: str) -> str:
        """What the values of a field are."""
        kind = self.kinds.get(field, "time" if field in self.timed else "text")
        return _SYNONYMS.get(kind, kind)

    def domain(self, field: str) -> Domain:
        """What texts a field can hold."""
        if field in self.vocabulary:
            values = self.vocabulary[field]
            return Domain(lambda text: text in values, functools.partial(_listed, values))
        return {"number": NUMBER, "address": ADDRESS}.get(self.kind(field), ANY_TEXT)

    def decide(self, field: str, literals: Sequence[int]) -> Value | Clash:
        """A value of one field that obeys the literals, or some of these that none obeys.

        Raises:
            GaveUpError: neither was found.
        """
        key = tuple(literals)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self._decide(field, key)
        return found

    def _decide(self, field: str, literals: tuple[int, ...]) -> Value | Clash:
        if field in self.vocabulary:
            return self._among(field, literals)
        kind = self.kind(field)
        if kind == "time" or (kind == "number" and self.has_time_part(literals)):
            return self._time(literals)
        texts = Texts(literals, self.shapes, self.domain(field), self.budget, short=self.short)
        found = texts.decide()
        return self.value(field, found) if isinstance(found, str) else found

    def value(self, field: str, text: str) -> Value:
        """A text as the field holds it: an integer for a number."""
        return int(text) if text and self.kind(field) == "number" else text

    def fits(self, literals: Sequence[int], value: Value, row: Fields | None = None) -> bool:
        """Whether the reference evaluator agrees that the value obeys the literals."""
        return all(holds(self._pattern(literal), value, row) == (literal > 0) for literal in literals)

    def has_time_part(self, literals: Iterable[int]) -> bool:
        """Whether a literal reads a part of a time."""
        return any(isinstance(self._pattern(literal), TimePart) for literal in literals)

    def _pattern(self, literal: int) -> Pattern:
        return self.shapes[abs(literal)].pattern

    def _among(self, field: str, literals: tuple[int, ...]) -> Value | Clash:
        values = [
            self.value(field, text) for text in sorted(self.vocabulary[field], key=lambda text: (len(text), text))
        ]

        def possible(chosen: Sequence[int]) -> Value | None:
            return next((value for value in values if self.fits(chosen, value)), None)

        found = possible(literals)
        return found if found is not None else _fewest(literals, lambda chosen: possible(chosen) is None)

    def _time(self, literals: tuple[int, ...]) -> Value | Clash:
        def search(chosen: Sequence[int]) -> Value | None:
            return clock.find([(self._pattern(literal), literal > 0) for literal in chosen], self.budget)

        found = search(literals)
        return found if found is not None else _fewest(literals, lambda chosen: search(chosen) is None)

    def is_reference(self, literal: int) -> bool:
        """Whether the literal compares two fields."""
        return isinstance(self._pattern(literal), Reference)


@functools.lru_cache(maxsize=256)
def _listed(values: frozenset[str]) -> Automaton:
    tree = Any(tuple(Row(tuple(single(letter, cased=True) for letter in text)) for text in sorted(values)))
    return Positions(tree, open_start=False, open_end=False, written="", size=100_000)


def _fewest(literals: Sequence[int], clash: Callable[[Sequence[int]], bool]) -> Clash:
    kept = list(literals)
    for literal in literals:
        fewer = [other for other in kept if other != literal]
        if clash(fewer):
            kept = fewer
    return Clash(tuple(kept))
