from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.parity import add, compile_plan, new_shapes, queries
from tests.engine.strategies_predicate import predicates, rows, words

from vedette.engine import Matcher
from vedette.engine.keyword import keyword_guard
from vedette.predicate import (
    And,
    Compare,
    Keyword,
    Match,
    Not,
    Or,
    Regex,
    contains,
    endswith,
    equals,
    evaluate,
    glob,
    holds,
)

WORD, OTHER = Keyword(equals("evil")), Keyword(Regex("b[ae]d"))
SH = Match("Image", endswith("/sh"))
HASHES = Match("Hashes", contains("ab"))
ABSENT = frozenset({"Hashes"})


@given(predicates, rows, words)
def test_wherever_a_predicate_holds_its_guard_hits_the_raw_text(predicate, row, raw):
    guard = keyword_guard(predicate, ABSENT)
    single = {name.partition(".")[0]: value for name, value in row.items()}
    if guard is not None and evaluate(predicate, single, raw):
        assert any(holds(pattern, raw) for pattern in guard)


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (WORD, {contains("evil")}),
        (Or((WORD, OTHER)), {contains("evil"), OTHER.pattern}),
        (And((SH, WORD)), {contains("evil")}),
        (Or((SH, WORD)), None),
        (Or((HASHES, WORD)), {contains("evil")}),
        (Or((Not(HASHES), WORD)), None),
        (Not(WORD), None),
        (SH, None),
        (And((WORD, Match("ProcessId", Compare("eq", 7)))), {contains("evil")}),
        (Keyword(glob(["a"], cased=True)), {contains("a", cased=True)}),
    ],
)
def test_the_guard_of(predicate, expected):
    found = keyword_guard(predicate, ABSENT)
    assert (None if found is None else set(found)) == expected


def test_raw_texts_rule_candidates_out(tmp_path):
    pid = Match("ProcessId", Compare("eq", 7))
    compiled = compile_plan(queries(WORD, And((SH, OTHER)), SH, And((SH, pid)), Not(WORD), Or((WORD, SH))))
    assert [query.confirm for query in compiled.queries] == [True, True, False, True, True, True]
    assert compiled.sifted == {0, 1}
    shapes = new_shapes()
    matcher = Matcher(compiled, shapes, cache_dir=tmp_path)
    numbers = [add(shapes, {"Image.resolved": image}) for image in ("/bin/sh", "/bin/sh", "/bin/ls")]
    matcher.update()
    sift = {number: [hit.query for hit in matcher.hits[number] if hit.sift] for number in numbers}
    assert sift == {0: [0, 1], 1: [0]}
    left = matcher.sift(numbers, ["so EVIL", "so bad", "so good"])
    assert [[hit.query for hit in hits] for hits in left] == [[0, 2, 3, 4, 5], [1, 2, 3, 4, 5], [4, 5]]


@given(st.lists(words, max_size=4))
def test_without_keywords_nothing_falls_away(cache, raws):
    shapes = new_shapes()
    matcher = Matcher(compile_plan(queries(SH)), shapes, cache_dir=cache)
    number = add(shapes, {"Image.resolved": "/bin/sh"})
    matcher.update()
    assert matcher.sift([number] * len(raws), raws) == [matcher.hits[number]] * len(raws)
