"""Unicode simple case folding, the law's one notion of case.

One code point folds to one code point, so offsets and lengths survive. Python has no simple folding; it is derived from
the full one: `casefold()` where that is one code point, else `lower()` where that is one, else the character itself;
three pairs that Unicode added later stand in a table. RE2 and Rust's regex agree with it on every letter.
"""

from __future__ import annotations

from typing import Final

#: Letters on which engines differ, since some compare by lower case, some by upper case and some by older Unicode:
#: those that share a folding with a pair of letters, and dotted and dotless i. They are folded as above here, kept out
#: of the KQL proof, and warned about.
DISPUTED: Final = frozenset(
    "\u00b5\u017f\u2126\u212a\u212b"  # micro sign, long s, ohm, kelvin and angstrom sign
    "\u0130\u0131\u1e9e\u1e9b"  # dotted and dotless i, capital sharp s, long s with dot
    "\u01c5\u01c8\u01cb\u01f2"  # digraphs in title case
    "\u0345\u03c2\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f4\u03f5\u1fbe"  # final sigma, Greek symbols, iota below
    "\u1c80\u1c81\u1c82\u1c83\u1c84\u1c85\u1c86\u1c87\u1c88"  # old Cyrillic shapes
    "\u0390\u03b0\u1fd3\u1fe3\ufb05\ufb06"  # equal since Unicode 15.1
)
_LATER: Final = {"\u1fd3": "\u0390", "\u1fe3": "\u03b0", "\ufb05": "\ufb06"}


def _fold_character(character: str) -> str:
    if character in _LATER:
        return _LATER[character]
    folded = character.casefold()
    if len(folded) == 1:
        return folded
    lowered = character.lower()
    return lowered if len(lowered) == 1 else character


class _FoldTable(dict[int, str]):
    """A `str.translate` table that is filled as characters are met."""

    def __missing__(self, code_point: int) -> str:
        folded = _fold_character(chr(code_point))
        self[code_point] = folded
        return folded


_TABLE: Final = _FoldTable()


def fold(text: str) -> str:
    """Fold `text` by Unicode simple case folding; the result has as many code points as `text`.

    >>> fold("IPTABLES \u212a\u017f")
    'iptables ks'
    """
    return text.lower() if text.isascii() else text.translate(_TABLE)
