"""Calls: within the limit to the byte, in order, and nothing left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.sentinel.shipping.call import body_of, groups, size_of
from vedette.sentinel.shipping.row import Row

ROWS = st.lists(
    st.builds(
        lambda kind, size, file, offset: Row(kind, b'"' + b"x" * size + b'"', "", "", file, offset, 0.0),
        st.sampled_from(["a", "b"]),
        st.integers(0, 60),
        st.sampled_from(["one", "two"]),
        st.integers(0, 9),
    ),
    max_size=40,
)


@given(ROWS, st.integers(4, 100))
def test_rows_are_parted_into_calls_that_fit(rows, most):
    found = list(groups(rows, most))
    for group in found:
        assert all(len(body_of(call)) == size_of(call) <= most for call in group.calls.values())
        assert all(call for call in group.calls.values())
    sent = [row for group in found for call in group.calls.values() for row in call]
    oversized = [row for group in found for row in group.oversized]
    assert all(len(row.data) + 2 > most for row in oversized)
    for kind in ("a", "b"):
        assert [row for row in sent if row.kind == kind] == [
            row for row in rows if row.kind == kind and len(row.data) + 2 <= most
        ]
    assert len(sent) + len(oversized) == len(rows) == sum(group.rows for group in found)


@given(ROWS, st.integers(4, 100))
def test_a_group_s_last_rows_are_the_last_of_all_that_it_holds(rows, most):
    place = 0
    for group in groups(rows, most):
        held = rows[place : place + group.rows]
        place += group.rows
        assert group.last == {row.file: row for row in held}


def test_no_rows_are_no_calls():
    assert list(groups([])) == []
    assert size_of([]) == len(body_of([])) == 2
