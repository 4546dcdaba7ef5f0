r"""Comparisons with numbers, on columns of numbers and on columns of text.

A comparison with null is null in Kusto, and so is its negation; the law says false and true. So every comparison
carries its guard. On text the law orders decimal integers alone; as Kusto's conversions to numbers take more than
those and lose digits, the set of texts is written as a regular expression, which is exact at any length.
"""

from __future__ import annotations

import math
from typing import Final

from vedette.kql.strings import quote
from vedette.predicate import Compare

_SIGNS: Final = {"eq": "==", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_DECIMAL: Final = "^[+-]?[0-9]{1,40}$"


def number_condition(column: str, pattern: Compare) -> str:
    """A comparison on a column of numbers, false where the column is null."""
    return f"(isnotnull({column}) and {column} {_SIGNS[pattern.order]} {pattern.number!r})"


def text_condition(expression: str, pattern: Compare) -> str:
    """A comparison on a text expression: it must be a decimal integer of at most 40 digits."""
    accepted = decimals(pattern)
    if accepted is None:
        return "false"
    return f"({expression} matches regex {quote(_DECIMAL)} and {expression} matches regex {quote(accepted)})"


def decimals(pattern: Compare) -> str | None:
    """The expression of all decimal integers for which a comparison holds; None if there is none."""
    number = pattern.number
    match pattern.order:
        case "eq":
            if number != math.floor(number):
                return None
            whole = int(number)
            sign = "[+-]?" if whole == 0 else "-" if whole < 0 else "[+]?"
            return f"^{sign}0*{abs(whole) or 0}$"
        case "gte" | "gt":
            least = math.floor(number) + 1 if pattern.order == "gt" else math.ceil(number)
            return f"^(?:{_from(least, '[+]?', '-')})$"
        case "lte" | "lt":
            most = math.ceil(number) - 1 if pattern.order == "lt" else math.floor(number)
            return f"^(?:{_from(-most, '-', '[+]?')})$"


def _from(least: int, up: str, down: str) -> str:
    """All integers from `least` on, where `up` is the sign of what grows and `down` that of what shrinks."""
    if least > 0:
        return f"{up}{_at_least(least)}"
    return f"{up}[0-9]+|{down}{_at_most(-least)}"


def _at_least(number: int) -> str:
    digits = str(number)
    same = [
        digits[:place] + _span(int(digit) + 1, 9) + _any(len(digits) - place - 1)
        for place, digit in enumerate(digits)
        if digit != "9"
    ]
    return f"0*(?:{'|'.join([digits, *same, f'[1-9][0-9]{{{len(digits)},}}'])})"


def _at_most(number: int) -> str:
    digits = str(number)
    same = [
        digits[:place] + _span(0, int(digit) - 1) + _any(len(digits) - place - 1)
        for place, digit in enumerate(digits)
        if digit != "0"
    ]
    shorter = [f"[0-9]{{0,{len(digits) - 1}}}"] if len(digits) > 1 else []
    return f"0*(?:{'|'.join([digits, *same, *shorter])})"


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"[{first}-{last}]"


def _any(count: int) -> str:
    return "" if not count else "[0-9]" if count == 1 else f"[0-9]{{{count}}}"
