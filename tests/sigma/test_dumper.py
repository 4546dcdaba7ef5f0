"""Text of strangers leaves its place in no document that Vedette writes."""

from __future__ import annotations

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from vedette.sigma.dumper import dump

TEXT = st.text(
    st.one_of(st.sampled_from("\n\r\t:#-'\"{}[] \\\x00\x1b\x85\u2028\u2029\ufeff\ud800"), st.characters()), max_size=30
)


@given(TEXT, st.sampled_from([2, 4]), st.sampled_from([20, 120, 1 << 20]))
@example("\x85", 4, 1 << 20)
@example("a\u2028b\n", 2, 120)
@example(" a\n\x85 b", 2, 20)
def test_what_is_written_reads_back(text, indent, width):
    document = {"title": text, "list": [text, {text: text}]}
    assert yaml.safe_load(dump(document, indent=indent, width=width)) == document


def test_several_documents_and_none():
    assert list(yaml.safe_load_all(dump({"a": 1}, {"b": "x\ny"}))) == [{"a": 1}, {"b": "x\ny"}]
    assert dump() == ""
    assert dump({"b": "x\ny"}) == "b: |-\n  x\n  y\n"
