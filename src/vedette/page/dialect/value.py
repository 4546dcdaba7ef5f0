"""The values of comparisons: quoted in any of the ways that web pages have, or a bare word."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from vedette.page.dialect.refusal import UnreadError
from vedette.predicate import Token, Wild
from vedette.report.terminal import escape, visible

#: Longest value; the longest argument that a page compares is a line.
MAX_VALUE: Final = 1024
#: Opening mark to the marks that close it.
QUOTES: Final = {
    '"': '"',
    "'": "'",
    "`": "`",
    "“": '”"“',
    "”": '”"',
    "„": '“”"',
    "‘": "’'",  # noqa: RUF001 (quotes as pages have them)
    "’": "’'",  # noqa: RUF001 (quotes as pages have them)
    "«": "»",
}
_BARE: Final = re.compile(r"[^\s\"'`“”„‘’«»(),;<>=|&\[\]{}]++")  # noqa: RUF001 (quotes as pages have them)
_SLASHED: Final = re.compile(r"/((?:[^/\\\n]|\\.)++)/(i?)(?![\w./*-])")
_NOTHING: Final = frozenset({"null", "none", "nil", "empty", "undefined", "not", "true", "false"})


class Written(msgspec.Struct, frozen=True):
    """A value as the page has it.

    Attributes:
        text: without its marks; backslashes are as written.
        start: index at which it begins.
        quoted: it stands between marks.
        doubled: a doubled backslash is one, as between the quotes of all these languages.
        expression: it stands between slashes, as regular expressions do.
    """

    text: str
    start: int
    quoted: bool
    expression: bool = False
    doubled: bool = False

    def tokens(self, stars: str, marks: str) -> tuple[Token, ...]:
        """Text and wildcards; `Form` says what `stars` and `marks` are.

        Raises:
            UnreadError: a star or question mark can be read in two ways.
        """
        made: list[Token] = []
        plain: list[str] = []
        at = 0
        while at < len(self.text):
            character = self.text[at]
            kind = {"*": stars, "?": marks}.get(character, "never")
            if character == "\\" and {"*": stars, "?": marks}.get(self.text[at + 1 : at + 2], "never") != "never":
                raise UnreadError("the backslash may part folders or make the wildcard behind it plain", self.start)
            if kind == "both":
                raise UnreadError(f"whether {character} is a wildcard here differs between languages", self.start)
            if kind == "any":
                if plain:
                    made.append("".join(plain))
                    plain = []
                wild = Wild.ANY if character == "*" else Wild.ONE
                if wild is Wild.ONE or made[-1:] != [Wild.ANY]:
                    made.append(wild)
            else:
                plain.append(character)
                at += self.doubled and self.text.startswith("\\\\", at)
            at += 1
        if plain:
            made.append("".join(plain))
        return tuple(made)


def read_value(text: str, start: int, *, expression: bool = False) -> tuple[Written, int]:
    """Read one value.

    Args:
        text: the whole text.
        start: where it begins; blanks before it are stepped over.
        expression: it may be a regular expression between slashes.

    Returns:
        The value and the index behind it.

    Raises:
        UnreadError: there is none, it is not closed, too long, or holds what can't be seen.
    """
    while start < len(text) and text[start].isspace():
        start += 1
    if expression and (found := _SLASHED.match(text, start)):
        source = f"(?i){found[1]}" if found[2] else found[1]
        return _checked(Written(source.replace(r"\/", "/"), start, quoted=True, expression=True)), found.end()
    verbatim = text.startswith('@"', start)
    begin = start + verbatim
    mark = text[begin : begin + 1]
    if mark in QUOTES and mark:
        return _quoted(text, begin, QUOTES[mark], plain=verbatim or mark not in "\"'")
    found = _BARE.match(text, start)
    word = found[0].rstrip(".:!?") if found else ""
    if not word:
        raise UnreadError("a value is missing here", start)
    if word.lower() in _NOTHING:
        raise UnreadError(f"{word!r} without quotes is no value", start)
    return _checked(Written(word, start, quoted=False)), start + len(word)


def _quoted(text: str, begin: int, closing: str, *, plain: bool) -> tuple[Written, int]:
    at = begin + 1
    made: list[str] = []
    while at < len(text) and text[at] not in closing:
        if text[at] == "\n":
            break
        if text[at] == "\\" and not plain and text[at + 1 : at + 2] and text[at + 1] in closing:
            at += 1
            made.append(text[at])
        else:
            made.append(text[at])
        at += 1
    if at >= len(text) or text[at] == "\n":
        raise UnreadError("the quote is never closed", begin)
    value = "".join(made)
    if not value.strip():
        raise UnreadError("an empty value", begin)
    return _checked(Written(value, begin, quoted=True, doubled=not plain)), at + 1


def _checked(value: Written) -> Written:
    if len(value.text) > MAX_VALUE:
        raise UnreadError(f"a value of more than {MAX_VALUE:,} characters", value.start)
    hidden = next((character for character in value.text if not visible(character)), None)
    if hidden is not None:
        raise UnreadError(f"the value holds the character {escape(hidden)}, which can't be seen", value.start)
    return value
