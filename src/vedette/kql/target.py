"""Targets as data: which table holds which kind of event, and which column holds which field, with its type.

Each target is one TOML file in `targets/`. A field that a table does not name has no column there, which is an error
and never silence.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.errors import UsageError
from vedette.event import LogSource

#: The targets that ship with Vedette.
TARGETS: Final = ("asim", "xdr")

Type: TypeAlias = Literal["string", "int", "long", "real", "bool", "datetime"]


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a field stands in a table.

    Attributes:
        column: name of the column; of the computed one where there is an expression; empty for hashes.
        type: Kusto's type of it.
        expression: KQL that computes it, put into an `extend`.
        values: what the field's values are called there: the field's value to the column's.
        hashes: Sigma's `Hashes` holds several in one text; algorithm to the column that holds that one alone.
        form: `hex` where Sigma writes in hexadecimal what is a number there; `name` where Sigma has a path and the
            column only its last part.
        note: what to know whenever it is used.
    """

    column: str = ""
    type: Type = "string"
    expression: str = ""
    values: dict[str, tuple[str, ...]] = {}
    hashes: dict[str, str] = {}
    form: Literal["", "hex", "name"] = ""
    note: str = ""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of one kind of event.

    Attributes:
        category: Sigma's category of log source.
        name: table or function.
        builtin: the function of the same content that every workspace has, where there is one.
        where: condition that selects events of the category, put before the rule's own; may be empty.
        note: what to know about every query of this table.
        fields: Sigma's field to its column; a text alone is a column of text.
        products: product to the fields that stand elsewhere for it; an empty text takes a field away.
    """

    category: str
    name: str
    builtin: str = ""
    where: str = ""
    note: str = ""
    fields: dict[str, str | Column] = {}
    products: dict[str, dict[str, str | Column]] = {}

    def columns(self, product: str) -> dict[str, Column]:
        """Field to column for rules of a product."""
        merged = {**self.fields, **self.products.get(product, {})}
        return {
            field: Column(place) if isinstance(place, str) else place for field, place in merged.items() if place != ""
        }


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where queries run.

    Attributes:
        name: as the command line calls it.
        title: for people.
        image: what is known about the reading of the image fields.
        tables: a table a category.
    """

    name: str
    title: str
    image: str
    tables: tuple[Table, ...]

    def table(self, logsource: LogSource) -> Table | None:
        """The table for rules of a log source, or None; no table here is a service's."""
        if logsource.service:
            return None
        return next((table for table in self.tables if table.category == logsource.category), None)


@functools.cache
def read_target(name: str) -> Target:
    """A target by name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in TARGETS:
        raise UsageError(f"no target {name!r}; the targets are {', '.join(TARGETS)}")
    content = resources.files("vedette.kql").joinpath("targets", f"{name}.toml").read_bytes()
    return msgspec.toml.decode(content, type=Target)
