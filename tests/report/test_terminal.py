from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from vedette.report.terminal import MAX_LENGTH, head, pad, printable, shorten, tail, truncate, visible

ANY_TEXT = st.text(st.characters(categories=None), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text, [bold]markup[/] and é 日本", "plain text, [bold]markup[/] and é 日本"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("a\nb\rc\td\0e\x7f", r"a\nb\rc\td\x00e\x7f"),
        ("\u202egnp.exe\u2066x\u2069", r"\u202egnp.exe\u2066x\u2069"),
        ("\u200e\u200f\u061c", r"\u200e\u200f\u061c"),
        ("z\u200bw\u200dj\ufeff\u00ad", r"z\u200bw\u200dj\ufeff\xad"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("\udc80\ud800", r"\udc80\ud800"),
        ("\ue000\U000f0000", r"\ue000\U000f0000"),
        ("\U000e0041", r"\U000e0041"),
        ("\u00a0\u3000", r"\xa0\u3000"),
        ("\u115f\u3164\ufe0f", r"\u115f\u3164\ufe0f"),
        ("e\u0301\u0301\u0301\u0301\u0301", "e\u0301\u0301\u0301" + r"\u0301\u0301"),
        (r"a\x1b", r"a\x1b"),
        ("", ""),
    ],
)
def test_what_has_no_glyph_is_shown_as_an_escape(text, shown):
    assert printable(text) == shown


@given(ANY_TEXT)
def test_nothing_that_acts_on_a_terminal_survives(text):
    shown = printable(text)
    assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert all(map(visible, shown))


@given(ANY_TEXT)
def test_printable_text_stays_as_it_is(text):
    assert printable(printable(text)) == printable(text)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_ascii_stays_as_it_is(text):
    assert printable(text) == text


@given(ANY_TEXT, st.integers(1, 50))
def test_shortened_text_fits(text, width):
    for short in (shorten(text, width), truncate(text, width)):
        assert cell_len(short) <= width
        assert short == printable(text) or len(short) < len(printable(text)) or "…" in short


@given(ANY_TEXT, st.integers(3, 50))
def test_text_that_fits_is_not_shortened(text, width):
    shown = printable(text)
    assert (shorten(text, width) == shown) is (cell_len(shown) <= width) or "…" in shown
    assert (truncate(text, width) == shown) is (cell_len(shown) <= width) or "…" in shown


def test_the_middle_goes_and_both_ends_stay():
    assert shorten("/usr/bin/python3 /opt/tool.py --delete-everything", 24) == "/usr/bin/pytho…everything"[:0] + (
        "/usr/bin/pytho…verything"
    )
    assert shorten("abcdefgh", 6, "...") == "ab...h"


def test_a_huge_text_costs_little_and_keeps_its_ends():
    short = shorten("begin " + "\x1b" * 20_000_000 + " end", 30)
    assert short.startswith("begin ")
    assert short.endswith(" end")
    assert cell_len(short) == 30
    assert len(truncate("x" * 20_000_000, 10_000)) == MAX_LENGTH


def test_wide_characters_are_cut_at_cells():
    assert head("日本語", 5) == "日本"
    assert tail("日本語", 5) == "本語"
    assert tail("日本語", 0) == ""
    assert tail("abc", 0) == ""
    assert cell_len(pad("日本", 6)) == 6
