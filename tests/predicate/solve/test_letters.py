"""Sets of letters: exact by case, and parted where a set tells letters apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import ALPHABET

from vedette.predicate import fold
from vedette.predicate.solve.letters import (
    EVERY,
    LAST,
    Letters,
    case_closed,
    classes,
    complement,
    holds_letter,
    orbit,
    representative,
    union,
)

POINTS = st.sampled_from([0, 9, 10, 47, 65, 97, 0x7F, 0x17F, 0xD7FF, 0xE000, 0x10FFFF]) | st.integers(0, 0xD7FF)
SETS = st.lists(
    st.tuples(POINTS, POINTS).map(lambda pair: (min(pair), max(pair))).map(lambda pair: (pair,)), max_size=4
)


def sets() -> st.SearchStrategy[Letters]:
    return SETS.map(lambda found: complement(complement(union(*found))))


def test_an_orbit_is_all_letters_that_fold_alike():
    by_fold: dict[str, set[int]] = {}
    points = [*range(0xD800), *range(0xE000, LAST + 1)]
    for point, folded in zip(points, fold("".join(map(chr, points))), strict=True):
        by_fold.setdefault(folded, set()).add(point)
    for character in [*ALPHABET, *map(chr, range(0x250)), "\u0390", "\ufb06", "\u1c80"]:
        found = {point for low, high in orbit(character) for point in range(low, high + 1)}
        assert found == by_fold[fold(character)], character


@given(sets(), sets(), POINTS)
def test_union_and_complement(one: Letters, other: Letters, point: int):
    assert holds_letter(union(one, other), point) == (holds_letter(one, point) or holds_letter(other, point))
    assert holds_letter(complement(one), point) != holds_letter(one, point)
    assert complement(complement(one)) == one


@given(sets(), st.sampled_from(ALPHABET))
def test_closed_by_case(letters: Letters, character: str):
    mates = [low for low, _ in orbit(character)]
    assert holds_letter(case_closed(letters), ord(character)) == any(holds_letter(letters, mate) for mate in mates)


@given(st.lists(sets(), max_size=4), POINTS, POINTS)
def test_parts_are_what_no_set_tells_apart(found: list[Letters], one: int, other: int):
    parts = classes(found)
    assert union(*parts) == EVERY
    homes = [next(index for index, part in enumerate(parts) if holds_letter(part, point)) for point in (one, other)]
    alike = all(holds_letter(letters, one) == holds_letter(letters, other) for letters in found)
    assert (homes[0] == homes[1]) == alike


def test_what_shows_a_part():
    assert representative(((0x41, 0x5A),), "xM") == ord("M")
    assert representative(((0x30, 0x7A),), "") == ord("a")
    assert representative(((0x2000, 0x2100),), "a") == 0x2000
