"""The hunt: logs and rules in, findings out."""

from __future__ import annotations

import contextlib
import functools
import math
import time as clock
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

from vedette.engine import Hit, Matcher
from vedette.errors import TelemetryError
from vedette.event import Event, LogSource
from vedette.event.logsource import AUDIT_RECORD, PROCESS_CREATION
from vedette.hunt.assignment import KINDS, Assignment, assign
from vedette.hunt.cover import Cover
from vedette.hunt.exclusion import Exclusions, judge
from vedette.hunt.finding import Finding, RuleHeader, Verdict
from vedette.hunt.joining import Joining, MakeJoining
from vedette.hunt.options import DEFAULT_PACK, Options, Progress
from vedette.hunt.plain import Chunk, PlainHunt
from vedette.hunt.share import Share
from vedette.hunt.sight import Sight
from vedette.hunt.sighting import Sighting, flattened
from vedette.hunt.summary import DeadRule, HostCoverage, Summary
from vedette.hunt.telling import Telling
from vedette.hunt.watch import Watch
from vedette.sigma.rule import LEVELS, Rule
from vedette.sigma.ruleset import RuleSet, load
from vedette.telemetry.auditd.accounts import load_accounts
from vedette.telemetry.auditd.happening import Batch, Happening
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.carrier.carried import Carried
from vedette.telemetry.events.plain import event_of
from vedette.telemetry.format import opened
from vedette.telemetry.listing import Listing, expand
from vedette.telemetry.source import Source

OnProgress = Callable[[Progress], None]


def built_in_pack(name: str) -> str:
    """The folder of a pack that Vedette ships."""
    return str(Path(__file__).resolve().parent.parent / "packs" / name)


class Hunt:
    """One hunt; iterate `findings` once.

    Args:
        options: what is asked.
        on_progress: told how far it is.
        cover: what is asked about matches in the place of the loaded exclusions.
        watch: shown all events of the kinds that it wants, and all findings.
        joining: makes what joins matches into findings of their own; without it correlations are not applied.

    Attributes:
        options: what was asked.
        summary: the account; complete once the findings are exhausted.
        rules: what was loaded.
        share: the part of the logs whose findings are put out; all of them, unless it is set.
        plain: the hunt in logs of other formats than the audit log.
        kept: the rules that run: those at or above the asked level, and those whose matches are joined.
    """

    def __init__(
        self,
        options: Options,
        *,
        on_progress: OnProgress | None = None,
        cover: Cover | None = None,
        watch: Watch | None = None,
        joining: MakeJoining | None = None,
    ) -> None:
        self.options = options
        self.summary = Summary()
        self._on_progress = on_progress or (lambda _progress: None)
        self._started = clock.monotonic()
        self._cpu = clock.process_time()
        paths = options.rules or (built_in_pack(DEFAULT_PACK),)
        self.rules: RuleSet = load((*paths, *options.filters), on_progress=self._on_rules)
        self._joining = joining(self.rules, options) if joining is not None and self.rules.correlations else None
        needs = self._joining.needs if self._joining is not None else ()
        kept = tuple(rule for rule in self.rules.rules if _reaches(rule, options.level) or rule.id in needs)
        self.exclusions = self._judged_exclusions() if cover is None else Exclusions(cover.bound, (), (), ())
        self._cover = Cover(self.exclusions.bound) if cover is None else cover
        self.assignments: tuple[Assignment, ...] = assign(
            kept,
            choice=options.image,
            routing=options.routing,
            key=self.rules.key,
            beside={name: self._cover.reads(name) for name in self._cover.bound},
        )
        self.kept = kept
        self._watch = watch
        # Looking for holes costs a second pass over the heads of all records.
        self._sight = Sight() if watch is not None else None
        self.summary.rules_loaded = len(kept)
        self.summary.rule_problems.extend(self.rules.problems)
        if self._joining is None and (number := len(self.rules.correlations)):
            plural = "s" if number > 1 else ""
            self.summary.notes.append(f"{number} correlation{plural} read and not applied")
        if len(kept) < len(self.rules.rules):
            below = len(self.rules.rules) - len(kept)
            self.summary.notes.append(f"{below} rules below level {options.level} did not run")
        types = next((a.record_types for a in self.assignments if a.source == AUDIT_RECORD), frozenset())
        self.reader = AuditReader(
            {
                **dict.fromkeys(watch.sources if watch is not None else (), ()),
                **{assignment.source: assignment.columns for assignment in self.assignments},
            },
            accounts=load_accounts(options.passwd) if options.passwd else None,
            record_types=types,
        )
        self._matchers = {
            assignment.source: Matcher(assignment.plan, self.reader.shapes[assignment.source], backend=options.backend)
            for assignment in self.assignments
        }
        self._by_source = {assignment.source: assignment for assignment in self.assignments}
        self._telling = Telling(self._by_source, self.reader, self._cover, raw=options.raw)
        self.plain = PlainHunt(kept, self.rules.key, self._cover, options)
        self._seen: dict[LogSource, int] = dict.fromkeys(KINDS, 0)
        self.share = Share()
        self._at = 0.0

    def findings(self) -> Iterator[Finding]:
        """The findings in the order of the log, as it is read."""
        with contextlib.closing(self.sightings()) as sightings:
            yield from flattened(sightings)

    def sightings(self) -> Generator[Sighting | Finding]:
        """The findings in the order of the log, those of one event together; of correlations, each by itself."""
        try:
            for batches in self._batches():
                if self._at > self.share.end:
                    return
                if self._at <= self.share.begin:
                    self._pass_over(batches)
                    continue
                yield from self._judge_plain(batches) if isinstance(batches, Chunk) else self._judge(batches)
                if self._joining is not None:
                    yield from self._complete(self._joining.due())
            if self._joining is not None:
                yield from self._complete(self._joining.close())
        finally:
            self._close()

    @property
    def joins(self) -> bool:
        """Whether somebody must see all events of it, one after the other."""
        return self._joining is not None or self._watch is not None

    def take(self, share: Share) -> None:
        """Put out that part only, silently, as a process of its own that was split off."""
        self.share = share
        self._cpu = clock.process_time()
        self._on_progress = lambda _progress: None

    def _pass_over(self, batches: list[Batch] | Chunk) -> None:
        """Take note of what belongs to the share of another."""
        if isinstance(batches, Chunk):
            for _ in self.plain.sightings(batches):
                pass
            return
        for batch in batches:
            if batch.source in self._matchers:
                self._seen[batch.source] += len(batch.numbers)

    def _complete(self, found: Sequence[Finding]) -> Iterator[Finding]:
        return (finding for finding in found if self._told(finding.rule, finding.verdict))

    def events(self) -> Iterator[Event]:
        """Every event of the asked kinds, one by one: the slow way, for explanations and for the reference."""
        searched = self._cover.reads_raw
        for batches in self._batches():
            if isinstance(batches, Chunk):
                yield from self.plain.events(batches)
                continue
            for batch in batches:
                for happening in batch.happenings:
                    raw = searched or bool(self._by_source[batch.source].keywords)
                    yield self._telling.event(batch.source, happening, raw=raw)
        self._close()

    def _judged_exclusions(self) -> Exclusions:
        """The exclusions that apply, and a loud note on each that does not."""
        filters = self.rules.filters if self.options.exclude else ()
        if len(filters) < len(self.rules.filters):
            self.summary.notes.append(f"no exclusion is applied, as asked: {len(self.rules.filters)} were read")
        now = clock.time() if self.options.now is None else self.options.now
        judged = judge(filters, self.rules.rules, now=now)
        self.summary.rule_problems.extend(judged.problems)
        self.summary.notes.extend([*map(str, judged.aside), *judged.notes])
        return judged

    def _on_rules(self, done: int, total: int) -> None:
        self._on_progress(Progress("rules", done, total))

    def _batches(self) -> Iterator[list[Batch] | Chunk]:
        """All batches of audit logs, and all chunks of others; problems of logs are collected."""
        listing = self.listing
        self.summary.log_problems.extend(listing.problems)
        total = sum(file.size or 0 for file in listing.files)
        before, produced = 0, 0
        for file in listing.files:
            more = file is not listing.files[-1]
            try:
                with Source(file.path) as source:
                    form, chunks = opened(source.chunks(), file.format)
                    carried: Carried | None = None
                    read: Iterator[list[Batch]] | Iterator[Chunk]
                    if form is not None and form.family == "events":
                        read = self.plain.read(form.name, chunks, file.path)
                    else:
                        carried = Carried("auditd" if form is None else form.name, chunks)
                        if carried.forwarded and self._sight is None:
                            self._sight = Sight()  # records get lost on their way
                        chunks = carried.chunks if self._sight is None else self._sight.through(carried.chunks)
                        read = self.reader.read(file.path, chunks, more=more, places=carried.places)
                    for batches in read:
                        self._at = (before + source.consumed) / max(total, 1)
                        self._on_progress(Progress("log", before + source.consumed, total, produced + source.produced))
                        yield batches
                    before += source.consumed
                    produced += source.produced
                    self.summary.bytes_read = produced
                    self.summary.log_problems.extend(source.problems)
                    if carried is not None:
                        self.summary.notes.extend(f"{file.path}: {remark}" for remark in carried.remarks())
                    if not source.produced and not source.problems:
                        self.summary.notes.append(f"{file.path} is empty")
            except TelemetryError as error:
                self.summary.log_problems.append(error)
        self._at = math.inf
        yield self.reader.close()

    @functools.cached_property
    def listing(self) -> Listing:
        """The logs that are read, in order."""
        return expand(self.options.logs, self.options.input_format)

    def _judge(self, batches: list[Batch]) -> Iterator[Sighting]:
        """Match one chunk's events, in file order."""
        found: list[tuple[int, int, Batch, int, tuple[Hit, ...]]] = []
        if self._watch is not None:
            self._watch.see(batches)
        for batch in batches:
            matcher = self._matchers.get(batch.source)
            if matcher is None:
                continue
            matcher.update()
            self._seen[batch.source] += len(batch.numbers)
            order, hits, happenings = KINDS.index(batch.source), matcher.hits, batch.happenings
            matched = [(place, hits[number]) for place, number in enumerate(batch.numbers) if hits[number]]
            if self._by_source[batch.source].keywords:
                matched = self._sifted(batch, matcher, matched)
            found += [(happenings[place].offset, order, batch, place, of_event) for place, of_event in matched]
        if len(batches) > 1:
            found.sort(key=lambda match: match[:2])
        for _, _, batch, place, hits_of_event in found:
            happening = batch.happenings[place]
            if not self._asked(happening.time):
                continue
            sighting = self._telling.sighting(batch, place, happening, hits_of_event)
            if sighting is None:
                continue
            if self._joining is not None:
                self._join(self._joining, batch.source, happening, sighting)
            if self._watch is not None and self._reported(happening.time):
                for finding in sighting.findings():
                    self._watch.found(happening, finding)
            yield from self._put(sighting, happening.time)

    def _judge_plain(self, chunk: Chunk) -> Iterator[Sighting]:
        """Match one chunk's events of another log, in its order."""
        for plain, sighting in self.plain.sightings(chunk):
            if not self._asked(plain.time):
                continue
            if self._joining is not None:
                for match in sighting.matches:
                    if match.rule.id in self._joining.needs:
                        self._joining.match(sighting.finding(match), event_of(plain, chunk.file), match.view)
            yield from self._put(sighting, plain.time)

    def _asked(self, time: float) -> bool:
        """Whether matches of that time are of interest, for their own sake or to be joined."""
        since, until = self.options.since, self.options.until
        begin = since if since is None or self._joining is None else since - self._joining.reach
        return (begin is None or time >= begin) and (until is None or time < until)

    def _reported(self, time: float) -> bool:
        return self.options.since is None or time >= self.options.since

    def _put(self, sighting: Sighting, time: float) -> Iterator[Sighting]:
        """Count what of a sighting is put out, and put it out."""
        if not self._reported(time):
            return
        told = tuple([match for match in sighting.matches if self._told(match.rule, match.verdict)])
        if told:
            if len(told) < len(sighting.matches):
                sighting.matches = told
            yield sighting

    def _join(self, joining: Joining, source: LogSource, happening: Happening, sighting: Sighting) -> None:
        """Show the matches of an event to who joins them."""
        needed = [match for match in sighting.matches if match.rule.id in joining.needs]
        if needed:
            event = self._telling.event(source, happening, raw=bool(self._by_source[source].keywords))
            for match in needed:
                joining.match(sighting.finding(match), event, match.view)

    def _told(self, rule: RuleHeader, verdict: Verdict) -> bool:
        """Count a match; whether it is put out."""
        if self._joining is not None and rule.id in self._joining.silent:
            self.summary.joined[rule.id] += 1
            return False
        if verdict.decision == "alert":
            self.summary.alerts[rule.level] += 1
            return True
        self.summary.excluded[verdict.by or ""] += 1
        return self.options.show_excluded

    def _sifted(
        self, batch: Batch, matcher: Matcher, matched: list[tuple[int, tuple[Hit, ...]]]
    ) -> list[tuple[int, tuple[Hit, ...]]]:
        """Leave out the hits that the raw text of their event rules out, all keyword rules at once."""
        places = [place for place, hits in matched if any(hit.sift for hit in hits)]
        raws = ["\n".join(self.reader.records(batch.happenings[place])) for place in places]
        left = dict(zip(places, matcher.sift([batch.numbers[place] for place in places], raws), strict=True))
        return [(place, of_event) for place, hits in matched if (of_event := left.get(place, hits))]

    def _close(self) -> None:
        """Complete the account."""
        summary = self.summary
        summary.rejected = self.reader.rejects.counts
        summary.rejected_examples = self.reader.rejects.examples
        for node in self.reader.nodes.values():
            if not node.hours:
                continue
            events = node.events.copy()
            events[PROCESS_CREATION.category] = node.execs
            summary.hosts[node.name] = HostCoverage(node.first, node.last, events, node.parents_known, len(node.hours))
        if self._sight is not None:
            summary.blind = list(self._sight.blind())
            if lost := sum(blind.events or 0 for blind in summary.blind):
                summary.notes.append(f"{lost:,} events in all are missing by their serials")
        self.plain.account(summary)
        summary.dead = [dead for rule in self.kept if (dead := self._dead(rule)) is not None]
        summary.rules_live = len(self.kept) - len(summary.dead)
        if self._joining is not None:
            self._joining.account(summary)
        summary.seconds = clock.monotonic() - self._started
        summary.cpu_seconds = clock.process_time() - self._cpu

    def _dead(self, rule: Rule) -> DeadRule | None:
        """Why a rule could not match anything of this input, or None if it could."""
        audit = self._dead_in_audit(rule)
        if audit is None or not self.plain.hosts:
            return audit
        plain = self.plain.dead(rule)
        return audit if plain is not None and self.reader.nodes else plain

    def _dead_in_audit(self, rule: Rule) -> DeadRule | None:
        seeing = [a for a in self.assignments if rule.id in a.dead or any(rule is live for live in a.rules)]
        if not seeing:
            return DeadRule(rule.id, rule.title, f"no audit log gives events of log source {rule.logsource}")
        live = [a for a in seeing if rule.id not in a.dead]
        if not live:
            absent = tuple(dict.fromkeys(field for a in seeing for field in a.dead[rule.id]))
            return DeadRule(rule.id, rule.title, f"needs {', '.join(absent) or 'what can never hold'}", absent)
        if all(self._seen[a.source] == 0 for a in live):
            kinds = " or ".join(a.source.category or a.source.service for a in live)
            return DeadRule(rule.id, rule.title, f"no {kinds} event in this log")
        return None


def _reaches(rule: Rule, level: str | None) -> bool:
    return level is None or LEVELS.index(rule.level) >= LEVELS.index(level)
