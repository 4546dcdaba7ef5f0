"""The reference evaluator: slow, obvious, the oracle of every other engine.

A row maps field names to text or numbers; a name that is missing is absent. `docs/law.md` gives each line an example.
"""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from vedette.predicate.fold import fold
from vedette.predicate.node import And, Const, Keyword, Match, Not, Or, Predicate
from vedette.predicate.pattern import (
    Cidr,
    Compare,
    Glob,
    Order,
    Pattern,
    Present,
    Reference,
    Regex,
    TimePart,
    Wild,
)
from vedette.predicate.regex import compile_regex

Value: TypeAlias = str | int | float
Row: TypeAlias = Mapping[str, Value]

ORDERS: Final[dict[Order, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,40}")
_HALF: Final = re.compile("[\ud800-\udfff]")
#: Times beyond what `datetime` can tell match no time part.
_LAST_SECOND: Final = 253402300799


def evaluate(predicate: Predicate, row: Row, raw: str = "") -> bool:
    """Whether `predicate` holds on one single-valued row.

    Args:
        predicate: the logic tree.
        row: field name to value; a missing name is absent.
        raw: the raw event's text, read by keywords.
    """
    match predicate:
        case Const(value=value):
            return value
        case Match(field=field, pattern=pattern):
            return holds(pattern, row.get(field, ""), row)
        case Keyword(pattern=Glob() as pattern):
            return _glob(Glob((Wild.ANY, *pattern.tokens, Wild.ANY), pattern.cased), raw)
        case Keyword(pattern=Regex() as pattern):
            return _regex(pattern, raw)
        case Not(child=child):
            return not evaluate(child, row, raw)
        case And(children=children):
            return all(evaluate(child, row, raw) for child in children)
        case Or(children=children):
            return any(evaluate(child, row, raw) for child in children)
    raise TypeError(predicate)


def holds(pattern: Pattern, value: Value, row: Row | None = None) -> bool:
    """Whether one value matches one pattern; `""` is absent, `row` serves `fieldref` alone."""
    match pattern:
        case Glob():
            return _glob(pattern, text_of(value))
        case Regex():
            return _regex(pattern, text_of(value))
        case Present():
            return value != ""
        case Compare(order=order, number=number):
            return _compare(order, value, number)
        case Cidr(network=network):
            return _inside(network, value)
        case TimePart():
            return _time_part(pattern, value)
        case Reference(field=field):
            return _reference(pattern, value, (row or {}).get(field, ""))
    raise TypeError(pattern)


def text_of(value: Value) -> str:
    """A value as text: integers in decimal, text as it is."""
    return value if isinstance(value, str) else str(value)


def _glob(pattern: Glob, text: str) -> bool:
    tokens = pattern.tokens
    if not pattern.cased:
        tokens, text = tuple(t if isinstance(t, Wild) else fold(t) for t in tokens), fold(text)
    match tokens:
        case ():
            return text == ""
        case (str() as literal,):
            return text == literal
        case (str() as literal, Wild.ANY):
            return text.startswith(literal)
        case (Wild.ANY, str() as literal):
            return text.endswith(literal)
        case (Wild.ANY, str() as literal, Wild.ANY):
            return literal in text
        case _:
            return wildcard(tokens, text)


def _regex(pattern: Regex, text: str) -> bool:
    """A search; half of a surrogate pair, which no encoding can carry, reads as U+FFFD."""
    return compile_regex(pattern).search(_HALF.sub("\ufffd", text)) is not None


def wildcard(tokens: tuple[str | Wild, ...], text: str) -> bool:
    """Whether the tokens match the whole text, code point by code point; no backtracking beyond the last `*`."""
    flat: list[str | Wild] = []
    for token in tokens:
        flat.extend(token if isinstance(token, str) else [token])
    position = place = 0
    star, restart = -1, 0
    while position < len(text):
        token = flat[place] if place < len(flat) else ""
        if token is Wild.ANY:
            star, restart = place, position
            place += 1
        elif token is Wild.ONE or token == text[position]:
            place += 1
            position += 1
        elif star >= 0:
            restart += 1
            place, position = star + 1, restart
        else:
            return False
    return all(token is Wild.ANY for token in flat[place:])


def _compare(order: Order, value: Value, number: float) -> bool:
    if isinstance(value, str):
        if not _DECIMAL.fullmatch(value):
            return False
        value = int(value)
    return ORDERS[order](value, number)


@functools.lru_cache(maxsize=4096)
def _network(network: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(network, strict=False)


def _inside(network: str, value: Value) -> bool:
    if not isinstance(value, str):
        return False
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    return address in _network(network)


def _time_part(pattern: TimePart, value: Value) -> bool:
    if isinstance(value, str) or not 0 <= value <= _LAST_SECOND:
        return False
    time = dt.datetime.fromtimestamp(value, dt.UTC)
    part = time.isocalendar().week if pattern.part == "week" else getattr(time, pattern.part)
    return ORDERS[pattern.order](part, pattern.number)


def _reference(pattern: Reference, value: Value, other: Value) -> bool:
    if value == "" or other == "":
        return False
    left, right = text_of(value), text_of(other)
    if not pattern.cased:
        left, right = fold(left), fold(right)
    match pattern.form:
        case "equals":
            return left == right
        case "startswith":
            return left.startswith(right)
        case "endswith":
            return left.endswith(right)
        case "contains":
            return right in left
