"""Unicode simple case folding, the law's one notion of case.

One code point folds to one code point, so offsets and lengths survive. Python has no simple folding; it is derived from
the full one: `casefold()` where that is one code point, else `lower()` where that is one, else the character itself.
"""

from __future__ import annotations

from typing import Final

#: Code points on which engines disagree. They are folded as above here, kept out of the KQL proof, and warned about.
DISPUTED: Final = frozenset("\u017f\u212a\u212b\u03c2\u0130\u0131\u1e9e\u0345\u1fbe")


def _fold_character(character: str) -> str:
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
