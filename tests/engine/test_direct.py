from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.strategies_predicate import asked, patterns, words

from vedette.engine.direct import direct_test
from vedette.predicate import Pattern, Reference, contains, endswith, equals, holds, startswith

plain: st.SearchStrategy[Pattern] = patterns.filter(lambda pattern: not isinstance(pattern, Reference))
simple: st.SearchStrategy[Pattern] = st.builds(
    lambda form, word: form(word), st.sampled_from([contains, endswith, equals, startswith]), words.filter(bool)
)


@given(asked(st.lists(plain, max_size=5)))
def test_passes_where_one_pattern_holds(case):
    several, values = case
    for value in [*values, ""]:
        assert direct_test(several)(value) == any(holds(pattern, value) for pattern in several)


@given(asked(st.lists(simple, min_size=1, max_size=3)))
def test_passes_where_a_simple_pattern_holds(case):
    several, values = case
    for value in values:
        assert direct_test(several)(value) == any(holds(pattern, value) for pattern in several)


@given(asked(st.lists(words.filter(bool).map(contains), min_size=1, max_size=3)))
def test_passes_where_a_part_is_contained(case):
    several, values = case
    for value in values:
        assert direct_test(several)(value) == any(holds(pattern, value) for pattern in several)
