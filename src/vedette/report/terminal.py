r"""Text of strangers made fit for a terminal: nothing in it can move the cursor, hide, or turn round what follows.

Whatever a terminal does not show as a glyph of its own becomes an escape in backslash notation: control characters,
format characters (bidi controls, zero-width characters, tags), line and paragraph separators, surrogates, private use,
unassigned code points, blanks other than U+0020, letters and marks that are invisible by definition, and every
combining mark after the third in a row. A backslash of the text itself stays as it is; the exact text stands in NDJSON.
"""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len, get_character_cell_size

#: Longest text that is put on a terminal whole; the rest is cut out of the middle before anything else is done with it.
MAX_LENGTH: Final = 8192

_SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
#: Invisible although they count as printable: fillers, joiners and variation selectors.
_INVISIBLE: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
_MARK: Final = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED: Final = re.compile(f"({_MARK}{{3}})({_MARK}+)")


def visible(character: str) -> bool:
    """Whether a terminal shows the character as a glyph, or as the one plain blank."""
    return character.isprintable() and character not in _INVISIBLE


class _Escapes(dict[int, str]):
    """A `str.translate` table that is filled as characters are met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        shown = self[code] = character if visible(character) else escape(character)
        return shown


def escape(character: str) -> str:
    r"""One character in backslash notation: `\n`, `\x1b`, `\u202e`, `\U000e0041`."""
    code = ord(character)
    if character in _SHORT:
        return _SHORT[character]
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


_ESCAPES: Final = _Escapes()


def printable(text: str) -> str:
    r"""The text with everything that is no visible glyph as an escape; one line, safe on any terminal.

    >>> printable("id\x1b[2J\n\u202egnp.exe")
    'id\\x1b[2J\\n\\u202egnp.exe'
    """
    if text.isascii():
        return text if text.isprintable() else text.translate(_ESCAPES)
    return _PILED.sub(lambda pile: pile[1] + "".join(map(escape, pile[2])), text.translate(_ESCAPES))


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """Printable text that takes at most `width` cells: where it is longer, its middle gives way to an ellipsis.

    Args:
        text: anything; it is made printable.
        width: cells, at least 1.
        ellipsis: what stands for the middle, `...` where the terminal has no better.

    >>> shorten("/usr/sbin/iptables -F ufw-logging-deny", 20)
    '/usr/sbin/i…ing-deny'
    """
    if len(text) > MAX_LENGTH:
        text = text[: MAX_LENGTH // 2] + ellipsis + text[-MAX_LENGTH // 2 :]
    text = printable(text)
    if cell_len(text) <= width:
        return text
    room = width - len(ellipsis)
    if room < 2:
        return head(text, width)
    tail_room = room * 2 // 5
    return head(text, room - tail_room) + ellipsis + tail(text, tail_room)


def truncate(text: str, width: int, ellipsis: str = "…") -> str:
    """Printable text that takes at most `width` cells: where it is longer, its end gives way to an ellipsis."""
    text = printable(text[:MAX_LENGTH])
    if cell_len(text) <= width:
        return text
    return head(text, width - len(ellipsis)) + ellipsis if width > len(ellipsis) else head(text, width)


def head(text: str, width: int) -> str:
    """As much of the beginning of printable text as fits into `width` cells."""
    if text.isascii():
        return text[:width]
    used = 0
    for index, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > width:
            return text[:index]
    return text


def tail(text: str, width: int) -> str:
    """As much of the end of printable text as fits into `width` cells."""
    if text.isascii():
        return text[len(text) - width :] if width < len(text) else text
    used = 0
    for index in range(len(text) - 1, -1, -1):
        used += get_character_cell_size(text[index])
        if used > width:
            return text[index + 1 :]
    return text


def pad(text: str, width: int) -> str:
    """Printable text filled up with blanks to `width` cells; longer text stays as it is."""
    return text + " " * (width - cell_len(text))
