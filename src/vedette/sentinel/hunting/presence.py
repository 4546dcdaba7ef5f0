"""What a workspace holds of hosts and processes, so that a match that it does not show can be explained."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from vedette.hunt.finding import Finding
from vedette.kql import Column
from vedette.kql.strings import quote
from vedette.sentinel.hunting.answer import Answer
from vedette.sentinel.hunting.asking import TRIES, Asked
from vedette.sentinel.hunting.difference import APART, Hosts, seconds
from vedette.sentinel.hunting.pace import Pace
from vedette.sentinel.hunting.plan import Ask
from vedette.sentinel.hunting.row import Reader
from vedette.sentinel.hunting.seen import Seen
from vedette.sentinel.hunting.told import Columns
from vedette.sentinel.hunting.window import Window

#: So many processes are looked for one by one; more say nothing new.
MAX_LOOKED: Final = 500
_NAMES: Final = 3


@dataclasses.dataclass(frozen=True)
class Presence:
    """What one table holds.

    Attributes:
        hosts: the log's name of a host to the sources of its rows, each with how many.
        seen: host and process id to its rows, of the processes that were looked for.
        looked: the processes that were looked for.
        wrong: why that is not known; empty where it is.
        empty: there is no row at all.
    """

    hosts: Mapping[str, Mapping[str, int]]
    seen: Mapping[tuple[str, int], Sequence[Seen]]
    looked: Collection[tuple[str, int]] = frozenset()
    wrong: str = ""
    empty: bool = False

    def why(self, finding: Finding) -> str:
        """Why a match of the log is none here, as far as the rows tell."""
        if self.wrong:
            return f"what the table holds could not be asked: {self.wrong}"
        sources = self.hosts.get(finding.host)
        if self.empty:
            return "the table has no row at all in this time"
        if sources is None:
            return "the table has no row of this host in this time"
        told = ", ".join(f"{name} ({count:,})" for name, count in sorted(sources.items())[:_NAMES])
        process = finding.process
        key = (finding.host, process.pid if process is not None else 0)
        if process is None or key not in self.looked:
            return f"the table has rows of this host, from {told}, and not this match"
        near = [seen for seen in self.seen.get(key, ()) if abs(seen.time - seconds(finding)) <= APART]
        if not near:
            return f"the table has rows of this host, from {told}, and not this event"
        return _apart(finding, near)


class Look:
    """Asks what tables hold.

    Args:
        wire: what sends queries.
        told: the target's columns of times, hosts and sources.
        window: in which rows were received.
        hosts: the log's.
        pace: how fast.
    """

    def __init__(self, wire: Asked, told: Columns, window: Window, hosts: Hosts, pace: Pace) -> None:
        self._wire, self._told, self._window, self._hosts, self._pace = wire, told, window, hosts, pace

    def presence(self, ask: Ask, missed: Sequence[Finding]) -> Presence:
        """Ask what a table holds, once for all matches of the log that it does not show.

        Args:
            ask: a query of a rule that asks the table.
            missed: the matches.
        """
        first = self._asked(survey(ask, self._told))
        if first.kind != "whole":
            return Presence({}, {}, wrong=first.told)
        counts: dict[str, dict[str, int]] = defaultdict(dict)
        for row in first.rows:
            host = self._hosts.known(str(row.get("Host") or ""))
            names = [str(row.get(f"Source{number}") or "") for number in range(1, len(self._told.sources) + 1)]
            if host is not None and isinstance(row.get("Rows"), int):
                source = " ".join(filter(None, names)) or ask.query.table
                counts[host][source] = counts[host].get(source, 0) + row["Rows"]
        looked = [one for one in missed if one.process is not None and one.host in counts][:MAX_LOOKED]
        text = lookup(ask, looked)
        if not text:
            return Presence(counts, {}, empty=not first.rows)
        answer = self._asked(text)
        if answer.kind not in ("whole", "partial"):
            return Presence(counts, {}, wrong=answer.told)
        keys = {(one.host, one.process.pid) for one in looked if one.process is not None}
        return Presence(counts, self._grouped(ask, answer), keys)

    def _asked(self, text: str) -> Answer:
        for tries in range(1, TRIES + 1):
            self._pace.turn(1)
            answer = self._wire.ask([(text, self._window)])[0]
            if answer.kind not in ("throttled", "cut") or tries == TRIES:
                break
            self._pace.again(tries, answer.after)
        return answer

    def _grouped(self, ask: Ask, answer: Answer) -> dict[tuple[str, int], list[Seen]]:
        reader = Reader(ask.columns, self._told, ask.query.table, ask.rule.logsource.category, ask.raw)
        found: dict[tuple[str, int], list[Seen]] = defaultdict(list)
        for row in answer.rows:
            seen = reader.seen(row)
            host, pid = (None, None) if seen is None else (self._hosts.known(seen.host), seen.values.get("ProcessId"))
            if seen is not None and host is not None and isinstance(pid, int):
                found[host, pid].append(seen)
        return found


def survey(ask: Ask, told: Columns) -> str:
    """A query for how many rows each source has of each host."""
    parts = [f"Host = {told.hosts[0]}", *(f"Source{number} = {name}" for number, name in enumerate(told.sources, 1))]
    return f"{_head(ask)}\n| summarize Rows = count() by {', '.join(parts)}"


def lookup(ask: Ask, findings: Sequence[Finding]) -> str:
    """A query for the rows of processes; empty where there are none, or the table has no column of process ids."""
    column = ask.columns.get("ProcessId")
    pids = sorted({finding.process.pid for finding in findings if finding.process is not None})
    if column is None or not pids:
        return ""
    # The name of a host may be longer or shorter here, so that it is looked at where it arrives.
    shown = ", ".join(str(pid) if column.type != "string" else quote(str(pid)) for pid in pids)
    lines = [_head(ask), *_extends(column), f"| where {column.column} in ({shown})"]
    for field in ("Image", "CommandLine"):
        place = ask.columns.get(field)
        lines += _extends(place) if place is not None else []
    return "\n".join(dict.fromkeys(lines))


def _apart(finding: Finding, near: Sequence[Seen]) -> str:
    """The event is there: what it says otherwise."""
    assert finding.process is not None
    there = min(near, key=lambda seen: abs(seen.time - seconds(finding)))
    process, values = finding.process, there.values
    images = [values.get(f"Image.{reading}") for reading in ("resolved", "invoked") if values.get(f"Image.{reading}")]
    command = values.get("CommandLine", "")
    if process.command_line is not None and command != process.command_line:
        return f"the event is there, with another command line: {str(command)[:200]!r}"
    if images and not {process.image, process.invoked} <= {*images}:
        views = ", ".join(finding.views)
        return f"the event is there, and tells one path alone, {images[0]}; the rule matched in the view {views}"
    return "the event is there, and the rule's query does not select it: it lacks a field, or says it otherwise"


def _head(ask: Ask) -> str:
    """The table, with the condition that selects events of the kind."""
    return "\n".join([ask.query.table, *([f"| where {ask.where}"] if ask.where else [])])


def _extends(column: Column) -> list[str]:
    steps = {**column.after, **({column.column: column.expression} if column.expression else {})}
    return [f"| extend {name} = {expression}" for name, expression in steps.items()]
