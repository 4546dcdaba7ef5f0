"""Each event alerts once: what an analytics rule does about events that two of its runs see, or that came twice.

A run looks back further than to the last one, since events arrive late. It takes the events that arrived since the last
run, and a little more; of copies with one key it keeps one. Where a table can't say when a row arrived, all rows of the
period are taken: an alert twice is better than none.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

import msgspec

from vedette.kql.convert import MAX_QUERY, Query
from vedette.kql.strings import quote
from vedette.kql.syslog import columns_of
from vedette.kql.target import Target
from vedette.sentinel.duration import written
from vedette.sentinel.made import read_made
from vedette.sigma.correlation import Correlation
from vedette.sigma.rule import Rule

#: The column that tells an event apart, and the custom detail that shows it.
KEY: Final = "EventKey"
#: Where tables hold events as text that queries parse.
_MESSAGE: Final = "SyslogMessage"
_ARRIVED: Final = "| where isnull(ingestion_time()) or ingestion_time() > ago({})"
_LINE: Final = re.compile(re.escape(_ARRIVED).replace(r"\{\}", "[0-9]+[mhd]") + "\n?")
#: Most minutes by which two runs overlap in arrivals, and which part of the time between them that is at most: when
#: exactly a run begins is the service's to say.
_SLACK: Final = 5
_PART: Final = 12


class Once(msgspec.Struct, frozen=True):
    """Lines for the query of an analytics rule.

    Attributes:
        arrived: put behind the rule's own conditions, where rows are still those of a table.
        kept: put behind all conditions: the key, and one row for each.
        note: why there are none, or less; empty where all is well.
    """

    arrived: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    note: str = ""


def slack(frequency: int, period: int) -> int:
    """Minutes of arrivals that two runs see both.

    >>> slack(60, 75), slack(5, 20), slack(60, 60)
    (5, 1, 0)
    """
    return min(_SLACK, max(1, frequency // _PART), period - frequency)


def once(query: Query, target: Target, frequency: int, period: int, room: int) -> Once:
    """What makes each event of a rule alert once.

    Args:
        query: of a rule, with a text.
        target: the query's.
        frequency: minutes between two runs.
        period: minutes that a run looks back.
        room: characters that are left of the longest query.
    """
    rule = query.rule
    table = target.table(rule.logsource) if isinstance(rule, Rule) else None
    if not isinstance(rule, Rule) or table is None:
        return Once()
    columns = columns_of(table, rule.logsource.product)
    moment = columns.get("EventTime")
    if moment is None or moment.expression:
        return Once(note="events that alert twice can't be told: there is no column of their time")
    message = table.raw or (_MESSAGE if table.parser else "")
    named = ("Computer",) if message else read_made().identity_of(rule.logsource.category)
    parts = [f"tostring({moment.column})"]
    for field in named:
        column = columns.get(field)
        if column is not None and column.column and not column.expression:
            parts.append(column.column if column.type == "string" else f"tostring({column.column})")
    parts += [message] if message else []
    lap = slack(frequency, period)
    arrived = (_ARRIVED.format(written(frequency + lap)),) if lap else ()
    kept = (
        f"| extend {KEY} = hash_sha256(strcat_delim({quote('|')}, {', '.join(dict.fromkeys(parts))}))",
        f"| summarize arg_min({moment.column}, *) by {KEY}",
    )
    if sum(len(line) + 1 for line in (*arrived, *kept)) > room:
        return Once(note="its query has no room for what keeps an event from alerting twice")
    return Once(arrived, kept)


def ended(correlation: Correlation, columns: Collection[str], frequency: int, late: int, room: int) -> Once:
    """What keeps a window of a correlation from alerting in each run that still sees it.

    Args:
        correlation: the rule.
        columns: of its query's result; none where they are not known.
        frequency: minutes between two runs.
        late: minutes by which events may come late.
        room: characters that are left of the longest query.
    """
    lines = [f"| where WindowEnd > ago({written(frequency + late)})"]
    groups = [name for name in correlation.group_by if name in columns]
    if columns:
        parts = ", ".join(f"tostring({name})" for name in ("WindowEnd", *groups))
        lines.append(f"| extend {KEY} = hash_sha256(strcat_delim({quote('|')}, {parts}))")
    if sum(len(line) + 1 for line in lines) > room:
        return Once(note="its query has no room for what keeps a window from alerting twice")
    return Once(kept=tuple(lines))


def of_all_time(text: str) -> str:
    """A query of an analytics rule for rows that arrived at any time, as an estimate from history needs it."""
    return _LINE.sub("", text)


def room_of(text: str, lines: Collection[str] = ()) -> int:
    """Characters that are left of the longest query behind a text and further lines."""
    return MAX_QUERY - len(text) - sum(len(line) + 1 for line in lines)
