"""Exclusions of pure equality as a watchlist: rows that analysts keep in the workspace, taken out by the query.

A row holds a value for each column and is equal, letter case aside, to what it excludes. What says more than equality,
or holds for some hosts or times alone, stays in the query's text.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from vedette.hunt.exclusion import Exclusion, Scope
from vedette.kql.binding import bind
from vedette.kql.readings import Image, has_readings
from vedette.kql.strings import comment, quote
from vedette.kql.syslog import columns_of, prepared
from vedette.kql.target import Target
from vedette.predicate import And, Glob, Match, Or, Predicate, fields
from vedette.sentinel import template
from vedette.sentinel.writing import plain
from vedette.sigma.rule import Rule

#: Most rows that one exclusion is spelled out in; one with more stays in the query's text.
MAX_ROWS: Final = 500
#: Of the REST interface of watchlists.
API: Final = "2024-09-01"
_NAMESPACE: Final = uuid.UUID("0b1f2a0c-7f0b-5d6a-8f55-6f2b4f0f9d11")
_ABOUT: Final = ("ExclusionId", "Title", "Reason", "Owner", "Expires")
#: Column to value.
_Row = dict[str, str]


class Watchlist(msgspec.Struct, frozen=True):
    """One list, of the exclusions of a rule that compare the same columns.

    Attributes:
        alias: by which queries name it.
        rule: title of the rule.
        columns: that are compared, sorted.
        rows: a value for each column, then what is told of the exclusion.
        exclusions: that stand in it.
    """

    alias: str
    rule: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    exclusions: tuple[Exclusion, ...]

    @property
    def lines(self) -> list[str]:
        """KQL that takes its rows out, to be put behind a rule's conditions; a row that has expired takes out none."""
        told = "; ".join(f"{one.filter.title} ({one.id})" for one in self.exclusions)
        keys = [f"Excluded{number}" for number in range(1, len(self.columns) + 1)]
        pairs = list(zip(keys, self.columns, strict=True))
        # A list that was emptied has no columns, and a row that lacks a value must not cover what lacks it too.
        there = ", ".join(f'{key} = tolower(tostring(column_ifexists({quote(name)}, "")))' for key, name in pairs)
        filled = " and ".join(f"isnotempty({key})" for key in keys)
        return [
            comment(f"excluded by the watchlist {self.alias}: {told}"),
            f"| extend {', '.join(f'{key} = tolower({name})' for key, name in pairs)}",
            f"| join kind=leftanti (_GetWatchlist({quote(self.alias)})",
            f'    | project Until = tostring(column_ifexists("Expires", "")), {there}',
            f"    | where (isempty(Until) or todatetime(Until) > now()) and {filled}) on {', '.join(keys)}",
            f"| project-away {', '.join(keys)}",
        ]

    def csv(self) -> str:
        """The rows below a line of headings, as a watchlist is filled from."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow((*self.columns, *_ABOUT))
        writer.writerows(self.rows)
        return out.getvalue()

    def resource(self) -> dict[str, Any]:
        """The watchlist as a resource of a template, with its rows."""
        told = {
            "displayName": self.alias,
            "description": f"Exclusions of the rule: {plain(self.rule)}"[:1000],
            "provider": "Vedette",
            "source": "Local file",
            "watchlistAlias": self.alias,
            "itemsSearchKey": self.columns[0],
            "contentType": "text/csv",
            "numberOfLinesToSkip": 0,
            "rawContent": self.csv(),
        }
        return template.watchlist(self.alias, told, API)


def listed(
    exclusions: Sequence[Exclusion], rule: Rule, target: Target, image: Image = "column"
) -> tuple[tuple[Watchlist, ...], tuple[Exclusion, ...]]:
    """Watchlists for the exclusions of a rule that are pure equality, and the other exclusions.

    Args:
        exclusions: those that apply to the rule, in order.
        rule: the rule.
        target: where its query runs.
        image: how its query reads image fields; readings but the column's are told in the query alone.
    """
    groups: dict[tuple[str, ...], list[tuple[Exclusion, list[_Row]]]] = {}
    others = []
    for exclusion in exclusions:
        rows = [] if _has_readings(exclusion, rule, target, image) else _rows_of(exclusion, rule, target)
        shapes = {tuple(sorted(row)) for row in rows}
        if len(shapes) == 1:
            groups.setdefault(shapes.pop(), []).append((exclusion, rows))
        else:
            others.append(exclusion)
    found = []
    for columns, members in groups.items():
        key = f"{target.name}:{rule.id}:{','.join(columns)}"
        filled = tuple(
            (*(row[column] for column in columns), *_about(exclusion)) for exclusion, rows in members for row in rows
        )
        alias = f"vedette-{uuid.uuid5(_NAMESPACE, key).hex[:16]}"
        found.append(Watchlist(alias, rule.title, columns, filled, tuple(exclusion for exclusion, _ in members)))
    return tuple(found), tuple(others)


def _has_readings(exclusion: Exclusion, rule: Rule, target: Target, image: Image) -> bool:
    """Whether it reads an image field in more ways than a column holds."""
    table = target.table(rule.logsource)
    return (
        table is not None and has_readings(table, image) and not fields(exclusion.silenced).isdisjoint(table.resolved)
    )


def _about(exclusion: Exclusion) -> tuple[str, ...]:
    expires = "" if exclusion.expires is None else dt.datetime.fromtimestamp(exclusion.expires, dt.UTC).isoformat()
    told = (exclusion.filter.title, exclusion.reason, exclusion.owner)
    title, reason, owner = (" ".join(plain(text).split())[:500] for text in told)
    return exclusion.id, title, reason, owner, expires


def _rows_of(exclusion: Exclusion, rule: Rule, target: Target) -> list[_Row]:
    """The rows that say what an exclusion says; none where rows can't."""
    table = target.table(rule.logsource)
    if table is None or exclusion.scope != Scope():
        return []
    predicate, misfits = prepared(table, exclusion.silenced)
    bound = bind(predicate, columns_of(table, rule.logsource.product))
    if bound.refusals or misfits or bound.computed:
        return []
    return _alternatives(bound.predicate, bound.types) or []


def _alternatives(predicate: Predicate, types: Mapping[str, str]) -> list[_Row] | None:
    """The predicate as rows of which one must be equal; None where it says anything else."""
    match predicate:
        case Match(field=column, pattern=Glob() as pattern):
            text = pattern.literal
            # Engines agree on the case of ASCII; whatever can't be seen is better seen in the query.
            plain_text = text.isascii() and text.isprintable() and text == text.strip()
            if pattern.form == "equals" and text and plain_text and not pattern.cased and types[column] == "string":
                return [{column: text}]
        case Or(children=children):
            found: list[_Row] = []
            for child in children:
                some = _alternatives(child, types)
                if some is None or len(found) + len(some) > MAX_ROWS:
                    return None
                found += some
            return found
        case And(children=children):
            rows: list[_Row] = [{}]
            for child in children:
                some = _alternatives(child, types)
                if some is None or len(rows) * len(some) > MAX_ROWS:
                    return None
                if any(row.keys() & more.keys() for row in rows for more in some):
                    return None
                rows = [{**row, **more} for row in rows for more in some]
            return rows
    return None
