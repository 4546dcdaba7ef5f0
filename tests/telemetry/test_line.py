from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.telemetry import line as line_module
from vedette.telemetry.line import KEPT, Line, split_lines


@given(st.lists(st.text("ab\n\r", max_size=12).map(str.encode), max_size=8))
def test_any_chunks_give_the_lines_of_the_whole(chunks):
    stream = b"".join(chunks)
    lines = list(split_lines(chunks))
    assert b"".join(line.data + b"\n" * line.ended for line in lines) == stream
    assert all(b"\n" not in line.data and line.length == len(line.data) for line in lines)
    assert [stream[line.offset : line.offset + line.length] for line in lines] == [line.data for line in lines]
    assert all(line.ended for line in lines[:-1])


@given(st.lists(st.text("a\n", max_size=12).map(str.encode), max_size=8))
def test_long_lines_are_cut_but_counted(chunks):
    whole = list(split_lines(chunks))
    kept, line_module.KEPT = line_module.KEPT, 3  # type: ignore[misc]  # a small limit makes small examples
    try:
        cut = list(split_lines(chunks))
    finally:
        line_module.KEPT = kept  # type: ignore[misc]
    assert cut == [Line(line.offset, line.data[:3], line.length, line.ended) for line in whole]


def test_an_endless_line_stays_small():
    (line,) = split_lines(b"x" * (1 << 20) for _ in range(20))
    assert (len(line.data), line.length, line.ended) == (KEPT, 20 << 20, False)
