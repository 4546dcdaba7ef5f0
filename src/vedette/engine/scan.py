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

    def literals(self, folded: Sequence[str]) -> list[tuple[int, ...]]:
        """For each folded text the numbers of the needles that occur where they must."""
        ...

    def expressions(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
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
        self._always = (*atoms.untamed, *self._scanner.refused)
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
            for place in [place for place, text in enumerate(folded) if text in exact]:
                found[place] += self._passing(exact[folded[place]], texts[place], folded[place])
        if self._sieved or self._always:
            self._search(found, texts)
        if self._typed is not None:
            for place, value in enumerate(values):
                found[place] += tuple(self._typed.find(value))
        return [tuple(sorted(numbers)) if len(numbers) > 1 else numbers for numbers in found]

    def _sift(self, found: list[tuple[int, ...]], texts: list[str], folded: list[str]) -> None:
        unsure = self._unsure
        for place, numbers in enumerate(found):
            if numbers and not unsure.isdisjoint(numbers):
                found[place] = self._passing(numbers, texts[place], folded[place])

    def _passing(self, numbers: Sequence[int], text: str, folded: str) -> tuple[int, ...]:
        unsure = self._unsure
        return tuple([number for number in numbers if number not in unsure or self._test(number)(text, folded)])

    def _search(self, found: list[tuple[int, ...]], texts: list[str]) -> None:
        clean = [searchable(text) for text in texts]
        maybe: list[tuple[int, ...]] = [()] * len(clean)
        if self._sieved:
            maybe = self._scanner.expressions(clean)
            for place in [place for place, text in enumerate(clean) if not text.isascii()]:
                # Dialects may fold other alphabets differently; where case plays a part, RE2 alone reads such text.
                maybe[place] = (*self._folding, *(number for number in maybe[place] if number not in self._folding))
        if self._always:
            maybe = [numbers + self._always for numbers in maybe]
        for place, numbers in enumerate(maybe):
            if numbers:
                text = clean[place]
                found[place] += tuple([number for number in numbers if self._test(number)(text, "")])

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
