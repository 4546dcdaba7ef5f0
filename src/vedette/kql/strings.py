r"""KQL string literals: whatever a rule or a log holds, it stays inside its quotes.

Readers of KQL disagree on the rarer escapes, so only `\\`, `\"`, `\n`, `\r` and `\t` are used for what is printable.
Anything that can't be seen, or that changes how the text around it looks (other controls, bidi marks, line and
paragraph separators, zero-width characters, halves of surrogate pairs), is written as `\uXXXX`, so that a query shows
what it does.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_SHORT: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
#: Other (control, format, surrogate, private, unassigned) and the two separators of lines and paragraphs.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")


def quote(text: str) -> str:
    r"""A literal that denotes `text`.

    >>> print(quote('say "hi"\n'))
    "say \"hi\"\n"
    """
    if _PLAIN.fullmatch(text):
        return f'"{text}"'
    return '"' + "".join(_SHORT.get(letter) or _letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter.isascii() and letter.isprintable():
        return letter
    if unicodedata.category(letter) not in _UNSEEN:
        return letter
    # UTF-16 code units, as Microsoft's decoder reads them; `\U` is no escape of KQL.
    units = letter.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))


def comment(text: str) -> str:
    r"""One line of comment that shows `text`; nothing in it can end the line.

    >>> comment("a\nb")
    '// a b'
    """
    shown = "".join(" " if letter.isspace() else letter for letter in text)
    return ("// " + "".join(_letter(letter) for letter in " ".join(shown.split()))).rstrip()
