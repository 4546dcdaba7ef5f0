from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.strategies_predicate import addresses, globs, integers, literal_of, patterns, words

from vedette.engine.direct import direct_test
from vedette.predicate import Reference, contains, holds

plain = patterns.filter(lambda pattern: not isinstance(pattern, Reference))
values = words | globs.map(literal_of) | integers | addresses | st.just("")


@given(st.lists(plain, max_size=5), values)
def test_passes_where_one_pattern_holds(several, value):
    assert direct_test(several)(value) == any(holds(pattern, value) for pattern in several)


@given(st.lists(words.filter(bool).map(contains), min_size=1, max_size=3), values)
def test_passes_where_a_part_is_contained(several, value):
    assert direct_test(several)(value) == any(holds(pattern, value) for pattern in several)
