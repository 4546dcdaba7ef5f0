"""Rows as findings: why the rule holds on each, in which views, and which exclusion covers it.

The reference evaluator is asked about the row as it was read back. A query selects by columns what a rule says of
fields, so the two agree unless a column says less than the field; then the finding shows the query.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final

from vedette.event import RESOLVED, Choice, Event, View, matching_views, views
from vedette.hunt.cover import holding
from vedette.hunt.exclusion import Exclusion
from vedette.hunt.finding import (
    SCHEMA,
    Ancestor,
    Finding,
    FindingOrigin,
    Matched,
    Process,
    RuleHeader,
    Session,
    Verdict,
)
from vedette.hunt.held import explain
from vedette.hunt.render import Clock, header
from vedette.predicate import Value, fields
from vedette.sentinel.hunting.plan import Ask
from vedette.sentinel.hunting.seen import Seen
from vedette.telemetry.auditd.columns import PER_EVENT, PROCESS

#: So much of a query is shown where nothing else says why a row matched, in characters.
MAX_QUERY: Final = 2_000
_ELSEWHERE: Final = frozenset(
    {*PROCESS, *PER_EVENT, "EventTime", "Computer", "ComputerName", "Hostname", "GrandParentImage"}
)


@dataclasses.dataclass(frozen=True)
class Judged:
    """A row of one rule.

    Attributes:
        finding: what is put out.
        event: the row as an event.
        view: the first view in which the rule matched.
        confirmed: the reference evaluator agrees that it did.
        ruled_out: it does not, over a row that tells all that the log did: the query saw less than the row holds.
    """

    finding: Finding
    event: Event
    view: View
    confirmed: bool
    ruled_out: bool


class Judge:
    """Makes findings.

    Args:
        bound: rule id to the exclusions that apply to it.
        choice: the views that are evaluated, where a row has both readings.
        workspace: the workspace's id, for origins.
    """

    def __init__(self, bound: Mapping[str, tuple[Exclusion, ...]], choice: Choice, workspace: str) -> None:
        self._bound, self._views, self._workspace = bound, views(choice), workspace
        self._clock = Clock()
        self._headers: dict[str, RuleHeader] = {}

    def judged(self, ask: Ask, seen: Seen) -> Judged:
        """A row that a rule's query selected, as a finding."""
        rule = ask.rule
        file = origin_of(self._workspace, seen)
        event = seen.event(ask.source, file)
        among = self._views if _has_both(seen.values) else (RESOLVED,)
        held = matching_views(rule.predicate, event, among)
        view = (held or among)[0]
        matched: tuple[Matched, ...] = (Matched("query", ask.text[:MAX_QUERY]),)
        verdict = Verdict("alert")
        if held:
            reads = tuple(sorted(fields(rule.predicate)))
            matched, verdict = explain(rule.predicate, reads, event.row(view), event.raw, view)
            verdict = self._verdict(rule.id, held, event, verdict)
        head = self._headers.setdefault(rule.id, header(rule))
        values = seen.values
        finding = Finding(
            SCHEMA,
            "finding",
            self._clock.text(seen.time),
            seen.host,
            ask.source.category or ask.source.service,
            head,
            _text(values, "User"),
            _text(values, "LoginUser"),
            _session(seen),
            _process(seen),
            {name: value for name, value in values.items() if name not in _ELSEWHERE},
            matched,
            tuple(str(each) for each in held or (view,)),
            verdict,
            FindingOrigin(file, 0, seen.serial),
        )
        return Judged(finding, event, view, bool(held), not held and seen.whole)

    def _verdict(self, rule: str, held: Sequence[View], event: Event, verdict: Verdict) -> Verdict:
        """The verdict, after the exclusions were asked: they must hold in each view and in the all-resolved one."""
        exclusions = self._bound.get(rule, ())
        for by in holding(exclusions, held, event.row, event.raw) if exclusions else ():
            if by.scope.covers(event.host, event.time):
                return Verdict("excluded", by.id, by.reason, verdict.undecided_by)
        return verdict


def origin_of(workspace: str, seen: Seen) -> str:
    """Where a row stands: workspace, table, and what names it there."""
    return f"workspace:{workspace}/{seen.table}/{seen.id}"


def _has_both(values: Mapping[str, Value]) -> bool:
    """Whether a row tells both readings of an image field."""
    return any(name.endswith(".invoked") for name in values)


def _process(seen: Seen) -> Process | None:
    """The process of a row; None where the row tells none."""
    values = seen.values
    pid = values.get("ProcessId")
    image, invoked = _text(values, "Image.resolved"), _text(values, "Image.invoked")
    command = _text(values, "CommandLine")
    if not isinstance(pid, int) and image is None and invoked is None and command is None:
        return None
    ancestors = seen.ancestors or _parent(values)
    return Process(
        pid if isinstance(pid, int) else 0,
        image,
        invoked,
        _text(values, "Script"),
        command,
        seen.cut,
        _text(values, "CurrentDirectory"),
        ancestors[0] if ancestors else None,
        ancestors,
    )


def _parent(values: Mapping[str, Value]) -> tuple[Ancestor, ...]:
    pid = values.get("ParentProcessId")
    image, command = _text(values, "ParentImage.resolved"), _text(values, "ParentCommandLine")
    if image is None and command is None:
        return ()
    user = _text(values, "ParentUser")
    return (Ancestor(pid if isinstance(pid, int) else 0, image, None, None, command, user),)


def _session(seen: Seen) -> Session | None:
    """The audit session of a row that was shipped; other sources have sessions of other kinds."""
    number = str(seen.values.get("LogonId", ""))[:20]
    if not seen.serial or not (number.isascii() and number.isdecimal()):
        return None
    return Session(seen.host, seen.boot, int(number))


def _text(values: Mapping[str, Value], name: str) -> str | None:
    found = values.get(name, "")
    return str(found) if found != "" else None
