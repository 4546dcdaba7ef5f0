"""What a hunt tells of a match: the event, why each rule matched it, and which exclusion covers that."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

from vedette.engine import Hit
from vedette.event import READ_FIELDS, Event, LogSource, Origin, View
from vedette.event.columns import ABSENT
from vedette.event.logsource import AUDIT_RECORD
from vedette.hunt.assignment import TIME, Assignment
from vedette.hunt.cover import Cover
from vedette.hunt.finding import FindingOrigin, RuleHeader, Verdict
from vedette.hunt.held import explain
from vedette.hunt.render import Clock, header, process_of, session_of
from vedette.hunt.sighting import Match, Sighting
from vedette.predicate import Predicate, evaluate, fields
from vedette.sigma.rule import Rule
from vedette.telemetry.auditd.columns import process_values
from vedette.telemetry.auditd.happening import Batch, Happening
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.auditd.records import RAW

#: Shapes whose matches are kept.
_MOST_SHAPES: Final = 100_000
#: Matches that are kept, one for each rule and distinct row of what it reads; each holds its texts, and what a writer
#: made of them.
_MOST_MATCHES: Final = 10_000


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
        self._epochs: dict[int, int] = {}
        self._matches: dict[tuple[int, int, int], tuple[tuple[Hit, ...], tuple[Match, ...]]] = {}
        self._shared: dict[tuple[object, ...], Match] = {}
        self._places: dict[tuple[int, int, tuple[View, ...]], dict[str, int]] = {}

    def sighting(self, batch: Batch, place: int, happening: Happening, hits: tuple[Hit, ...]) -> Sighting | None:
        """One event with the rules that matched it, or None where the raw event rules all hits out."""
        source = batch.source
        assignment = self._assignments[source]
        key = (assignment.order, batch.shapes.epoch, batch.numbers[place])
        if self._epochs.get(key[0]) != key[1]:
            # Shapes were cleared, so that what is kept by their numbers and codes is of no more use.
            self._epochs[key[0]] = key[1]
            self._matches.clear()
            self._shared.clear()
        kept = self._matches.get(key)
        # Raw texts part events of one shape: what was kept of one of them is not true of another with other hits.
        if kept is not None and (kept[0] is hits or kept[0] == hits):
            matches = kept[1]
        else:
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
        codes = batch.shapes.rows[key[2]]
        event: Event | None = None
        for hit in hits:
            in_views = hit.views
            rule = assignment.rules[hit.query]
            if hit.confirm:
                shared = False
                predicate = assignment.predicates[hit.query]
                if event is None:
                    event = self.event(source, happening, raw=bool(assignment.keywords))
                in_views = _confirmed(predicate, event, hit.views)
                if not in_views:
                    continue
                view = in_views[0]
                why = explain(predicate, assignment.reads[hit.query], event.row(view), event.raw, view)
                match = Match(self._header(rule), why[0], _view_names(in_views), why[1], view)
            else:
                match = self._match(assignment, hit, batch, key, codes)
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
                    verdict = Verdict("excluded", by.id, by.reason, match.verdict.undecided_by)
                    match = Match(match.rule, match.matched, match.views, verdict, match.view)
            found.append(match)
        matches = tuple(found)
        if shared:
            if len(self._matches) > _MOST_SHAPES:
                self._matches.clear()
            self._matches[key] = hits, matches
        return matches

    def _match(
        self, assignment: Assignment, hit: Hit, batch: Batch, key: tuple[int, int, int], codes: tuple[int, ...]
    ) -> Match:
        """The match of a rule on a shape; shapes that agree in what the rule reads share it."""
        name = (assignment.order, hit.query, hit.views)
        places = self._places.get(name)
        if places is None:
            places = self._places[name] = _places(batch.shapes.columns, assignment.reads[hit.query], hit.views[0])
        known = (*name, key[1], *[codes[place] for place in places.values()])
        match = self._shared.get(known)
        if match is None:
            view, vocabularies = hit.views[0], batch.shapes.vocabularies
            row = {
                field: vocabularies[place].values[codes[place]]
                for field, place in places.items()
                if codes[place] != ABSENT
            }
            predicate, reads = assignment.predicates[hit.query], assignment.reads[hit.query]
            matched, verdict = explain(predicate, reads, row, "", view)
            match = Match(self._header(assignment.rules[hit.query]), matched, _view_names(hit.views), verdict, view)
            if len(self._shared) > _MOST_MATCHES:
                self._shared.clear()
            self._shared[known] = match
        return match

    def _header(self, rule: Rule) -> RuleHeader:
        head = self._headers.get(rule.id)
        if head is None:
            head = self._headers[rule.id] = header(rule)
        return head


def _places(columns: tuple[str, ...], reads: tuple[str, ...], view: View) -> dict[str, int]:
    """Where the values of the fields stand that a rule reads in a view."""
    return {field: columns.index(column) for field in reads if (column := view.column(field)) in columns}


def _confirmed(predicate: Predicate, event: Event, among: tuple[View, ...]) -> tuple[View, ...]:
    """The views in which the reference evaluator says yes; one answer for all where no image field is read."""
    if not READ_FIELDS & fields(predicate):
        return among if evaluate(predicate, event.row(among[0]), event.raw) else ()
    return tuple(view for view in among if evaluate(predicate, event.row(view), event.raw))


@functools.cache
def _view_names(in_views: tuple[View, ...]) -> tuple[str, ...]:
    return tuple(str(view) for view in in_views)
