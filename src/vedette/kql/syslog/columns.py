"""The columns that a table has for a rule: those of the table itself, and those that are parsed out of its message."""

from __future__ import annotations

from typing import Final

from vedette.kql.syslog.record import BODY, record_column
from vedette.kql.syslog.sysmon import sysmon_column
from vedette.kql.target import Column, Table

#: EXECVE names its arguments by number; a rule may ask for so many.
_ARGUMENTS: Final = 128


def columns_of(table: Table, product: str) -> dict[str, Column]:
    """Field to column for rules of a product.

    Args:
        table: of any target; where it has no parser, these are its own columns.
        product: of the rule's log source.
    """
    columns = table.columns(product)
    if table.parser == "sysmon":
        columns.update((field, sysmon_column(field)) for field in table.names)
    if table.parser == "audit":
        names = [*table.names, *(f"a{number}" for number in range(_ARGUMENTS))]
        columns.update((field, record_column(field, decoded=table.decoded)) for field in names)
        columns.update((field, record_column(field)) for field in table.enriched)
    return columns


def raw_of(table: Table) -> Column | None:
    """The column that keywords search, or None if no column of the table holds the raw event."""
    if table.parser == "audit" and table.service:
        # As in a local hunt, the text of a record is its type and body: its id and its host are left out.
        return Column("SigmaRaw", expression='strcat("type=", SigmaType, " ", SigmaRecord)', after=BODY)
    return Column(table.raw) if table.raw else None
