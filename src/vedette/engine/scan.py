"""Which of a vocabulary's patterns hold on its values: the part that all back ends share.

A back end looks for literals in folded text and for expressions in the text as it is, and may find too much but never
too little. What it finds is put to the exact test here, so that the back ends can't differ in their answers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Protocol

from vedette.engine.atoms import Atoms
from vedette.engine.needle import Test, ignores_case, searchable, text_test
from vedette.engine.typed import TypedScan
from vedette.predicate import Glob, Pattern, Regex, Value, fold
from vedette.predicate.evaluate import text_of


class Scanner(Protocol):
    """A back end for one vocabulary's text patterns.

    Attributes:
        refused: numbers of expressions that it can't take; they are tried on every value.
    """

    refused: frozenset[int]

    def literals(self, folded: Sequence[str]) -> list[list[int]]:
        """For each folded text the numbers of the needles that occur where they must."""
        ...

    def expressions(self, texts: Sequence[str]) -> list[list[int]]:
        """For each text, none of which holds surrogates, the numbers of the expressions that may match."""
        ...


class Scan:
    """All patterns of one vocabulary, asked for distinct values."""

    def __init__(self, atoms: Atoms, make: Callable[[Atoms], Scanner]) -> None:
        """Prepare the scan of `atoms` by the back end that `make` gives."""
        self._atoms = atoms
        self._scanner = make(atoms)
        self._exact = atoms.exact
        self._unsure = frozenset(atoms.unsure)
        self._tests: dict[int, Test] = {}
        self._typed = TypedScan((number, self._pattern(number)) for number in atoms.typed) if atoms.typed else None
        self._always = sorted({*atoms.untamed, *self._scanner.refused})
        self._sieved = [number for number in atoms.expressions if number not in self._scanner.refused]

    def find(self, values: Sequence[Value]) -> list[tuple[int, ...]]:
        """For each value the numbers of all patterns that hold on it, ascending."""
        texts = [text_of(value) for value in values]
        folded = [fold(text) for text in texts]
        found = self._scanner.literals(folded)
        if self._unsure:
            self._sift(found, texts, folded)
        if self._exact:
            exact = self._exact
            for place, text in enumerate(folded):
                if text in exact:
                    found[place] = found[place] + [
                        number
                        for number in exact[text]
                        if number not in self._unsure or self._test(number)(texts[place], text)
                    ]
        if self._sieved or self._always:
            self._search(found, texts)
        if self._typed is not None:
            for place, value in enumerate(values):
                found[place] = found[place] + self._typed.find(value)
        return [tuple(sorted(numbers)) if numbers else () for numbers in found]

    def _sift(self, found: list[list[int]], texts: list[str], folded: list[str]) -> None:
        unsure = self._unsure
        for place, numbers in enumerate(found):
            if numbers and not unsure.isdisjoint(numbers):
                found[place] = [
                    number
                    for number in numbers
                    if number not in unsure or self._test(number)(texts[place], folded[place])
                ]

    def _search(self, found: list[list[int]], texts: list[str]) -> None:
        clean = [searchable(text) for text in texts]
        sieved = self._scanner.expressions(clean) if self._sieved else [[] for _ in clean]
        for place, text in enumerate(clean):
            maybe = sieved[place]
            if self._sieved and not text.isascii():
                # Dialects may fold other alphabets differently; where case plays a part, RE2 alone reads such text.
                maybe = [*self._folding, *(number for number in maybe if number not in self._folding)]
            if self._always:
                maybe = [*maybe, *self._always]
            if maybe:
                found[place] = found[place] + [number for number in maybe if self._test(number)(text, "")]

    def _test(self, number: int) -> Test:
        test = self._tests.get(number)
        if test is None:
            pattern = self._pattern(number)
            assert isinstance(pattern, Glob | Regex)
            test = self._tests[number] = text_test(pattern)
        return test

    def _pattern(self, number: int) -> Pattern:
        return self._atoms.pattern(number)

    @functools.cached_property
    def _folding(self) -> frozenset[int]:
        patterns = ((number, self._pattern(number)) for number in self._sieved)
        return frozenset(number for number, pattern in patterns if isinstance(pattern, Regex) and ignores_case(pattern))
