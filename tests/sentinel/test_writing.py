from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vedette.sentinel.writing import document, plain

HOSTILE = st.text(st.sampled_from("\"'`:#-|>&*!%@{}[],?\\ \n\r\t\0\u2028\u0085\u202e\ufeffab0é😀"), max_size=30)


@given(
    st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=10), HOSTILE | st.integers(), max_size=5)
)
def test_whatever_is_written_reads_back(content):
    assert yaml.safe_load(document(content)) == content


@given(HOSTILE)
def test_plain_text_stands_as_a_block(text):
    shown = plain(f"first line\n{text}\nlast line")
    written = document({"query": shown})
    assert written.startswith("query: |-\n")
    assert yaml.safe_load(written) == {"query": shown}


@given(st.text(max_size=60) | HOSTILE)
def test_plain_text_has_nothing_unseen(text):
    shown = plain(text)
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    assert plain(shown) == shown


@pytest.mark.parametrize("value", ["yes", "1.0", "null", "2026-11-24", "!!python/object:os.system", "*alias", "a: b"])
def test_no_text_becomes_anything_else(value):
    assert yaml.safe_load(document({"name": value})) == {"name": value}
