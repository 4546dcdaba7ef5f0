from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vedette.kql.check.diagnostic import Places

TEXTS = st.text(st.sampled_from("ab\r\n\té😀\ud800"), max_size=30)


@given(text=TEXTS, data=st.data())
def test_units_and_points_agree_with_the_codec(text, data):
    offset = data.draw(st.integers(0, len(text)))
    units = len(text[:offset].encode("utf-16-le", "surrogatepass")) // 2
    assert Places(text).points(units) == offset


@given(text=TEXTS, data=st.data())
def test_line_and_column_lead_back(text, data):
    offset = data.draw(st.integers(0, len(text)))
    line, column = Places(text).line_column(offset)
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    if offset and text[offset - 1 : offset + 1] == "\r\n":
        return  # between the two halves of one line end
    assert line == before.count("\n") + 1
    assert column == len(before) - before.rfind("\n")


def test_a_place_beyond_the_text_is_its_end():
    said = Places("a😀").diagnostic("X", "error", "some\nthing", start=1, length=99)
    assert (said.start, said.length, said.text, said.message) == (1, 1, "😀", "some thing")


def test_long_pieces_are_cut():
    assert Places("x" * 100).diagnostic("X", "note", "", length=100).text == "x" * 60
