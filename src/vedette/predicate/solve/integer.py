"""Numeric comparison as an automaton over decimal text."""

from __future__ import annotations

import math
from typing import Final, TypeAlias, cast

from vedette.predicate.pattern import Compare
from vedette.predicate.solve.automaton import DEAD, Automaton
from vedette.predicate.solve.letters import Letters

#: Digits of a decimal integer that the law reads.
DIGITS: Final = 40
_State: TypeAlias = tuple[int, int, int, int, int]
_SIGNS: Final = {0x2B: 1, 0x2D: -1}
_SETS: Final[list[Letters]] = [((letter, letter),) for letter in (0x2B, 0x2D, *range(0x30, 0x3A))]


def bounds(pattern: Compare) -> tuple[int | None, int | None] | None:
    """The least and the greatest integer that the comparison admits, None where it is open; None if it admits none."""
    number = pattern.number
    if isinstance(number, float) and math.isnan(number):
        return None
    if isinstance(number, float) and math.isinf(number):
        below = number > 0
        if pattern.order == "eq" or below != (pattern.order in ("lt", "lte")):
            return None
        return None, None
    low, high = math.floor(number), math.ceil(number)
    match pattern.order:
        case "eq":
            return (low, low) if low == high else None
        case "lt":
            return None, high - 1
        case "lte":
            return None, low
        case "gt":
            return low + 1, None
        case _:
            return high, None


class Decimal(Automaton):
    """Decimal integers of at most 40 digits from `low` to `high`.

    A state is the sign (0 before anything is read), the digits read, the significant ones among them, and how these
    compare with as many first digits of either bound's size.

    Args:
        low: the least integer, or None.
        high: the greatest, or None.
        canonical: no plus sign, no leading zero, no `-0`; the empty text is admitted too.
    """

    def __init__(self, low: int | None, high: int | None, *, canonical: bool = False) -> None:
        written = "".join(str(abs(bound)) for bound in (low, high) if bound is not None)
        super().__init__(_SETS, written)
        self._bounds = tuple((bound, str(abs(bound)) if bound else "") for bound in (low, high))
        self._canonical = canonical
        self.start = self._number((0, 0, 0, 0, 0))

    def _move(self, state: object, letter: int) -> object:
        sign, digits, significant, *orders = cast("_State", state)
        if letter in _SIGNS:
            if sign or digits or (self._canonical and letter == 0x2B):
                return DEAD
            return _SIGNS[letter], 0, 0, 0, 0
        digit = letter - 0x30
        if not 0 <= digit <= 9 or digits >= DIGITS:
            return DEAD
        if self._canonical and digits and not significant:
            return DEAD
        if self._canonical and sign < 0 and not digits and not digit:
            return DEAD
        sign = sign or 1
        if not significant and not digit:
            return sign, digits + 1, 0, 0, 0
        if self._beyond(sign, significant + 1):
            return DEAD
        compared = []
        for (_, text), order in zip(self._bounds, orders, strict=True):
            if not order and significant < len(text):
                own = int(text[significant])
                order = (digit > own) - (digit < own)
            compared.append(order)
        return sign, digits + 1, significant + 1, *compared

    def _final(self, state: object) -> bool:
        sign, digits, significant, *orders = cast("_State", state)
        if not digits:
            return self._canonical and not sign
        (low, low_text), (high, high_text) = self._bounds
        if low is not None and self._order(sign, significant, orders[0], low, low_text) < 0:
            return False
        return high is None or self._order(sign, significant, orders[1], high, high_text) <= 0

    def _beyond(self, sign: int, significant: int) -> bool:
        """Whether as many digits are more than the bound on that side of zero has."""
        bound, text = self._bounds[1 if sign > 0 else 0]
        return bound is not None and (bound * sign <= 0 or significant > len(text))

    @staticmethod
    def _order(sign: int, significant: int, order: int, bound: int, text: str) -> int:
        """Below, at or above the bound."""
        own = sign if significant else 0
        other = (bound > 0) - (bound < 0)
        if own != other or not own:
            return (own > other) - (own < other)
        size = (significant > len(text)) - (significant < len(text))
        return own * (size or order)
