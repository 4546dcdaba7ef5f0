"""The hunt through plain events: what other formats than the audit log give, kind by kind as they come up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from vedette.engine import Cache, Hit, Matcher
from vedette.engine.supply import Supply, blame, reduce
from vedette.event import REGISTRY, Event, Shapes, View, Vocabulary, single_valued
from vedette.hunt.assignment import KINDS, TIME, Assignment, compiled, reads
from vedette.hunt.cover import Cover
from vedette.hunt.finding import Ancestor, FindingOrigin, Matched, Process, RuleHeader, Verdict
from vedette.hunt.held import Why, explain
from vedette.hunt.options import Options
from vedette.hunt.render import Clock, header
from vedette.hunt.sighting import Match, Sighting
from vedette.hunt.summary import DeadRule, HostCoverage, Summary
from vedette.predicate import FALSE, Value, evaluate
from vedette.predicate.evaluate import text_of
from vedette.sigma.rule import Rule
from vedette.telemetry.events.kind import Kind
from vedette.telemetry.events.plain import Plain, event_of, searched
from vedette.telemetry.events.reading import reader_of
from vedette.telemetry.events.rejects import Rejects

if TYPE_CHECKING:
    from vedette.telemetry.events.mapping import MapMapper

#: Fields that differ from event to event, so that shapes do without them.
PER_EVENT: Final = frozenset(
    {name for name, field in REGISTRY.items() if field.per_event}
    | {"ProcessGuid", "ParentProcessGuid", "UtcTime", "EventRecordID", TIME}
)
#: The views of plain events: they have one path for each image field.
_ONE: Final = "resolved"
#: Rows and characters of a kind that are kept at most before it starts over.
_MOST_ROWS: Final = 500_000
_MOST_TEXT: Final = 128 << 20
#: Hosts of which an account is kept each for itself, and the name under which the others are told.
MOST_HOSTS: Final = 10_000
OTHERS: Final = "(other hosts)"
#: Explanations of matches that are kept.
_MOST_REASONS: Final = 100_000
_HOUR: Final = 3600
#: Fields that a finding tells of its process or user, and not among its other fields.
_OF_PROCESS: Final = frozenset(
    {
        "Image", "CommandLine", "CurrentDirectory", "ProcessId", "User",
        "ParentImage", "ParentCommandLine", "ParentProcessId", "ParentUser",
    }
)  # fmt: skip


class Chunk(msgspec.Struct):
    """Some events of one log.

    Attributes:
        file: the log.
        events: what it says, in its order.
    """

    file: str
    events: list[Plain]


class Lane:
    """One kind of event in a hunt: the rules that see it, compiled, and its distinct rows.

    Attributes:
        kind: the kind.
        assignment: its rules, compiled; None where no rule sees it.
        events: so many were seen.
        seen: the fields that they had.
    """

    def __init__(self, kind: Kind, assignment: Assignment | None, backend: Options) -> None:
        self.kind = kind
        self.assignment = assignment
        self.events = 0
        self.seen: set[str] = set()
        columns = assignment.columns if assignment is not None else ()
        vocabularies: dict[str, Vocabulary] = {}
        self.shapes = Shapes(
            columns, tuple(vocabularies.setdefault(name, Vocabulary(name)) for name in map(_vocabulary, columns))
        )
        self._places = {
            name: (place, self.shapes.vocabularies[place].codes, self.shapes.vocabularies[place])
            for place, name in enumerate(columns)
        }
        self.matcher = None
        if assignment is not None and assignment.rules:
            self.matcher = Matcher(assignment.plan, self.shapes, backend=backend.backend)
        self.reasons: dict[tuple[object, ...], Why] = {}
        self.matches: dict[int, tuple[tuple[Hit, ...], tuple[Match, ...]]] = {}
        self._empty = [0] * len(columns)
        self._live = frozenset(rule.id for rule in assignment.rules) if assignment is not None else frozenset()

    def trim(self) -> None:
        """Start over where too much is kept."""
        text = sum(vocabulary.size for vocabulary in {*self.shapes.vocabularies})
        if len(self.shapes.rows) > _MOST_ROWS or text > _MOST_TEXT:
            self.shapes.clear()
            self.matches.clear()
            self._places = {
                name: (place, self.shapes.vocabularies[place].codes, self.shapes.vocabularies[place])
                for place, name in enumerate(self.shapes.columns)
            }

    def sees(self, rule: str) -> bool:
        """Whether a rule sees these events."""
        found = self.assignment
        return found is not None and (rule in found.dead or rule in self._live)

    def missing(self, rule: Rule) -> tuple[str, ...] | None:
        """The fields for whose absence a rule could not match any of the events, or None if it could."""
        assert self.assignment is not None
        if rule.id in self.assignment.dead:
            return self.assignment.dead[rule.id]
        supply = Supply(tuple(self.seen), tuple(map(_vocabulary, self.seen)), _ONE, frozenset({TIME}))
        absent = supply.absent(rule.predicate)
        if not absent or reduce(rule.predicate, supply, absent)[0] != FALSE:
            return None
        return blame(rule.predicate, supply, absent)

    def number(self, values: Mapping[str, Value]) -> int:
        """The shape of an event."""
        row = self._empty.copy()
        places = self._places
        for name, value in values.items():
            known = places.get(name)
            if known is not None:
                place, codes, vocabulary = known
                code = codes.get(value)
                row[place] = vocabulary.code(value) if code is None else code
        return self.shapes.number(tuple(row))


class PlainHunt:
    """Hunts through plain events beside the hunt through audit logs.

    Args:
        rules: those that run.
        key: digest of all loaded rules, for compiled plans.
        cover: the exclusions.
        options: what is asked.
        cache: where compiled plans are kept; None for the user's cache folder.

    Attributes:
        lanes: the kinds that came up.
        hosts: what was seen of each host.
        rejects: what was no event.
        mapper: makes events by the map that was given, or None.
    """

    def __init__(
        self, rules: Sequence[Rule], key: str, cover: Cover, options: Options, cache: Cache | None = None
    ) -> None:
        self._rules, self._key, self._cover, self._options = rules, key, cover, options
        self._cache = cache or Cache()
        self._beside = {name: cover.reads(name) for name in cover.bound}
        self._headers: dict[str, RuleHeader] = {}
        self._clock = Clock()
        self.lanes: dict[Kind, Lane] = {}
        self.hosts: dict[str, HostSeen] = {}
        self.rejects = Rejects()
        self.mapper = _mapper(options.map)

    def read(self, form: str, chunks: Iterable[bytes], file: str) -> Iterator[Chunk]:
        """The events of one log.

        Args:
            form: its format, by the name that `vedette.telemetry.format` gives it.
            chunks: its decompressed bytes.
            file: its name.

        Raises:
            TelemetryError: it can't be read at all.
        """
        from vedette.telemetry.events.tabular import NEEDS_MAP, read_mapped  # noqa: PLC0415 (only where it is read)

        if self.mapper is not None and form in NEEDS_MAP:
            read = read_mapped(chunks, file, self.rejects, self.mapper)
        else:
            read = reader_of(form)(chunks, file, self.rejects)
        for events in read:
            yield Chunk(file, events)

    def sightings(self, chunk: Chunk) -> Iterator[tuple[Plain, Sighting]]:
        """The events of a chunk that rules match, in their order."""
        file, events = chunk.file, chunk.events
        numbers, used = self._intern(events)
        for lane in used:
            if lane.matcher is not None:
                lane.matcher.update()
        sifted = {kind: self._sifted(lane, events, numbers) for kind, lane in self.lanes.items() if lane in used}
        for place, (plain, number) in enumerate(zip(events, numbers, strict=True)):
            lane = self.lanes[plain.kind]
            if lane.matcher is None:
                continue
            hits = sifted[plain.kind].get(place, lane.matcher.hits[number])
            if hits:
                matches = self._matches(lane, number, plain, file, hits)
                if matches:
                    yield plain, self._sighting(lane, plain, file, matches)
        for lane in used:
            lane.trim()

    def events(self, chunk: Chunk) -> Iterator[Event]:
        """The events of a chunk that a rule sees, each under a log source by which one does."""
        self.note(chunk)
        for plain in chunk.events:
            kind = plain.kind
            seeing = [rule.logsource for rule in self._rules if kind.seen_by(rule.logsource)]
            if seeing:
                event = event_of(plain, chunk.file)
                named = (source for source in (kind.source, *kind.also) if any(one.covers(source) for one in seeing))
                yield msgspec.structs.replace(event, source=next(named, kind.source))

    def note(self, chunk: Chunk) -> None:
        """Take note of a chunk's events, and match nothing."""
        for lane in self._intern(chunk.events)[1]:
            lane.trim()

    def lane(self, kind: Kind) -> Lane:
        """The lane of a kind, made when its first event comes up."""
        lane = self.lanes.get(kind)
        if lane is None:
            lane = self.lanes[kind] = Lane(kind, self._assign(kind), self._options)
        return lane

    def account(self, summary: Summary) -> None:
        """Add to the account what was seen and what could not be read."""
        summary.rejected = summary.rejected + self.rejects.counts
        summary.rejected_examples = {**self.rejects.examples, **summary.rejected_examples}
        for name, seen in self.hosts.items():
            known = summary.hosts.get(name)
            if known is None:
                summary.hosts[name] = HostCoverage(
                    seen.first, seen.last, Counter(seen.events), seen.parents_known, len(seen.hours)
                )
            else:
                known.first, known.last = min(known.first, seen.first), max(known.last, seen.last)
                known.events = known.events + seen.events
                known.parents_known += seen.parents_known
                known.covered_hours = max(known.covered_hours, len(seen.hours))

    def dead(self, rule: Rule) -> DeadRule | None:
        """Why a rule could not match anything of these events, or None if it could."""
        lanes = [lane for lane in self.lanes.values() if lane.sees(rule.id)]
        if not lanes:
            return DeadRule(rule.id, rule.title, f"no event of log source {rule.logsource} in this log")
        absent: dict[str, None] = {}
        for lane in lanes:
            missing = lane.missing(rule)
            if missing is None:
                return None
            absent.update(dict.fromkeys(missing))
        kinds = " or ".join(dict.fromkeys(lane.kind.name for lane in lanes))
        why = f"needs {', '.join(absent) or 'what can never hold'}, which no {kinds} event in this log has"
        return DeadRule(rule.id, rule.title, why, tuple(absent))

    def _assign(self, kind: Kind) -> Assignment | None:
        routed = [
            rule
            for rule in self._rules
            if kind.seen_by(rule.logsource) or (not self._options.routing and kind.name == "process_creation")
        ]
        if not routed:
            return None
        predicates = {rule.id: rule.predicate for rule in routed}
        used = reads(predicates.values(), routed, self._beside) - PER_EVENT
        supplied = kind.supplied
        columns = tuple(sorted(used if supplied is None else used & supplied))
        per_event = PER_EVENT if supplied is None else frozenset({*(PER_EVENT & supplied), TIME})
        return compiled(
            kind.source,
            len(KINDS) + len(self.lanes),
            routed,
            predicates,
            columns,
            tuple(map(_vocabulary, columns)),
            choice=_ONE,
            per_event=per_event,
            key=f"{self._key}/plain/{self._options.routing}",
            cache=self._cache,
        )

    def _intern(self, events: Sequence[Plain]) -> tuple[list[int], list[Lane]]:
        """The shape of each event, and the lanes that they use."""
        numbers: list[int] = []
        used: dict[int, Lane] = {}
        for plain in events:
            lane = self.lanes.get(plain.kind) or self.lane(plain.kind)
            lane.events += 1
            used[id(lane)] = lane
            if not lane.seen.issuperset(plain.values):
                lane.seen.update(plain.values)
            numbers.append(lane.number(plain.values) if lane.matcher is not None else 0)
            host = self.hosts.get(plain.host)
            if host is None:
                # Names are anybody's, and without end in a forged log.
                name = plain.host if len(self.hosts) < MOST_HOSTS else OTHERS
                host = self.hosts.get(name) or self.hosts.setdefault(name, HostSeen(plain.time))
            host.add(plain)
        return numbers, list(used.values())

    def _sifted(self, lane: Lane, events: Sequence[Plain], numbers: Sequence[int]) -> dict[int, tuple[Hit, ...]]:
        """What the raw texts of events leave of the hits on their shapes, by place in the chunk."""
        if lane.matcher is None or lane.assignment is None or not lane.assignment.keywords:
            return {}
        hits = lane.matcher.hits
        places = [
            place
            for place, plain in enumerate(events)
            if plain.kind == lane.kind and any(hit.sift for hit in hits[numbers[place]])
        ]
        left = lane.matcher.sift([numbers[place] for place in places], [searched(events[place]) for place in places])
        return dict(zip(places, left, strict=True))

    def _matches(self, lane: Lane, number: int, plain: Plain, file: str, hits: tuple[Hit, ...]) -> tuple[Match, ...]:
        """The matches of an event; kept for its shape where none hangs on the event itself."""
        known = lane.matches.get(number)
        # Raw texts part events of one shape: what was kept of one of them is not true of another with other hits.
        if known is not None and (known[0] is hits or known[0] == hits):
            return known[1]
        assignment = lane.assignment
        assert assignment is not None
        found: list[Match] = []
        shared = True
        event: Event | None = None
        row: dict[str, Value] | None = None
        for hit in hits:
            rule, predicate, read = (
                assignment.rules[hit.query],
                assignment.predicates[hit.query],
                assignment.reads[hit.query],
            )
            view = hit.views[0]
            if hit.confirm:
                shared = False
                event = event or event_of(plain, file)
                whole = event.row(view)
                if not evaluate(predicate, whole, event.raw):
                    continue
                why = explain(predicate, read, whole, event.raw, view)
            else:
                row = row if row is not None else single_valued(lane.shapes.values(number), view)
                why = self._reason(lane, hit.query, view, row)
            matched, verdict = why
            if rule.id in self._cover:
                shared = False
                by = self._cover.of(
                    rule.id,
                    None if hit.confirm else (assignment.order, lane.shapes.epoch, number, hit.query),
                    hit.views,
                    lambda: lane.shapes.values(number),
                    lambda: event_of(plain, file),
                    host=plain.host,
                    time=plain.time,
                )
                if by is not None:
                    verdict = Verdict("excluded", by.id, by.reason, verdict.undecided_by)
            if lane.kind.reading is None:
                matched = tuple(Matched(one.field, one.value) for one in matched)
            found.append(Match(self._header(rule), matched, (str(view),), verdict, view))
        matches = tuple(found)
        if shared:
            if len(lane.matches) > _MOST_REASONS:
                lane.matches.clear()
            lane.matches[number] = hits, matches
        return matches

    def _reason(self, lane: Lane, query: int, view: View, row: dict[str, Value]) -> Why:
        """Why a row matched; rows that agree in what the rule reads share it."""
        assignment = lane.assignment
        assert assignment is not None
        read = assignment.reads[query]
        key = (query, *(row.get(field) for field in read))
        known = lane.reasons.get(key)
        if known is None:
            if len(lane.reasons) > _MOST_REASONS:
                lane.reasons.clear()
            known = lane.reasons[key] = explain(assignment.predicates[query], read, row, "", view)
        return known

    def _header(self, rule: Rule) -> RuleHeader:
        head = self._headers.get(rule.id)
        if head is None:
            head = self._headers[rule.id] = header(rule)
        return head

    def _sighting(self, lane: Lane, plain: Plain, file: str, matches: tuple[Match, ...]) -> Sighting:
        values = plain.values
        login = values.get("LoginUser", "")
        return Sighting(
            self._clock.text(plain.time),
            plain.host,
            lane.kind.name,
            user_of(plain) or None,
            text_of(login) if login != "" else None,
            None,
            process_of(values),
            {name: value for name, value in values.items() if name not in _OF_PROCESS},
            FindingOrigin(file, plain.offset, plain.number),
            (plain.raw.decode("utf-8", "replace"),) if self._options.raw else None,
            matches,
        )


class HostSeen:
    """What was seen of one host.

    Attributes:
        first: UTC epoch seconds of its first event.
        last: of its last.
        events: events by kind.
        parents_known: process starts that name their parent.
        hours: hours of the clock with an event.
        kinds: kinds of its events.
    """

    __slots__ = ("events", "first", "hours", "kinds", "last", "parents_known")

    def __init__(self, time: float) -> None:
        self.first = self.last = time
        self.events: Counter[str] = Counter()
        self.parents_known = 0
        self.hours: set[int] = set()
        self.kinds: set[Kind] = set()

    def add(self, plain: Plain) -> None:
        """Count one event."""
        time = plain.time
        if time < self.first:
            self.first = time
        elif time > self.last:
            self.last = time
        category = plain.kind.name
        self.events[category] += 1
        self.kinds.add(plain.kind)
        if category == "process_creation" and ("ParentImage" in plain.values or "ParentCommandLine" in plain.values):
            self.parents_known += 1
        self.hours.add(int(time) // _HOUR)


def _mapper(path: str | None) -> MapMapper | None:
    """What reads by a map; its tables cost a hunt without one a tenth of its start."""
    if path is None:
        return None
    from vedette.telemetry.events.mapping import MapMapper, read_map  # noqa: PLC0415 (see above)

    return MapMapper(read_map(path))


def _vocabulary(column: str) -> str:
    """Fields that share values share a vocabulary."""
    field = REGISTRY.get(column)
    return column if field is None else field.vocabulary


def process_of(values: Mapping[str, Value]) -> Process | None:
    """The process of a finding, as far as the event names it; a process id that it doesn't name is -1."""
    if not any(name in values for name in ("Image", "CommandLine", "ProcessId")):
        return None
    parent = None
    if any(name in values for name in ("ParentImage", "ParentCommandLine", "ParentProcessId")):
        parent = Ancestor(
            _pid(values.get("ParentProcessId", "")),
            _text(values, "ParentImage"),
            None,
            None,
            _text(values, "ParentCommandLine"),
            _text(values, "ParentUser"),
        )
    return Process(
        _pid(values.get("ProcessId", "")),
        _text(values, "Image"),
        None,
        None,
        _text(values, "CommandLine"),
        False,
        _text(values, "CurrentDirectory"),
        parent,
        () if parent is None else (parent,),
    )


def _pid(value: Value) -> int:
    return value if isinstance(value, int) else -1


def _text(values: Mapping[str, Value], name: str) -> str | None:
    value = values.get(name, "")
    return None if value == "" else text_of(value)


def user_of(plain: Plain) -> str:
    """The user of an event, by the first field that names one."""
    for part in (plain.values, plain.rest):
        for name, domain in (
            ("User", ""),
            ("SubjectUserName", "SubjectDomainName"),
            ("TargetUserName", "TargetDomainName"),
        ):
            value = part.get(name, "")
            if value not in ("", "-"):
                within = part.get(domain, "") if domain else ""
                return text_of(value) if within in ("", "-") else f"{within}\\{value}"
    return ""
