"""The Polars back end: no compiler, no cache, the same answers; fallback and cross-check of the Hyperscan back end.

Each folded text is put between two marks, and a literal that must stand at the start or the end carries the mark, so
that all become plain substrings, found by one Aho-Corasick automaton. Characters that serve as marks are escaped in
texts and literals alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl

from vedette.engine.atoms import Atoms
from vedette.engine.needle import Needle
from vedette.predicate import Regex
from vedette.predicate.regex import portable

_START: Final = "\ue000"
_END: Final = "\ue001"
# An escape is one head and two tails. Heads and tails are apart and are escaped themselves, so that an escaped literal
# can only be found where the literal stands.
_HEAD: Final = "\ue002"
_TAILS: Final = "\ue003\ue004\ue005"
_MARKS: Final = _START + _END + _HEAD + _TAILS
# Lone surrogates can't be encoded and stand in no pattern; the last escape is for all of them.
_ESCAPES: Final = dict.fromkeys(range(0xD800, 0xE000), _HEAD + _TAILS[2] + _TAILS[2]) | {
    ord(mark): _HEAD + _TAILS[place // len(_TAILS)] + _TAILS[place % len(_TAILS)] for place, mark in enumerate(_MARKS)
}
#: Texts go to Polars in batches of about so many characters.
_BATCH_CHARACTERS: Final = 16_000_000


class PolarsScan:
    """Scans by Polars; see `scan.Scanner`."""

    refused: frozenset[int]

    def __init__(self, atoms: Atoms) -> None:
        """Take the literals and expressions of `atoms`."""
        numbers: dict[str, list[int]] = {}
        for number, needle in atoms.literals():
            numbers.setdefault(_spell(needle), []).append(number)
        self._literals = list(numbers)
        self._numbers = list(numbers.values())
        self._places = {literal: place for place, literal in enumerate(self._literals)}
        self._expressions: list[tuple[int, str]] = []
        refused = []
        for number in atoms.expressions:
            pattern = atoms.pattern(number)
            assert isinstance(pattern, Regex)
            source = portable(pattern, word_boundary=r"(?-u:\b)")
            try:
                pl.Series([""]).str.contains(source)
            except pl.exceptions.ComputeError:
                refused.append(number)
            else:
                self._expressions.append((number, source))
        self.refused = frozenset(refused)

    def literals(self, folded: Sequence[str]) -> list[tuple[int, ...]]:
        """For each folded text the numbers of the needles that occur where they must."""
        found: list[list[int]] = [[] for _ in folded]
        if not self._literals:
            return [()] * len(folded)
        for first, texts in _batches(folded):
            wrapped = pl.Series([_START + _escape(text) + _END for text in texts], dtype=pl.String)
            hits = (
                pl.DataFrame({"place": pl.int_range(first, first + len(texts), eager=True), "text": wrapped})
                .select("place", pl.col("text").str.extract_many(self._literals, overlapping=True).list.unique())
                .explode("text")
                .drop_nulls("text")
            )
            for place, literal in hits.iter_rows():
                found[place] += self._numbers[self._places[literal]]
        return [tuple(numbers) for numbers in found]

    def expressions(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """For each text the numbers of the expressions that may match."""
        found: list[list[int]] = [[] for _ in texts]
        for first, batch in _batches(texts):
            series = pl.Series(batch, dtype=pl.String)
            for number, source in self._expressions:
                for place in series.str.contains(source).arg_true():
                    found[first + place].append(number)
        return [tuple(numbers) for numbers in found]


def _batches(texts: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    first = size = 0
    for place, text in enumerate(texts):
        size += len(text)
        if size >= _BATCH_CHARACTERS:
            yield first, texts[first : place + 1]
            first, size = place + 1, 0
    if first < len(texts):
        yield first, texts[first:]


def _spell(needle: Needle) -> str:
    return (_START if needle.start else "") + _escape(needle.literal) + (_END if needle.end else "")


def _escape(text: str) -> str:
    return text if text.isascii() else text.translate(_ESCAPES)
