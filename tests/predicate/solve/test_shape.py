"""What shows at a glance is true: implications and clashes of two wildcards."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import globs, near

from vedette.predicate import Glob, Keyword, Match, Present, Regex, contains, endswith, equals, glob, startswith
from vedette.predicate.evaluate import holds as matches
from vedette.predicate.pattern import Pattern, Wild
from vedette.predicate.solve.shape import Shape, shape_of


def shape(pattern: Pattern) -> Shape:
    return shape_of(Match("f", pattern))


def few() -> st.SearchStrategy[Glob]:
    tokens = st.lists(st.sampled_from(list(Wild)) | st.text("aAb", max_size=2), max_size=4)
    return st.builds(lambda parts, cased: glob(parts, cased=cased), tokens, st.booleans())


@given(few() | globs(), few() | st.just(Present()), st.data())
def test_what_is_plain_is_true(one: Glob, other: Pattern, data: st.DataObject):
    text = data.draw(near(one))
    left, right = shape(one), shape(other)
    assert left.test(text) == matches(one, text)
    if matches(one, text):
        assert not left.implies(right) or matches(other, text)
        if isinstance(other, Glob):
            assert not left.clashes(right) or not matches(other, text)


def test_plain_cases_are_seen():
    assert shape(endswith("/iptables")).implies(shape(contains("tables")))
    assert shape(equals("ab")).implies(shape(startswith("A")))
    assert not shape(equals("ab")).implies(shape(startswith("A", cased=True)))
    assert shape(contains("ab")).implies(shape(Present()))
    assert shape(startswith("a")).clashes(shape(startswith("b")))
    assert shape(endswith("a")).clashes(shape(endswith("ba"))) is False
    assert shape(equals("a")).clashes(shape(endswith("b")))


def test_a_keyword_is_a_search():
    plain = shape_of(Keyword(glob(["ab"])))
    assert plain.test("xABx")
    assert shape_of(Keyword(glob([Wild.ANY, "ab", Wild.ANY]))).pattern == plain.pattern
    assert shape_of(Keyword(Regex("a$"))).pattern == Regex("a$")
    assert plain.field == shape_of(Keyword(Regex("a$"))).field != "raw"


def test_middles_stand_in_order():
    assert shape(glob(["a", Wild.ANY, "b", Wild.ONE, Wild.ANY, "c"])).middles == ("a", "ba", "c")
    assert shape(Regex(r"ab{2}\d")).middles == ("abb0",)
    assert shape(Regex("(?=a)")).middles == ()
