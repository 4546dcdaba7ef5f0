from __future__ import annotations

import msgspec
import pytest
from tests.engine.parity import COLUMNS, PER_EVENT, VOCABULARIES, compile_plan, queries

from vedette.engine import Plan, plan
from vedette.engine.tree import All, Fixed, Inverse, Pair, Probe, Some, plant
from vedette.predicate import (
    FALSE,
    TRUE,
    And,
    Compare,
    Keyword,
    Match,
    Not,
    Or,
    Pattern,
    Present,
    Reference,
    contains,
    endswith,
    equals,
)

SH = Match("Image", endswith("/sh"))
HASHES = Match("Hashes", contains("ab"))
EVIL = Match("CommandLine", contains("evil"))


def test_queries_that_need_absent_fields_are_dead_and_say_why():
    compiled = compile_plan(queries(SH, And((SH, HASHES)), Or((SH, HASHES)), FALSE))
    assert [query.key for query in compiled.queries] == ["0", "2"]
    assert compiled.dead == {"1": ("Hashes",), "3": ()}


def test_candidates_are_marked():
    pid = Match("ProcessId", Compare("lt", 9))
    compiled = compile_plan(queries(SH, And((SH, pid)), And((SH, Keyword(contains("x")))), And((SH, Not(HASHES)))))
    assert [query.confirm for query in compiled.queries] == [False, True, True, False]


def test_only_guards_are_scanned():
    asked = And((Match("CommandLine", contains("a")), Match("CommandLine", contains("very rare"))))
    compiled = compile_plan(queries(asked))
    assert compiled.atoms["command"].patterns == (contains("very rare"),)
    assert compiled.scanned == ("CommandLine",)
    assert list(compiled.guards) == ["CommandLine"]
    assert compiled.unguarded == ()


def test_queries_without_a_guard_have_all_their_leaves_scanned():
    compiled = compile_plan(queries(Not(EVIL), Not(Match("CommandLine", Present()))))
    assert compiled.unguarded == (0, 1)
    assert compiled.atoms["command"].patterns == (EVIL.pattern,)
    assert compiled.queries[0].tree() == Inverse(Probe("CommandLine", (0,)))
    assert compiled.queries[1].tree() == Inverse(Probe("CommandLine", (), (Present(),)))


def test_a_pattern_scanned_for_one_field_is_not_taken_as_scanned_for_another():
    asked = And((Match("CommandLine", contains("very rare")), Not(Match("ParentCommandLine", contains("very rare")))))
    compiled = compile_plan(queries(asked))
    parent = Probe("ParentCommandLine", (), (contains("very rare"),))
    assert compiled.queries[0].tree() == All((Probe("CommandLine", (0,)), Inverse(parent)))


def test_plans_survive_their_cache():
    asked = queries(SH, EVIL, Not(SH), And((SH, HASHES)), Match("UserId", Compare("eq", 0)))
    made = plan(asked, COLUMNS, tuple(VOCABULARIES.values()), choice="both", per_event=PER_EVENT)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=Plan) == made


def test_equal_input_gives_equal_plans():
    first, second = (msgspec.msgpack.encode(compile_plan(queries(SH, Or((EVIL, SH)), EVIL))) for _ in range(2))
    assert first == second


def test_columns_and_vocabularies_must_pair():
    with pytest.raises(ValueError, match="one vocabulary a column"):
        plan([], COLUMNS, ("path",), choice="both", per_event=PER_EVENT)


def test_no_queries_make_an_empty_plan():
    compiled = compile_plan([])
    assert (compiled.queries, compiled.atoms, compiled.guards, compiled.unguarded) == ((), {}, {}, ())


def test_trees_join_the_leaves_of_a_field():
    number: dict[Pattern, int] = {equals("a"): 0, equals("b"): 1}
    tree = plant(
        Or(
            (
                Match("User", equals("a")),
                Match("User", contains("c")),
                Match("User", equals("b")),
                Match("Image", equals("a")),
                Match("User", Reference("Image")),
                Not(And((EVIL, TRUE))),
            )
        ),
        lambda _field, pattern: number.get(pattern),
    )
    assert tree == Some(
        (
            Probe("Image", (0,)),
            Probe("User", (0, 1), (contains("c"),)),
            Inverse(All((Fixed(True), Probe("CommandLine", (), (EVIL.pattern,))))),
            Pair("User", Reference("Image")),
        )
    )
