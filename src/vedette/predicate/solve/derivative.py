"""Languages as terms and their derivatives: the checker's own way to show that no text meets a set of patterns.

A term says what may still follow. Its derivative by a letter says what may follow after it, given what stands on either
side of the place (`before` and `after`), which decides assertions. A term from which no derivative accepts the end has
no text. Nothing here is shared with the automata of the solver.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

#: Ranges of code points, both ends in.
Ranges: TypeAlias = tuple[tuple[int, int], ...]

EDGE: Final = -1
_SURROGATES: Final = (0xD800, 0xDFFF)
LAST: Final = 0x10FFFF
ALL: Final[Ranges] = ((0, LAST),)
WORD: Final[Ranges] = ((48, 57), (65, 90), (95, 95), (97, 122))
NEWLINE: Final = 10


class TooLargeError(Exception):
    """The argument would cost more than the checker spends."""


class Terms:
    """Terms by number, each made once.

    Args:
        most: how many terms may be made.
    """

    def __init__(self, most: int = 200_000) -> None:
        self._most = most
        self._nodes: list[tuple[object, ...]] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self._derived: dict[tuple[int, int, int], int] = {}
        self.sets: set[Ranges] = set()
        self.looks = False
        self.none = self._make("or", frozenset())
        self.empty = self._make("cat")
        self.any = self.star(self.letters(ALL))
        self.some = self.cat(self.letters(ALL), self.any)

    def _make(self, *node: object) -> int:
        number = self._numbers.get(node)
        if number is None:
            number = self._numbers[node] = len(self._nodes)
            self._nodes.append(node)
            if number > self._most:
                raise TooLargeError
        return number

    def letters(self, ranges: Ranges) -> int:
        """One letter out of the ranges."""
        if not ranges:
            return self.none
        self.sets.add(ranges)
        return self._make("set", ranges)

    def look(self, kind: str) -> int:
        """A place: `^`, `$`, `m^`, `m$` or `b`."""
        self.looks = True
        self.sets.update((WORD, ((NEWLINE, NEWLINE),)))
        return self._make("look", kind)

    def cat(self, *parts: int) -> int:
        """One after the other."""
        flat: list[int] = []
        for part in parts:
            node = self._nodes[part]
            flat.extend(node[1:] if node[0] == "cat" else [part])  # type: ignore[arg-type]  # children are numbers
        if self.none in flat:
            return self.none
        return flat[0] if len(flat) == 1 else self._make("cat", *flat)

    def star(self, part: int) -> int:
        """The part any number of times."""
        return self.empty if part in (self.none, self.empty) else self._make("star", part)

    def times(self, part: int, low: int, high: int | None) -> int:
        """The part from `low` to `high` times."""
        if high is None:
            return self.cat(*[part] * low, self.star(part))
        rest = self.empty
        for _ in range(high - low):
            rest = self.either(self.empty, self.cat(part, rest))
        return self.cat(*[part] * low, rest)

    def either(self, *parts: int) -> int:
        """Any of the parts."""
        flat: set[int] = set()
        for part in parts:
            node = self._nodes[part]
            flat.update(node[1] if node[0] == "or" else [part])  # type: ignore[arg-type]  # a set of numbers
        if self.any in flat:
            return self.any
        return flat.pop() if len(flat) == 1 else self._make("or", frozenset(flat))

    def both(self, parts: Iterable[int]) -> int:
        """All of the parts at once."""
        flat: set[int] = set()
        for part in parts:
            node = self._nodes[part]
            flat.update(node[1] if node[0] == "and" else [part])  # type: ignore[arg-type]  # a set of numbers
        flat.discard(self.any)
        if self.none in flat or any(self.negate(part) in flat for part in list(flat)):
            return self.none
        if not flat:
            return self.any
        return flat.pop() if len(flat) == 1 else self._make("and", frozenset(flat))

    def negate(self, part: int) -> int:
        """All texts but those of the part."""
        node = self._nodes[part]
        if node[0] == "not":
            return int(node[1])  # type: ignore[call-overload, no-any-return]  # a number
        if part == self.none:
            return self.any
        return self.none if part == self.any else self._make("not", part)

    def search(self, part: int) -> int:
        """Texts in which the part occurs."""
        return self.cat(self.any, part, self.any)

    def accepts_end(self, term: int, before: int, after: int) -> bool:
        """Whether the term holds for the empty text at a place between two letters (`EDGE` for none)."""
        kind, *rest = self._nodes[term]
        match kind:
            case "set":
                return False
            case "star":
                return True
            case "look":
                return _looks(str(rest[0]), before, after)
            case "cat":
                return all(self.accepts_end(part, before, after) for part in rest)  # type: ignore[arg-type]  # numbers
            case "not":
                return not self.accepts_end(rest[0], before, after)  # type: ignore[arg-type]  # a number
            case "or":
                return any(self.accepts_end(part, before, after) for part in rest[0])  # type: ignore[attr-defined]  # a set
            case _:
                return all(self.accepts_end(part, before, after) for part in rest[0])  # type: ignore[attr-defined]  # a set

    def derive(self, term: int, before: int, letter: int) -> int:
        """What may follow a letter."""
        key = (term, before, letter)
        known = self._derived.get(key)
        if known is None:
            known = self._derived[key] = self._derive(term, before, letter)
        return known

    def _derive(self, term: int, before: int, letter: int) -> int:
        kind, *rest = self._nodes[term]
        match kind:
            case "set":
                return self.empty if _holds(rest[0], letter) else self.none  # type: ignore[arg-type]  # ranges
            case "star":
                return self.cat(self.derive(rest[0], before, letter), term)  # type: ignore[arg-type]  # a number
            case "look":
                return self.none
            case "not":
                return self.negate(self.derive(rest[0], before, letter))  # type: ignore[arg-type]  # a number
            case "or":
                return self.either(*[self.derive(part, before, letter) for part in rest[0]])  # type: ignore[attr-defined]  # a set
            case "and":
                return self.both([self.derive(part, before, letter) for part in rest[0]])  # type: ignore[attr-defined]  # a set
        found = []
        for place, part in enumerate(rest):
            assert isinstance(part, int)
            found.append(self.cat(self.derive(part, before, letter), *rest[place + 1 :]))  # type: ignore[arg-type]  # numbers
            if not self.accepts_end(part, before, letter):
                break
        return self.either(*found)

    def hopeless(self, term: int, most: int = 20_000) -> bool:
        """Whether no text at all meets the term.

        Raises:
            TooLargeError: that would take more than `most` places.
        """
        letters = self._samples()
        seen = {(term, EDGE)}
        stack = [(term, EDGE)]
        while stack:
            place, before = stack.pop()
            if self.accepts_end(place, before, EDGE):
                return False
            for letter in letters:
                after = self.derive(place, before, letter)
                key = (after, _sort(letter) if self.looks else EDGE)
                if after != self.none and key not in seen:
                    seen.add(key)
                    stack.append(key)
            if len(seen) > most:
                raise TooLargeError
        return True

    def _samples(self) -> list[int]:
        """One letter for each way in which the sets of the terms can hold it."""
        cuts = {0, _SURROGATES[1] + 1}
        for ranges in self.sets:
            for low, high in ranges:
                cuts.update((low, high + 1))
        samples: dict[tuple[bool, ...], int] = {}
        sets = list(self.sets)
        for cut in sorted(cuts):
            if cut <= LAST and not _SURROGATES[0] <= cut <= _SURROGATES[1]:
                samples.setdefault(tuple(_holds(ranges, cut) for ranges in sets), cut)
        return list(samples.values())


def _holds(ranges: Ranges, letter: int) -> bool:
    return any(low <= letter <= high for low, high in ranges)


def _sort(letter: int) -> int:
    """A letter of the same sort for assertions: a newline, `a` or a blank."""
    if letter == NEWLINE:
        return NEWLINE
    return 97 if _holds(WORD, letter) else 32


def _looks(kind: str, before: int, after: int) -> bool:
    match kind:
        case "^":
            return before == EDGE
        case "$":
            return after == EDGE
        case "m^":
            return before in (EDGE, NEWLINE)
        case "m$":
            return after in (EDGE, NEWLINE)
        case _:
            return _holds(WORD, before) is not _holds(WORD, after)
