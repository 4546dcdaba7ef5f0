"""Patterns: what a field's value is held against.

A value is text, a number (an integer, or a time in UTC epoch seconds) or absent. Text that is absent is the empty text.
Patterns are frozen, hashable and serialise through msgspec, so that a compiled rule is data and never code.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Literal, TypeAlias

import msgspec


class Wild(enum.IntEnum):
    """The two wildcards of Sigma."""

    ANY = 0
    ONE = 1


Token: TypeAlias = str | Wild
Form: TypeAlias = Literal["equals", "startswith", "endswith", "contains", "wildcard"]
Order: TypeAlias = Literal["eq", "lt", "lte", "gt", "gte"]
Part: TypeAlias = Literal["minute", "hour", "day", "week", "month", "year"]


class Glob(msgspec.Struct, frozen=True, tag="glob", gc=False):
    """Text with wildcards that must match the whole value.

    Attributes:
        tokens: literals and wildcards in order; normal form (see `glob`): no empty literal, no two literals in a row,
            `?` before `*` in a run of wildcards, at most one `*` in a run.
        cased: compare code points as they are instead of by simple case folding.
    """

    tokens: tuple[Token, ...]
    cased: bool = False

    @property
    def form(self) -> Form:
        """The cheapest comparison that says the same."""
        match self.tokens:
            case () | (str(),):
                return "equals"
            case (str(), Wild.ANY):
                return "startswith"
            case (Wild.ANY, str()):
                return "endswith"
            case (Wild.ANY, str(), Wild.ANY):
                return "contains"
            case _:
                return "wildcard"

    @property
    def literal(self) -> str:
        """The one literal of the four plain forms; the longest literal of a wildcard form, or the empty text."""
        return max((token for token in self.tokens if isinstance(token, str)), key=len, default="")


class Regex(msgspec.Struct, frozen=True, tag="regex", gc=False):
    """An unanchored search in the dialect that RE2 and Rust's regex share; cased unless `i`.

    Attributes:
        source: the expression as the rule wrote it.
        flags: the sorted subset of `ims` that is set.
    """

    source: str
    flags: str = ""


class Cidr(msgspec.Struct, frozen=True, tag="cidr", gc=False):
    """An IPv4 or IPv6 network in canonical text; a value that is no address is outside."""

    network: str


class Compare(msgspec.Struct, frozen=True, tag="compare", gc=False):
    """A numeric comparison `value order number`; on text it holds only for decimal integers."""

    order: Order
    number: int | float


class TimePart(msgspec.Struct, frozen=True, tag="time", gc=False):
    """A comparison of one part of a UTC time; `week` is the ISO week."""

    part: Part
    order: Order
    number: int


class Present(msgspec.Struct, frozen=True, tag="present", gc=False):
    """The value is not empty; its negation is Sigma's `null` and `exists: false`."""


class Reference(msgspec.Struct, frozen=True, tag="reference", gc=False):
    """The value is compared with another field of the same event (`fieldref`); false if the other is absent."""

    field: str
    form: Literal["equals", "startswith", "endswith", "contains"] = "equals"
    cased: bool = False


Pattern: TypeAlias = Glob | Regex | Cidr | Compare | TimePart | Present | Reference


def glob(tokens: Iterable[Token], *, cased: bool = False) -> Glob:
    """Build a Glob in normal form.

    >>> glob(["a", "b", Wild.ANY, Wild.ONE, Wild.ANY]).tokens
    ('ab', <Wild.ONE: 1>, <Wild.ANY: 0>)
    """
    normal: list[Token] = []
    ones, stars = 0, False

    def flush() -> None:
        nonlocal ones, stars
        normal.extend([Wild.ONE] * ones)
        if stars:
            normal.append(Wild.ANY)
        ones, stars = 0, False

    for token in tokens:
        if isinstance(token, Wild):
            if token is Wild.ANY:
                stars = True
            else:
                ones += 1
        elif token:
            flush()
            if normal and isinstance(normal[-1], str):
                normal[-1] += token
            else:
                normal.append(token)
    flush()
    return Glob(tuple(normal), cased)


def equals(text: str, *, cased: bool = False) -> Glob:
    """The value is `text`."""
    return glob([text], cased=cased)


def startswith(text: str, *, cased: bool = False) -> Glob:
    """The value begins with `text`."""
    return glob([text, Wild.ANY], cased=cased)


def endswith(text: str, *, cased: bool = False) -> Glob:
    """The value ends in `text`."""
    return glob([Wild.ANY, text], cased=cased)


def contains(text: str, *, cased: bool = False) -> Glob:
    """`text` occurs in the value."""
    return glob([Wild.ANY, text, Wild.ANY], cased=cased)
