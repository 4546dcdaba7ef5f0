from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vedette.kql.strings import comment, quote

SHORT = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "r": "\r", "t": "\t"}


def read(literal: str) -> tuple[str, str]:
    """A reader of KQL literals after Kusto's documentation: the text, and what stands behind the literal."""
    assert literal[0] == '"'
    units, place = [], 1
    while literal[place] != '"':
        letter = literal[place]
        assert letter not in "\r\n", "a raw line end leaves a literal unterminated"
        if letter == "\\":
            place += 1
            if literal[place] == "u":
                units.append(chr(int(literal[place + 1 : place + 5], 16)))
                place += 4
            else:
                units.append(SHORT[literal[place]])
        else:
            units.append(letter)
        place += 1
    return "".join(units), literal[place + 1 :]


def joined(text: str) -> str:
    """Halves of surrogate pairs that stand beside each other are one letter, as in every UTF-16 reader."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


ANY = st.text(st.characters(), max_size=40) | st.text(st.sampled_from("\\\"'\n\r\t\0\u2028\u202eab")).filter(bool)


@given(ANY)
def test_a_literal_is_read_as_what_was_written(text):
    told, rest = read(quote(text) + " or true")
    assert joined(told) == joined(text)
    assert rest == " or true"


@given(ANY)
def test_nothing_unseen_stands_in_a_literal(text):
    literal = quote(text)
    assert {unicodedata.category(letter) for letter in literal} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} == set()
    literal.encode()


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("", '""'),
        ("/usr/sbin/ufw", '"/usr/sbin/ufw"'),
        ('say "hi"', r'"say \"hi\""'),
        ("C:\\dir\\", r'"C:\\dir\\"'),
        (r"\":", r'"\\\":"'),
        ("a\nb\r\tc", r'"a\nb\r\tc"'),
        ("it's", '"it\'s"'),
        ("\0\x07\x7f\x85", r'"\u0000\u0007\u007f\u0085"'),
        ("admin\u202egnp.sh", r'"admin\u202egnp.sh"'),
        ("a\u200bb\ufeff", r'"a\u200bb\ufeff"'),
        ("ÄÖÜ 😀", '"ÄÖÜ 😀"'),
        ("\ud800", r'"\ud800"'),
        ("\U000e0041", r'"\udb40\udc41"'),
    ],
)
def test_literals(text, literal):
    assert quote(text) == literal


@given(ANY)
def test_a_comment_stays_on_its_line(text):
    line = comment(text)
    assert line.startswith("//")
    assert line.splitlines() == [line]
    assert not set(line) & {"\r", "\n", "\u2028", "\u2029", "\x85", "\u202e"}
