"""A bound predicate -> a KQL condition: the tree, and what of its leaves can be said together."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Final

from vedette.kql.addresses import network_condition
from vedette.kql.globs import any_of, glob_condition, operator, regex_condition
from vedette.kql.numbers import number_condition, text_condition
from vedette.kql.target import Type
from vedette.predicate import (
    And,
    Cidr,
    Compare,
    Const,
    Glob,
    Keyword,
    Match,
    Not,
    Or,
    Predicate,
    Present,
    Reference,
    Regex,
    TimePart,
    Wild,
)

_PARTS: Final = {
    "minute": 'datetime_part("minute", {})',
    "hour": "hourofday({})",
    "day": "dayofmonth({})",
    "week": "week_of_year({})",
    "month": "monthofyear({})",
    "year": "getyear({})",
}
_SIGNS: Final = {"eq": "==", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_NUMBERS: Final = ("int", "long", "real")
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
#: So many conditions stand in one chain; Microsoft's parser nests one deeper for each, and gives up at some depth.
_CHAIN: Final = 64


class UnsayableError(ValueError):
    """A leaf that its column's type can't hold; the text is the cause."""

    def __init__(self, column: str, cause: str) -> None:
        super().__init__(cause)
        self.column = column
        self.cause = cause


@dataclasses.dataclass(frozen=True)
class Printer:
    """Prints conditions.

    Attributes:
        types: Kusto's type of each column.
    """

    types: Mapping[str, Type]

    def condition(self, predicate: Predicate) -> str:
        """The condition, ready to stand behind `where`.

        Raises:
            UnsayableError: a leaf asks of a column what its type can't hold.
        """
        match predicate:
            case Or(children=children):
                return _joined(self.alternatives(children), "or") or "false"
            case And(children=children):
                return _joined([self.operand(child) for child in children], "and") or "true"
            case Not(child=Match(field=field, pattern=Present())):
                return self.empty(field)
            case Not(child=child):
                return f"not({self.condition(child)})"
            case Const(value=value):
                return "true" if value else "false"
            case Match(field=field, pattern=pattern):
                return self.leaf(field, pattern)
            case Keyword():
                raise UnsayableError("", "a keyword searches the raw event, which no column holds")
        raise TypeError(predicate)

    def operand(self, predicate: Predicate) -> str:
        """A condition that stands beside others."""
        text = self.condition(predicate)
        if isinstance(predicate, And) or (isinstance(predicate, Or) and len(self.alternatives(predicate.children)) > 1):
            return f"({text})"
        return text

    def alternatives(self, children: Sequence[Predicate]) -> list[str]:
        """Conditions to join by `or`: values of one column as one list, networks of one column as one call."""
        groups: dict[tuple[object, ...], list[Match]] = {}
        for child in children:
            groups.setdefault(self.group(child), []).append(child)  # type: ignore[arg-type]  # only leaves are grouped
        found = []
        for key, members in groups.items():
            match key:
                case ("in", str() as column, bool() as cased):
                    found.append(any_of(column, [self.literal(member) for member in members], cased=cased))
                case ("number", str() as column) if len(members) > 1:
                    numbers = [str(self.number(column, self.literal(member))) for member in members]
                    found.append(f"{column} in ({', '.join(numbers)})")
                case ("network", str() as column):
                    networks = [member.pattern.network for member in members if isinstance(member.pattern, Cidr)]
                    found.append(network_condition(column, networks))
                case _:
                    found += [self.operand(member) for member in members]
        return found

    def group(self, child: Predicate) -> tuple[object, ...]:
        """What can be said together has the same key."""
        match child:
            case Match(field=field, pattern=Glob(cased=cased) as pattern) if (
                pattern.form == "equals" and pattern.tokens
            ):
                if self.types[field] == "string":
                    return ("in", field, cased)
                return ("number", field)
            case Match(field=field, pattern=Cidr()) if self.types[field] == "string":
                return ("network", field)
        return (child,)

    @staticmethod
    def literal(match: Match) -> str:
        """The text of a leaf whose pattern is a Glob."""
        assert isinstance(match.pattern, Glob)
        return match.pattern.literal

    def empty(self, column: str) -> str:
        """The column is empty; numbers and times are null where text is the empty text."""
        return f"isempty({column})" if self.types[column] == "string" else f"isnull({column})"

    def leaf(self, column: str, pattern: object) -> str:
        """One pattern on one column."""
        kind = self.types[column]
        match pattern:
            case Present():
                return f"isnotempty({column})" if kind == "string" else f"isnotnull({column})"
            case Glob() if kind == "string":
                return glob_condition(column, pattern)
            case Glob() if kind in _NUMBERS:
                return self.digits(column, pattern)
            case Regex() if kind == "string":
                return regex_condition(column, pattern)
            case Regex() if kind in _NUMBERS:
                return regex_condition(f"tostring({column})", pattern)
            case Compare() if kind == "string":
                return text_condition(column, pattern)
            case Compare() if kind in _NUMBERS:
                return number_condition(column, pattern)
            case Cidr() if kind == "string":
                return network_condition(column, [pattern.network])
            case TimePart() if kind == "datetime":
                part = _PARTS[pattern.part].format(column)
                return f"(isnotnull({column}) and {part} {_SIGNS[pattern.order]} {pattern.number})"
            case Reference():
                return self.reference(column, pattern)
        name = type(pattern).__name__
        what = {"Glob": "text", "Regex": "a regular expression", "Compare": "a number", "Cidr": "a network"}
        raise UnsayableError(column, f"{column} is of the type {kind}, and is held against {what.get(name, name)}")

    def digits(self, column: str, pattern: Glob) -> str:
        """Text asked of a number: its decimal digits."""
        if pattern.form == "equals" and pattern.tokens:
            return f"{column} == {self.number(column, pattern.literal)}"
        if not pattern.tokens:
            return f"isnull({column})"
        if pattern.tokens == (Wild.ANY,):
            return "true"
        return glob_condition(f"tostring({column})", pattern)

    def number(self, column: str, text: str) -> int:
        """The number that a column of numbers holds where the law reads `text`."""
        if self.types[column] not in _NUMBERS or not _INTEGER.fullmatch(text) or abs(int(text)) >= 1 << 63:
            kind = self.types[column]
            raise UnsayableError(column, f"{column} is of the type {kind}, which is never the text {text[:80]!r}")
        return int(text)

    def reference(self, column: str, pattern: Reference) -> str:
        """Two columns, both of which must hold something."""
        both = (column, pattern.field)
        guards = [f"isnotempty({name})" if self.types[name] == "string" else f"isnotnull({name})" for name in both]
        left, right = (name if self.types[name] == "string" else f"tostring({name})" for name in both)
        compared = f"{left} {operator(pattern.form, cased=pattern.cased)} {right}"
        return f"({' and '.join(dict.fromkeys(guards))} and {compared})"


def _joined(parts: list[str], word: str) -> str:
    """Conditions in a chain, or in a chain of chains where they are many."""
    while len(parts) > _CHAIN:
        chains = [parts[start : start + _CHAIN] for start in range(0, len(parts), _CHAIN)]
        parts = [f"({f' {word} '.join(chain)})" if len(chain) > 1 else chain[0] for chain in chains]
    return f" {word} ".join(parts)
