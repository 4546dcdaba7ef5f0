"""The patterns of one vocabulary, numbered, and sorted by how a scan finds them."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from typing import Final

import msgspec

from vedette.engine.needle import Needle, needle, tame
from vedette.predicate import Glob, Pattern, Regex

_PATTERNS: Final = msgspec.msgpack.Decoder(tuple[Pattern, ...])
_NEEDLES: Final = msgspec.msgpack.Decoder(tuple[tuple[int, Needle], ...])


class Atoms(msgspec.Struct, frozen=True, dict=True):
    """The numbered patterns that one vocabulary is scanned for.

    Attributes:
        vocabulary: its name.
        packed: all patterns by number, in MessagePack, unpacked when first needed.
        needles: pairs of number and Needle, packed likewise.
        exact: numbers by folded text that the whole value must be.
        unsure: Globs whose find must be put to the test.
        expressions: expressions that a back end may sieve.
        untamed: expressions that RE2 alone reads.
        typed: patterns on numbers, addresses and times.
        digest: of everything that a back end compiles.
    """

    vocabulary: str
    packed: bytes
    needles: bytes
    exact: dict[str, tuple[int, ...]]
    unsure: tuple[int, ...]
    expressions: tuple[int, ...]
    untamed: tuple[int, ...]
    typed: tuple[int, ...]
    digest: str

    @functools.cached_property
    def patterns(self) -> tuple[Pattern, ...]:
        """All patterns by number."""
        return _PATTERNS.decode(self.packed)

    def pattern(self, number: int) -> Pattern:
        """One pattern."""
        return self.patterns[number]

    def literals(self) -> tuple[tuple[int, Needle], ...]:
        """The needles with their numbers."""
        return _NEEDLES.decode(self.needles)


def gather(vocabulary: str, patterns: Sequence[Pattern]) -> Atoms:
    """Number and sort the patterns of a vocabulary; each must be scannable (see `guard.scannable`)."""
    needles: list[tuple[int, Needle]] = []
    exact: dict[str, list[int]] = {}
    unsure: list[int] = []
    expressions: list[int] = []
    untamed: list[int] = []
    typed: list[int] = []
    for number, pattern in enumerate(patterns):
        match pattern:
            case Glob():
                sought = needle(pattern)
                if sought.start and sought.end:
                    exact.setdefault(sought.literal, []).append(number)
                else:
                    needles.append((number, sought))
                if not sought.sure:
                    unsure.append(number)
            case Regex():
                (expressions if tame(pattern) else untamed).append(number)
            case _:
                typed.append(number)
    packed_needles = msgspec.msgpack.encode(needles)
    compiled = [packed_needles, msgspec.msgpack.encode([(number, patterns[number]) for number in expressions])]
    return Atoms(
        vocabulary,
        msgspec.msgpack.encode(patterns),
        packed_needles,
        {text: tuple(numbers) for text, numbers in exact.items()},
        tuple(unsure),
        tuple(expressions),
        tuple(untamed),
        tuple(typed),
        hashlib.sha256(b"\0".join(compiled)).hexdigest(),
    )
