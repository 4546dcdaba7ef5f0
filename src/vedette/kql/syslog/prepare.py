"""A rule's logic as a table's parser is to be asked, and what it can't be asked."""

from __future__ import annotations

from vedette.kql.binding import Refusal
from vedette.kql.syslog.columns import columns_of
from vedette.kql.syslog.record_types import misfits
from vedette.kql.syslog.syscalls import with_numbers
from vedette.kql.target import Table
from vedette.predicate import Predicate


def prepared(table: Table, predicate: Predicate) -> tuple[Predicate, tuple[Refusal, ...]]:
    """The logic to bind, and refusals; the logic as it is where the table has no parser of audit records."""
    if table.parser != "audit":
        return predicate, ()
    columns = columns_of(table, table.product)
    # A field that no record has is refused for that.
    found = [refusal for refusal in misfits(predicate, table.records) if refusal.field in columns]
    return with_numbers(predicate), tuple(found)
