from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from tests.engine.strategies_predicate import addresses, integers, words

from vedette.engine.typed import TypedScan
from vedette.predicate import Cidr, Compare, TimePart, holds

numbers = integers | st.sampled_from([0.5, 10.0, -7, math.inf, math.nan, 2**63, -0.0])
networks = ("10.0.0.0/8", "10.0.0.1/32", "0.0.0.0/0", "fe80::/10", "fe80::1/128", "::/0", "::ffff:0:0/96", "10.0.0.0/9")
oddities = ("+10", "10 ", "\u0661", "1e1", "9" * 50, "fe80::1%eth0", 1795509330.1)
patterns = st.one_of(
    st.builds(Compare, st.sampled_from(["eq", "lt", "lte", "gt", "gte"]), numbers),
    st.builds(Cidr, st.sampled_from(networks)),
    st.builds(TimePart, st.sampled_from(["hour", "week"]), st.sampled_from(["eq", "gte"]), st.integers(0, 60)),
)
values = words | addresses | integers | st.sampled_from(oddities)


@given(st.lists(patterns, max_size=8), values)
def test_finds_exactly_what_holds(several, value):
    found = TypedScan(enumerate(several)).find(value)
    assert sorted(found) == [number for number, pattern in enumerate(several) if holds(pattern, value)]
