"""Entities and details out of the columns of a query's result."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from vedette.kql.convert import MAX_QUERY, Query
from vedette.kql.strings import quote
from vedette.kql.syslog import columns_of
from vedette.kql.target import Column, Target
from vedette.sentinel.limits import read_limits
from vedette.sentinel.made import Source, read_made
from vedette.sigma.rule import Rule

#: Last part of a path of either kind, and what stands before it.
_PARTS: Final = {"name": r"([^/\\]+)$", "folder": r"^(.*)[/\\]"}
_NAMES: Final = {"name": "EntityFileName", "folder": "EntityFileFolder"}
#: Columns of a correlation's result that tell an entity: type and identifier.
_GROUPS: Final = {
    **dict.fromkeys(("Computer", "ComputerName", "Hostname"), ("Host", "FullName")),
    "User": ("Account", "FullName"),
    "CommandLine": ("Process", "CommandLine"),
    "ProcessId": ("Process", "ProcessId"),
    **dict.fromkeys(("SourceIp", "DestinationIp"), ("IP", "Address")),
}


@dataclasses.dataclass(frozen=True)
class Mapped:
    """What a query's result tells.

    Attributes:
        text: the query, with the columns that entities and details need behind its conditions.
        entities: mappings, as content has them.
        details: name of a detail to its column.
    """

    text: str
    entities: list[dict[str, Any]]
    details: dict[str, str]


def mapped(query: Query, target: Target, own: Sequence[str] = ()) -> Mapped:
    """Map a rule's columns; those that the target computes are put into an `extend`.

    Args:
        query: as converted, with a text.
        target: the query's.
        own: further columns of the query's that an alert shows by their names.

    Returns:
        At most as many entities as the older content tests take. A column whose computation would make the query too
        long is left out.
    """
    rule = query.rule
    table = target.table(rule.logsource) if isinstance(rule, Rule) else None
    if not isinstance(rule, Rule) or table is None:
        return Mapped(query.text, [], {})
    columns = columns_of(table, rule.logsource.product)
    writer = _Writer(query.text, columns, set(query.bound.computed if query.bound else ()))
    most = read_limits().limit("entities-old-count").most
    entities: list[dict[str, Any]] = []
    for entity in read_made().entities_of(rule.logsource.category):
        named = [(source.identifier, writer.column(source)) for source in entity.fields]
        fields = [{"identifier": name, "columnName": column} for name, column in named if column]
        if named[0][1] and len(entities) < most:
            entities.append({"entityType": entity.type, "fieldMappings": fields})
    details = {}
    for field in read_made().details_of(rule.logsource.category):
        column = writer.column(Source("", field))
        if column:
            details[field] = column
    details |= {name: name for name in own}
    return Mapped(writer.text, entities, details)


def regrouped(text: str, columns: Collection[str]) -> Mapped:
    """Map a correlation's columns by their names, and give its rows the time at which their windows end.

    Args:
        text: the query.
        columns: of its result; none where they are not known.
    """
    text += "\n| extend TimeGenerated = WindowEnd"
    entities = [
        {"entityType": kind, "fieldMappings": [{"identifier": identifier, "columnName": name}]}
        for name, (kind, identifier) in _GROUPS.items()
        if name in columns
    ]
    most = read_limits().limit("entities-old-count").most
    longest = read_limits().limit("detail-name-length").most
    details = {name: name for name in columns if len(name) <= longest and name.isidentifier() and name[0].isalpha()}
    count = read_limits().limit("details-count").most
    return Mapped(text, entities[:most], dict(list(details.items())[:count]))


class _Writer:
    """Columns for fields, and the lines that compute those that the table does not have."""

    def __init__(self, text: str, columns: Mapping[str, Column], computed: set[str]) -> None:
        self.text = text
        self.columns = columns
        self.computed = computed

    def column(self, source: Source) -> str:
        """The name of the column, computed by the text from now on; empty where the table can't tell the field."""
        column = self.columns.get(source.field)
        if column is None or column.hashes:
            return ""
        steps = {**column.after, **({column.column: column.expression} if column.expression else {})}
        name = column.column
        if source.part:
            name = _NAMES[source.part]
            steps[name] = f"extract({quote(_PARTS[source.part])}, 1, {column.column})"
        fresh = {step: expression for step, expression in steps.items() if step not in self.computed}
        longer = self.text + "".join(f"\n| extend {step} = {expression}" for step, expression in fresh.items())
        if fresh and len(longer) > MAX_QUERY >= len(self.text):
            return ""
        self.text = longer
        self.computed |= fresh.keys()
        return name
