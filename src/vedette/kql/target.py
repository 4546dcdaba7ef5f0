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

#: The targets whose tables have a column a field.
COLUMNAR: Final = ("asim", "xdr")
#: The targets that ship with Vedette; Syslog has messages, which each query parses.
TARGETS: Final = (*COLUMNAR, "syslog")

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
        after: columns that its expression reads and that are computed before it, with their expressions.
    """

    column: str = ""
    type: Type = "string"
    expression: str = ""
    values: dict[str, tuple[str, ...]] = {}
    hashes: dict[str, str] = {}
    form: Literal["", "hex", "name"] = ""
    note: str = ""
    after: dict[str, str] = {}


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of one kind of event.

    Attributes:
        category: Sigma's category of log source; empty for a service's.
        service: Sigma's service of log source; empty for a category's.
        product: the only product whose rules it is for; empty where it holds events of all.
        name: table or function.
        builtin: the function of the same content that every workspace has, where there is one.
        prefilters: parameter of the function to the column in which it looks for terms.
        where: condition that selects events of the category, put before the rule's own; may be empty.
        note: what to know about every query of this table.
        fields: Sigma's field to its column; a text alone is a column of text.
        products: product to the fields that stand elsewhere for it; an empty text takes a field away.
        resolved: an image field to where its resolved path stands, of rows that tell both that and the executed path;
            for other rows it gives what their column holds.
        raw: column of the raw event, which keywords search; empty where there is none.
        parser: how further fields are parsed out of a message: as an event of Sysmon or as an audit record.
        names: the fields that the parser knows.
        enriched: the further fields that auditd adds to a record with `log_format=ENRICHED`.
        records: type of audit record to the fields that it carries, for types of which that is known.
        declared: what no query of this table can see, written above each.
        decoded: whether text in hexadecimal is decoded by the query.
    """

    name: str
    category: str = ""
    service: str = ""
    product: str = ""
    builtin: str = ""
    prefilters: dict[str, str] = {}
    where: str = ""
    note: str = ""
    fields: dict[str, str | Column] = {}
    products: dict[str, dict[str, str | Column]] = {}
    resolved: dict[str, Column] = {}
    raw: str = ""
    parser: Literal["", "sysmon", "audit"] = ""
    names: tuple[str, ...] = ()
    enriched: tuple[str, ...] = ()
    records: dict[str, tuple[str, ...]] = {}
    declared: tuple[str, ...] = ()
    decoded: bool = False

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
        """The table for rules of a log source, or None."""
        kind = (logsource.category, logsource.service)
        for table in self.tables:
            if (table.category, table.service) == kind and logsource.product in (
                "",
                table.product or logsource.product,
            ):
                return table
        return None


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
