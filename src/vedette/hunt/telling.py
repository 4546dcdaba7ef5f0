"""What a hunt tells of a match: the event, why each rule matched it, and which exclusion covers that."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

from vedette.engine import Hit
from vedette.event import READ_FIELDS, Event, LogSource, Origin, View, single_valued
from vedette.event.logsource import AUDIT_RECORD
from vedette.hunt.assignment import TIME, Assignment
from vedette.hunt.cover import Cover
from vedette.hunt.finding import FindingOrigin, RuleHeader, Verdict
from vedette.hunt.held import Why, explain
from vedette.hunt.render import Clock, header, process_of, session_of
from vedette.hunt.sighting import Match, Sighting
from vedette.predicate import Predicate, Value, evaluate, fields
from vedette.sigma.rule import Rule
from vedette.telemetry.auditd.columns import process_values
from vedette.telemetry.auditd.happening import Batch, Happening
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.auditd.records import RAW

#: Explanations of matches that are kept; one for each distinct row and rule.
_MOST_REASONS: Final = 200_000


class Telling:
    """Makes sightings of events and the hits on their shapes.

    Args:
        assignments: what hunts in each kind of event.
        reader: gives the records of an event.
        cover: the exclusions that are asked about matches.
        raw: records are told too.
    """

    def __init__(
        self, assignments: Mapping[LogSource, Assignment], reader: AuditReader, cover: Cover, *, raw: bool
    ) -> None:
        self._assignments = assignments
        self._reader = reader
        self._cover = cover
        self._raw = raw
        self._clock = Clock()
        self._headers: dict[str, RuleHeader] = {}
        self._matches: dict[tuple[int, int, int], tuple[Match, ...]] = {}
        self._why: dict[tuple[int, int, int, int], Why] = {}
        self._reasons: dict[tuple[object, ...], Why] = {}

    def sighting(self, batch: Batch, place: int, happening: Happening, hits: tuple[Hit, ...]) -> Sighting | None:
        """One event with the rules that matched it, or None where the raw event rules all hits out."""
        source = batch.source
        assignment = self._assignments[source]
        key = (assignment.order, batch.shapes.epoch, batch.numbers[place])
        matches = self._matches.get(key)
        if matches is None:
            matches = self._matches_of(batch, key, assignment, happening, hits)
            if not matches:
                return None
        running = happening.process
        process = session = user = login_user = None
        if running is not None:
            process, session = process_of(running), session_of(running)
            user, login_user = running.tail.user or None, running.tail.login_user or None
        own = happening.fields
        return Sighting(
            self._clock.text(happening.time),
            happening.node,
            source.category or source.service,
            user,
            login_user,
            session,
            process,
            {name: value for name, value in own.items() if name != RAW} if own else {},
            FindingOrigin(happening.file, happening.offset, happening.serial),
            self._reader.records(happening) if self._raw else None,
            matches,
        )

    def event(self, source: LogSource, happening: Happening, *, raw: bool) -> Event:
        """The event with every column, for the reference evaluator; with its raw text where a keyword needs it."""
        values = process_values(happening.process) if happening.process is not None else {}
        text = ""
        values = {**happening.fields} if source == AUDIT_RECORD else {**values, **happening.fields}
        if source == AUDIT_RECORD:
            text = str(values.get(RAW, ""))
        elif raw:
            text = "\n".join(self._reader.records(happening))
        if source != AUDIT_RECORD:
            values[TIME] = happening.time
        origin = Origin(happening.file, happening.offset, happening.serial)
        return Event(source, happening.time, happening.node, values, text, origin)

    def _matches_of(
        self,
        batch: Batch,
        key: tuple[int, int, int],
        assignment: Assignment,
        happening: Happening,
        hits: tuple[Hit, ...],
    ) -> tuple[Match, ...]:
        """The matches of an event; kept for its shape where none hangs on the event itself."""
        found: list[Match] = []
        source, shared = batch.source, True
        values: dict[str, Value] | None = None
        rows: dict[View, dict[str, Value]] = {}
        event: Event | None = None
        for hit in hits:
            in_views = hit.views
            rule = assignment.rules[hit.query]
            predicate = assignment.predicates[hit.query]
            if hit.confirm:
                shared = False
                if event is None:
                    event = self.event(source, happening, raw=bool(assignment.keywords))
                in_views = _confirmed(predicate, event, hit.views)
                if not in_views:
                    continue
                why = explain(predicate, assignment.reads[hit.query], event.row(in_views[0]), event.raw, in_views[0])
            else:
                known = self._why.get((*key, hit.query))
                if known is None:
                    if values is None:
                        values = batch.shapes.values(key[2])
                    view = in_views[0]
                    row = rows.get(view)
                    if row is None:
                        row = rows[view] = single_valued(values, view)
                    known = self._reason(assignment, hit.query, view, row)
                    if len(self._why) > _MOST_REASONS:
                        self._why.clear()
                    self._why[*key, hit.query] = known
                why = known
            matched, verdict = why
            if rule.id in self._cover:
                shared = False
                by = self._cover.of(
                    rule.id,
                    None if hit.confirm else (*key, hit.query),
                    in_views,
                    lambda: batch.shapes.values(key[2]),
                    lambda: self.event(source, happening, raw=True),
                    host=happening.node,
                    time=happening.time,
                )
                if by is not None:
                    verdict = Verdict("excluded", by.id, by.reason, verdict.undecided_by)
            found.append(Match(self._header(rule), matched, _view_names(in_views), verdict, in_views[0]))
        matches = tuple(found)
        if shared:
            if len(self._matches) > _MOST_REASONS:
                self._matches.clear()
            self._matches[key] = matches
        return matches

    def _header(self, rule: Rule) -> RuleHeader:
        head = self._headers.get(rule.id)
        if head is None:
            head = self._headers[rule.id] = header(rule)
        return head

    def _reason(self, assignment: Assignment, query: int, view: View, row: dict[str, Value]) -> Why:
        """Why a row matched; rows that agree in what the rule reads share it."""
        reads = assignment.reads[query]
        key = (assignment.order, query, view, *(row.get(field) for field in reads))
        known = self._reasons.get(key)
        if known is None:
            if len(self._reasons) > _MOST_REASONS:
                self._reasons.clear()
            known = self._reasons[key] = explain(assignment.predicates[query], reads, row, "", view)
        return known


def _confirmed(predicate: Predicate, event: Event, among: tuple[View, ...]) -> tuple[View, ...]:
    """The views in which the reference evaluator says yes; one answer for all where no image field is read."""
    if not READ_FIELDS & fields(predicate):
        return among if evaluate(predicate, event.row(among[0]), event.raw) else ()
    return tuple(view for view in among if evaluate(predicate, event.row(view), event.raw))


@functools.cache
def _view_names(in_views: tuple[View, ...]) -> tuple[str, ...]:
    return tuple(str(view) for view in in_views)
