"""Correlations in a hunt: its matches in, findings of their own out."""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from vedette.correlate.burst import Burst
from vedette.correlate.evaluation import Complete, Evaluation
from vedette.correlate.order import SLACK
from vedette.correlate.sighting import Common, Sighting
from vedette.correlate.stream import Match
from vedette.event import Event, View
from vedette.event.view import READING_COLUMNS
from vedette.hunt.finding import SCHEMA, Finding, JoinedEvent, JoinedRule, Joint, Session, Verdict
from vedette.hunt.options import Options
from vedette.hunt.render import Clock, header
from vedette.hunt.summary import Summary
from vedette.predicate.evaluate import text_of
from vedette.sigma.correlation import Correlation
from vedette.sigma.references import Directory, Part, resolve
from vedette.sigma.rule import LEVELS, Rule
from vedette.sigma.ruleset import RuleSet
from vedette.telemetry.listing import expand

#: Value of `category` in findings of correlations.
CATEGORY: Final = "correlation"
#: Longest value that is kept as it is; what a log says can be of any length, and there are many groups.
MAX_VALUE: Final = 1024
#: Fields that are the host.
HOST: Final = frozenset({"Computer", "ComputerName", "Hostname"})
#: Fields that are an audit session: node, boot and number, since the number alone repeats.
SESSION: Final = frozenset({"LogonId", "ses"})
#: What an audit record says of a session or a login user that is not set: no two events are one by that.
_UNSET: Final[Mapping[str, str]] = {
    **dict.fromkeys(("ses", "auid", "old-ses", "old-auid"), "4294967295"),
    **dict.fromkeys(("AUID", "OLD-AUID"), "unset"),
}
_LOSSES: Final[Mapping[str, str]] = {
    "late": "came late, and counted for correlations only in windows that were not over yet",
    "outlived": "came too late for their window, and took no part in correlations",
    "crowded": "left a correlation's window early, since one group held too many; counts may be too low",
    "evicted": "left a correlation's window early, since too much was held; matches may be missing",
    "duplicate": "had been read before, and counted once for correlations",
}

_Read: TypeAlias = Hashable


class Correlating:
    """Joins the matches of a hunt; see `vedette.hunt.joining.Joining`.

    Args:
        rules: what the hunt loaded.
        options: what it was asked.
        slack: seconds by which a match may be older than the newest one; infinite to put all in order first.
        on_match: told every window that matches.

    Attributes:
        correlations: those that are applied, with those that they join.
        needs: ids of the rules whose matches are joined.
        silent: ids of the rules and correlations whose matches give no findings of their own.
        reach: seconds before `Options.since` at which windows can begin.
        evaluation: the correlations at work.
    """

    def __init__(
        self,
        rules: RuleSet,
        options: Options,
        slack: float = SLACK,
        *,
        on_match: Callable[[Correlation, Match], None] | None = None,
    ) -> None:
        self._options = options
        self._directory = Directory(rules.rules, rules.correlations)
        asked = [one for one in rules.correlations if _reaches(one, options.level)]
        parts = {one.id: resolve(one, self._directory) for one in rules.correlations}
        self.correlations = tuple(_closed(asked, parts).values())
        self._below = len(rules.correlations) - len(self.correlations)
        self._parts = parts
        self.silent = _silent(self.correlations, asked, parts, options)
        self.evaluation = Evaluation(
            self.correlations,
            self._directory,
            slack=slack,
            make_tally=Common,
            item_of=self._sighting,
            on_match=on_match,
        )
        self.needs = self.evaluation.rules
        self.reach = max((_span(one, parts) for one in self.correlations), default=0) + SLACK
        self._due: list[Finding] = []
        self._closed = False
        self._joined: dict[str, int] = {}
        self._boots: dict[str, int] = {}
        self._clock = Clock()

    def match(self, finding: Finding, event: Event, view: View) -> None:
        """Take a match of a rule that is joined."""
        host = finding.host
        if finding.session is not None:
            self._boots[host] = finding.session.boot
        seen = Sighting(
            finding.time,
            finding.rule.id,
            host,
            finding.user,
            finding.login_user,
            finding.session,
            finding.verdict.by,
            finding.origin,
        )
        values = event.values

        def read(field: str) -> _Read:
            if field in HOST:
                return host
            # The readings of image fields are columns, and no fields that a correlation can name.
            value = values.get(view.column(field), values.get(field, "")) if field not in READING_COLUMNS else ""
            if _UNSET.get(field) == value:
                return None
            if field in SESSION:
                number = str(value)[:20]
                known = number.isascii() and number.isdigit()
                return Session(host, self._boots.get(host, 0), int(number)) if known else None
            return _bounded(text_of(value))

        # Of rows without a number of their own the serial is the line, which says nothing from file to file.
        key = (host, finding.origin.serial, _mark(finding), finding.rule.id, event.time)
        complete = self.evaluation.push(finding.rule.id, event.time, read, key=key, item=seen)
        self._due += self._findings(complete)

    def due(self) -> Sequence[Finding]:
        """Findings of the bursts that are complete since it was last asked."""
        due, self._due = self._due, []
        return due

    def close(self) -> Sequence[Finding]:
        """The findings of all bursts that are left."""
        self._closed = True
        return self._findings(self.evaluation.close())

    def account(self, summary: Summary) -> None:
        """Tell how many correlations there are, what they lost, and which can't match."""
        summary.correlations = len(self.correlations)
        summary.joined.update(self._joined)
        if self._below:
            summary.notes.append(f"{_number(self._below, 'correlation')} below level {self._options.level} did not run")
        counts = self.evaluation.counts
        for name, what in _LOSSES.items():
            if counts[name]:
                summary.notes.append(f"{_number(counts[name], 'match', 'matches')} {what}")
        dead = {one.id for one in summary.dead}
        for one in self.correlations:
            blind = [part.source.title for part in self._parts[one.id] if part.source.id in dead]
            if blind:
                summary.notes.append(
                    f"the correlation {one.title!r} joins what can never match this log: {', '.join(blind)}"
                )
        if not self._closed and (self.evaluation.open or self.evaluation.held):
            summary.notes.append(
                "the hunt stopped before its correlations were complete; those that were not are missing"
            )

    def _findings(self, complete: Iterable[Complete]) -> list[Finding]:
        found = []
        for one in complete:
            if self._options.since is not None and one.burst.last < self._options.since:
                continue
            if one.correlation.id in self.silent:
                self._joined[one.correlation.id] = self._joined.get(one.correlation.id, 0) + 1
            else:
                found.append(self._finding(one))
        return found

    def _finding(self, complete: Complete) -> Finding:
        correlation, burst = complete.correlation, complete.burst
        common, opener = burst.tally, burst.opener
        assert isinstance(common, Common)
        assert opener is not None
        seen: Sighting = opener.item
        since = self._options.since
        verdict = Verdict("alert")
        if common.silenced == burst.count:
            verdict = Verdict("excluded", common.by, "exclusions cover every event that it joins")
        return Finding(
            SCHEMA,
            "correlation",
            self._clock.text(burst.opened if since is None or burst.opened >= since else burst.last),
            common.host,
            CATEGORY,
            header(correlation),
            common.user,
            common.login_user,
            common.session,
            None,
            {},
            (),
            (),
            verdict,
            seen.origin,
            None,
            Joint(
                correlation.kind,
                correlation.timespan,
                _group(correlation, burst),
                self._clock.text(burst.first),
                self._clock.text(burst.last),
                burst.ends,
                burst.count,
                common.silenced,
                tuple(self._rules(complete.parts, burst, common)),
                tuple(
                    JoinedEvent(entry.item.time, entry.item.host, entry.item.rule, entry.item.by, entry.item.origin)
                    for entry in burst.shown
                ),
            ),
        )

    def _rules(self, parts: tuple[Part, ...], burst: Burst, common: Common) -> Iterable[JoinedRule]:
        """The rules that a match joins, those of chains below the correlation that joins them."""
        told: set[str] = set()
        for place, part in enumerate(parts):
            if part.source.id not in told:
                told.add(part.source.id)
                yield JoinedRule(header(part.source), burst.counts[place], common.excluded.get(place, 0))
            waiting = list(self._parts.get(part.source.id, ()))
            while waiting:
                below = waiting.pop(0)
                if below.source.id not in told:
                    told.add(below.source.id)
                    yield JoinedRule(header(below.source), None, None)
                    waiting += self._parts.get(below.source.id, ())

    def _sighting(self, correlation: Correlation, burst: Burst, match: Match) -> Sighting:
        """A correlation's match as an event of one that joins it; covered if all events so far are."""
        common = burst.tally
        assert isinstance(common, Common)
        last: Sighting = match.fresh[-1].item
        return Sighting(
            self._clock.text(match.end),
            correlation.id,
            common.host,
            common.user,
            common.login_user,
            common.session,
            common.by if common.silenced == burst.count else None,
            last.origin,
        )


def correlating(rules: RuleSet, options: Options) -> Correlating | None:
    """What joins the matches of a hunt with these rules; None if they hold no correlation.

    Several logs are read one after the other, whose times may overlap or go back: their matches are put in order
    before they are joined, as far as memory allows.
    """
    if not rules.correlations:
        return None
    several = len(expand(options.logs, options.input_format).files) > 1
    return Correlating(rules, options, math.inf if several else SLACK)


def _closed(asked: Sequence[Correlation], parts: Mapping[str, tuple[Part, ...]]) -> dict[str, Correlation]:
    """Correlations with all that they join."""
    found: dict[str, Correlation] = {}
    waiting = list(asked)
    while waiting:
        one = waiting.pop(0)
        if one.id not in found:
            found[one.id] = one
            waiting += [part.source for part in parts[one.id] if isinstance(part.source, Correlation)]
    return found


def _silent(
    correlations: Sequence[Correlation],
    asked: Sequence[Correlation],
    parts: Mapping[str, tuple[Part, ...]],
    options: Options,
) -> frozenset[str]:
    """Ids of rules and correlations that are only part of others, or run for their sake alone."""
    joined: dict[str, bool] = {}
    below: set[str] = {one.id for one in correlations} - {one.id for one in asked}
    for one in correlations:
        for part in parts[one.id]:
            source = part.source
            joined[source.id] = joined.get(source.id, False) or one.generate
            if not _reaches(source, options.level):
                below.add(source.id)
    if options.show_joined:
        return frozenset(below)
    return frozenset(below | {name for name, generate in joined.items() if not generate})


def _reaches(one: Rule | Correlation, level: str | None) -> bool:
    return level is None or LEVELS.index(one.level) >= LEVELS.index(level)


def _span(one: Correlation, parts: Mapping[str, tuple[Part, ...]]) -> int:
    """Seconds between the first event of a match of a chain and its end, at most."""
    below = [_span(part.source, parts) for part in parts[one.id] if isinstance(part.source, Correlation)]
    return one.timespan + max(below, default=0)


def _group(correlation: Correlation, burst: Burst) -> dict[str, str]:
    return {
        field: str(value.ses) if isinstance(value, Session) else str(value)
        for field, value in zip(correlation.group_by, burst.group, strict=True)
    }


def _bounded(text: str) -> str:
    """A text as it is kept: of a long one the beginning, and a digest that tells it from others."""
    if len(text) <= MAX_VALUE:
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[: MAX_VALUE // 2]}… {digest}"


def _mark(finding: Finding) -> int:
    """Tells apart the events of one serial, such as its records, but not an event from its copy in another log."""
    pid = finding.process.pid if finding.process is not None else -1
    told = (finding.category, pid, sorted(map(str, finding.event.items())))
    return zlib.crc32(repr(told).encode("utf-8", "surrogatepass"))


def _number(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"
