"""JSON that is safe on a terminal: what shows no glyph stands there as an escape, and means the same."""

from __future__ import annotations

import functools
import re
from typing import Final

from vedette.report.terminal import visible

_ASCII: Final = bytes(range(128))
_BEYOND: Final = re.compile("[^\x00-\x7e]")


def quelled(line: bytes) -> bytes:
    """JSON in UTF-8 with an escape for every character that a terminal would not show as a glyph."""
    return line if _harmless(line) else _BEYOND.sub(_escaped, line.decode()).encode()


def _harmless(line: bytes) -> bool:
    """Whether every character of a line is visible; names of authors are the usual ones beyond ASCII."""
    if b"\x7f" in line:
        return False
    return line.isascii() or _visible(line.translate(None, _ASCII))


@functools.lru_cache(maxsize=4096)
def _visible(beyond: bytes) -> bool:
    return all(visible(character) for character in beyond.decode())


def _escaped(found: re.Match[str]) -> str:
    """A JSON escape for what is not visible; beyond U+FFFF a pair of surrogates, as JSON spells it."""
    character = found[0]
    if visible(character):
        return character
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
