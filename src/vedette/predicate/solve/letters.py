"""Sets of code points as sorted ranges, and which letters a question can't tell apart.

Half of a surrogate pair is no letter: no encoding can carry one, so no value holds one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Final, TypeAlias

from vedette.predicate.fold import fold

#: Sorted, disjoint, not adjacent; both ends belong to the range.
Letters: TypeAlias = tuple[tuple[int, int], ...]

LAST: Final = 0x10FFFF
EVERY: Final[Letters] = ((0, 0xD7FF), (0xE000, LAST))
#: No letter beyond it has a case.
_LAST_CASED: Final = 0x1E943
#: What a witness is made of first.
_PREFERRED: Final = (
    "abcdefghijklmnopqrstuvwxyz0123456789-_/.ABCDEFGHIJKLMNOPQRSTUVWXYZ =:,;+@%\\*?'\"()[]{}<>!#$&|~^`\n\t"
)
RANK: Final = {ord(character): rank for rank, character in enumerate(_PREFERRED)}


def union(*sets: Letters) -> Letters:
    """All letters of all sets."""
    ranges = sorted(pair for letters in sets for pair in letters)
    joined: list[tuple[int, int]] = []
    for low, high in ranges:
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def complement(letters: Letters) -> Letters:
    """All letters that are not in the set."""
    out: list[tuple[int, int]] = []
    for first, last in EVERY:
        start = first
        for low, high in letters:
            if high < start or low > last:
                continue
            if low > start:
                out.append((start, low - 1))
            start = high + 1
        if start <= last:
            out.append((start, last))
    return tuple(out)


def holds_letter(letters: Letters, letter: int) -> bool:
    """Whether the code point is in the set."""
    return any(low <= letter <= high for low, high in letters)


@functools.lru_cache(maxsize=1)
def _mates() -> dict[int, tuple[int, ...]]:
    """Folded letter to all letters that fold to it, where there are several."""
    groups: dict[int, list[int]] = {}
    for letter in range(_LAST_CASED + 1):
        folded = ord(fold(chr(letter)))
        if folded != letter:
            groups.setdefault(folded, [folded]).append(letter)
    return {folded: tuple(sorted(letters)) for folded, letters in groups.items()}


@functools.lru_cache(maxsize=4096)
def orbit(character: str) -> Letters:
    """All letters that fold as `character` does."""
    if character.isascii() and character.lower() not in "ks":
        return union(*(((ord(letter), ord(letter)),) for letter in (character.lower(), character.upper())))
    if character in "kK":
        return ((0x4B, 0x4B), (0x6B, 0x6B), (0x212A, 0x212A))
    if character in "sS":
        return ((0x53, 0x53), (0x73, 0x73), (0x17F, 0x17F))
    folded = ord(fold(character))
    return union(*(((letter, letter),) for letter in _mates().get(folded, (folded,))))


@functools.lru_cache(maxsize=1024)
def case_closed(letters: Letters) -> Letters:
    """The set with every letter that folds as one of its own."""
    if letters and letters[-1][1] < 0x80:
        return union(letters, *(orbit(chr(c)) for low, high in letters for c in range(low, high + 1)))
    extra = [
        ((mate, mate),)
        for group in _mates().values()
        if any(holds_letter(letters, mate) for mate in group)
        for mate in group
    ]
    return union(letters, *extra)


def classes(sets: Iterable[Letters]) -> list[Letters]:
    """All letters, parted so that no set tells two letters of one part apart."""
    toggles: dict[int, int] = {}
    distinct = list(dict.fromkeys(sets))
    for place, letters in enumerate([*distinct, EVERY]):
        for low, high in letters:
            toggles[low] = toggles.get(low, 0) ^ (1 << place)
            toggles[high + 1] = toggles.get(high + 1, 0) ^ (1 << place)
    valid = 1 << len(distinct)
    parts: dict[int, list[tuple[int, int]]] = {}
    signature, points = 0, sorted(toggles)
    for point, following in zip(points, [*points[1:], LAST + 1], strict=True):
        signature ^= toggles[point]
        if signature & valid:
            parts.setdefault(signature, []).append((point, following - 1))
    return [tuple(ranges) for ranges in parts.values()]


def representative(letters: Letters, written: str) -> int:
    """The letter that shows a part best: one that a pattern writes, else the plainest."""
    for character in written:
        if holds_letter(letters, ord(character)):
            return ord(character)
    best = (
        min((rank, letter) for letter, rank in RANK.items() if holds_letter(letters, letter)) if _plain(letters) else ()
    )
    return best[1] if best else letters[0][0]


def _plain(letters: Letters) -> bool:
    return any(holds_letter(letters, letter) for letter in RANK)
