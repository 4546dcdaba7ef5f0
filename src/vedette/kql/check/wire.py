"""What is said between the checker and the process of the parser, a line of JSON each."""

from __future__ import annotations

from typing import Literal

import msgspec


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is asked.

    Attributes:
        verb: `load` the schema, `check` a query, `decode` or `encode` a literal.
        text: in UTF-16, little-endian, so that halves of surrogate pairs get through.
        schema: JSON of what the binder knows; for `load`.
        patience: seconds after which the process ends itself.
    """

    verb: Literal["load", "check", "decode", "encode"]
    text: bytes = b""
    schema: bytes = b""
    patience: float = 60.0


class Answer(msgspec.Struct, omit_defaults=True):
    """What came of it.

    Attributes:
        value: JSON; absent where it failed.
        failure: why it failed; empty where it did not.
        memory: most memory that the process has held, in bytes.
    """

    value: msgspec.Raw = msgspec.Raw()
    failure: str = ""
    memory: int = 0


class Finding(msgspec.Struct, frozen=True):
    """A diagnostic of Microsoft's; places are in UTF-16 units."""

    code: str
    severity: str
    message: str
    start: int
    length: int


class Comparison(msgspec.Struct, frozen=True):
    """A literal of a type that does not fit; places are in UTF-16 units, `first` to `last` of the whole comparison."""

    start: int
    length: int
    first: int
    last: int
    message: str


class Expression(msgspec.Struct, frozen=True):
    """A literal that is used as a regular expression; places are in UTF-16 units."""

    start: int
    length: int
    pattern: str


class Analysis(msgspec.Struct, frozen=True):
    """What the parser says of a query.

    Attributes:
        diagnostics: Microsoft's own.
        lints: comparisons that it accepts and the service refuses.
        regexes: expressions, which it does not look at.
        more: how many of these three are left out, since there are too many.
        depth: of the syntax tree.
        columns: names and types of the result; None where there is no table.
    """

    diagnostics: tuple[Finding, ...]
    lints: tuple[Comparison, ...]
    regexes: tuple[Expression, ...]
    more: int
    depth: int
    columns: tuple[tuple[str, str], ...] | None
