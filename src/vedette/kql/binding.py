"""Sigma's fields -> a table's columns, in the tree: what is read stays one predicate, only its leaves change.

Some columns say otherwise what Sigma says: `Hashes` is a column an algorithm, `LogonId` is a number, a path is a file
name. Such a leaf is restated where that is exact, and refused where it is not.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Final

from vedette.kql.target import Column, Type
from vedette.predicate import (
    FALSE,
    Atom,
    Compare,
    Const,
    Glob,
    Keyword,
    Match,
    Not,
    Predicate,
    Present,
    Reference,
    Wild,
    disjunction,
    equals,
    glob,
    holds,
    negation,
    rewrite,
)
from vedette.predicate.node import conjunction

_HASH: Final = re.compile(r"(?:(MD5|SHA1|SHA256|IMPHASH)=)?([0-9a-f]+)", re.IGNORECASE)
_LENGTHS: Final = {"MD5": 32, "IMPHASH": 32, "SHA1": 40, "SHA256": 64}
_HEX: Final = re.compile(r"0x[0-9a-f]{1,16}", re.IGNORECASE)
_LAST: Final = (1 << 63) - 1
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_NUMBERS: Final = ("int", "long", "real")


@dataclasses.dataclass(frozen=True)
class Refusal:
    """A leaf that the table can't hold.

    Attributes:
        field: Sigma's field; empty for a keyword.
        code: stable name of the cause.
        cause: one line.
        remedy: what the author can do, or the empty text.
    """

    field: str
    code: str
    cause: str
    remedy: str = ""


@dataclasses.dataclass(frozen=True)
class Bound:
    """A predicate over columns.

    Attributes:
        predicate: its fields are names of columns.
        types: Kusto's type of each column that it reads.
        computed: expression of each column that the table does not have itself, in the order of their use.
        notes: what to know about the columns.
        refusals: leaves that could not be bound, each once.
    """

    predicate: Predicate
    types: dict[str, Type]
    computed: dict[str, str]
    notes: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def bind(
    predicate: Predicate, columns: Mapping[str, Column], *, raw: Column | None = None, absent: bool = False
) -> Bound:
    """Put columns in the place of fields.

    Args:
        predicate: a rule's logic over Sigma's fields.
        columns: field to column.
        raw: the column that keywords search, if there is one.
        absent: read what has no column as absent, with a note, instead of refusing it.
    """
    binder = _Binder(columns, raw=raw, absent=absent)
    bound = rewrite(predicate, binder.leaf)
    return Bound(bound, binder.types, binder.computed, tuple(binder.notes), tuple(binder.refusals))


class _Binder:
    def __init__(self, columns: Mapping[str, Column], *, raw: Column | None, absent: bool) -> None:
        self.columns = columns
        self.raw = raw
        self.absent = absent
        self.types: dict[str, Type] = {}
        self.computed: dict[str, str] = {}
        self.notes: dict[str, None] = {}
        self.refusals: dict[Refusal, None] = {}

    def leaf(self, atom: Atom, positive: bool) -> Predicate:  # noqa: ARG002 (bound alike in either position)
        """A leaf over columns; one that is refused stays as it is, since nothing is made of the tree then."""
        if isinstance(atom, Keyword):
            return self.keyword(atom)
        column = self.columns.get(atom.field)
        if column is None:
            return self.without(atom, atom.field)
        if column.note:
            self.notes[column.note] = None
        if column.hashes:
            return self.hashes(atom, column)
        match atom.pattern:
            case Reference():
                return self.reference(atom, atom.pattern, column)
            case Glob() if column.values:
                return self.named(atom, atom.pattern, column)
            case Glob() if column.form == "hex":
                return self.hexadecimal(atom, atom.pattern, column)
            case Glob() if column.form == "name":
                return self.last_part(atom, atom.pattern, column)
            case Present():
                pass
            case pattern if column.values or column.form == "name":
                kind = type(pattern).__name__.lower()
                self.refuse(atom.field, "value", f"{atom.field} is held in another form, on which no {kind} works")
                return atom
        if isinstance(atom.pattern, Glob) and column.type in _NUMBERS and self.never(atom.pattern):
            self.notes[f"{atom.field} is a number here, and never the text {atom.pattern.literal[:80]!r}"] = None
            return FALSE
        return Match(self.use(column), atom.pattern)

    def keyword(self, atom: Keyword) -> Predicate:
        """What a keyword looks for stands anywhere in the raw event."""
        if self.raw is None:
            self.refuse("", "keyword", "a keyword searches the raw event, which no column holds", "name the field")
            return atom
        pattern = atom.pattern
        if isinstance(pattern, Glob):
            pattern = glob([Wild.ANY, *pattern.tokens, Wild.ANY], cased=pattern.cased)
        return Match(self.use(self.raw), pattern)

    @staticmethod
    def never(pattern: Glob) -> bool:
        """Whether no number is this text."""
        text = pattern.literal
        return pattern.form == "equals" and text != "" and not (_INTEGER.fullmatch(text) and abs(int(text)) <= _LAST)

    def without(self, atom: Match, field: str, which: str = "") -> Predicate:
        """A leaf that reads what has no column: refused, or false and true as the law has it of what is absent."""
        if not self.absent:
            self.refuse(
                field, "no-column", f"{field} has no column{which}", "-O missing=absent reads what has none as absent"
            )
            return atom
        self.notes[f"{field} has no column{which} here and is read as absent"] = None
        return Const(holds(atom.pattern, "", {}))

    def use(self, column: Column, name: str = "") -> str:
        """The column's name, noted as read."""
        name = name or column.column
        self.types[name] = column.type
        self.computed.update(column.after)
        if column.expression:
            self.computed[name] = column.expression
        return name

    def refuse(self, field: str, code: str, cause: str, remedy: str = "") -> None:
        self.refusals[Refusal(field, code, cause, remedy)] = None

    def reference(self, atom: Match, pattern: Reference, column: Column) -> Predicate:
        other = self.columns.get(pattern.field)
        if other is None:
            return self.without(atom, pattern.field)
        for name, place in ((atom.field, column), (pattern.field, other)):
            if place.values or place.hashes or place.form:
                self.refuse(name, "value", f"{name} is held in another form, which no other field can be compared with")
                return atom
        return Match(self.use(column), Reference(self.use(other), pattern.form, pattern.cased))

    def named(self, atom: Match, pattern: Glob, column: Column) -> Predicate:
        """A value that the column calls otherwise."""
        names = {value.lower(): theirs for value, theirs in column.values.items()}
        theirs = names.get(pattern.literal.lower())
        if pattern.form != "equals" or theirs is None:
            told = " and ".join(column.values)
            self.refuse(atom.field, "value", f"of {atom.field} only the values {told} are known in {column.column}")
            return atom
        name = self.use(column)
        return disjunction(Match(name, equals(value, cased=True)) for value in theirs)

    def hexadecimal(self, atom: Match, pattern: Glob, column: Column) -> Predicate:
        """`0x3e7` is the number 999; other texts are left to what numbers hold."""
        if pattern.form == "equals" and _HEX.fullmatch(pattern.literal) and int(pattern.literal, 16) <= _LAST:
            return Match(self.use(column), Compare("eq", int(pattern.literal, 16)))
        if pattern.form == "equals":
            if not self.never(pattern):
                return Match(self.use(column), pattern)
            self.notes[f"{atom.field} is a number here, and never the text {pattern.literal[:80]!r}"] = None
            return FALSE
        self.refuse(atom.field, "value", f"{column.column} is a number, of which no part of a text can be asked")
        return atom

    def last_part(self, atom: Match, pattern: Glob, column: Column) -> Predicate:
        """The end of a path, of which the column has the last part."""
        literal = pattern.literal
        if pattern.form == "endswith":
            bare = literal[1:] if literal[:1] in ("/", "\\") else literal
            if bare and "/" not in bare and "\\" not in bare:
                restated = equals(bare, cased=pattern.cased) if bare != literal else pattern
                return Match(self.use(column), restated)
        self.refuse(
            atom.field,
            "value",
            f"{column.column} holds a file's name alone, and the rule asks for more of the path of {atom.field}",
            "ask for the name alone, as `endswith: '/name'`",
        )
        return atom

    def hashes(self, atom: Match, column: Column) -> Predicate:
        """`MD5=...` in the text of all hashes is a column's whole value, if the hash is whole."""
        pattern = atom.pattern
        if isinstance(pattern, Present):
            return negation(conjunction(Not(Match(self.use(column, name), pattern)) for name in column.hashes.values()))
        found = _HASH.fullmatch(pattern.literal) if isinstance(pattern, Glob) and pattern.form != "wildcard" else None
        if found is None:
            self.refuse(atom.field, "value", "only whole hashes can be asked of columns, as `contains: 'SHA256=...'`")
            return FALSE
        assert isinstance(pattern, Glob)
        named, digits = (found[1] or "").upper(), found[2]
        possible = [named] if named else list(_LENGTHS)
        fitting = [name for name in possible if _LENGTHS[name] == len(digits)]
        if not fitting:
            self.refuse(atom.field, "value", f"{pattern.literal[:80]!r} is no whole hash")
            return FALSE
        held = [name for name in fitting if name in column.hashes]
        missing = [name for name in fitting if name not in column.hashes]
        if named and missing:
            return self.without(atom, atom.field, f" for {missing[0]}")
        if missing:
            self.notes[f"a hash without a name is looked for as {' and '.join(held)}, not as {missing[0]}"] = None
        return disjunction(
            Match(self.use(column, column.hashes[name]), equals(digits, cased=pattern.cased)) for name in held
        )
