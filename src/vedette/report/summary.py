"""The account of a hunt in words: what was covered, what ran, and, loudly, what did not.

It stands on standard error after every hunt, also after one that found nothing: "nothing found" is worth exactly as
much as what was looked at.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from rich.console import Console
from rich.style import Style

from vedette.errors import ContentError
from vedette.hunt.summary import DeadRule, HostCoverage, Summary
from vedette.report.level import counted
from vedette.report.line import BOLD, DIM, PLAIN, WARN, Glyphs, Line, show, wrapped
from vedette.report.terminal import printable

_LABEL: Final = 10
#: Reasons, problems, hosts and names that are shown before "and N more".
_SHOWN: Final = 8
_NAMES: Final = 3
#: Below this share of known parents the summary warns.
_GOOD_SHARE: Final = 0.9
_HOUR: Final = 3600
_UNBOUNDED: Final = 1_000_000


def write(summary: Summary, console: Console) -> None:
    """Print the account; in a file, where nobody resizes windows, an item is a line however long."""
    show(lambda width, glyphs: lines(summary, width if console.is_terminal else _UNBOUNDED, glyphs), console)


def lines(summary: Summary, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The account line by line, each with a label; the last line is the result."""
    for label, style, texts in _sections(summary):
        for place, text in enumerate(texts):
            head = printable(label).ljust(_LABEL) if place == 0 else " " * _LABEL
            parts = [(word, style) for word in [printable(text)]]
            for number, line in enumerate(wrapped(parts, width - _LABEL, glyphs)):
                yield [(head if number == 0 else " " * _LABEL, DIM), *line]


def _sections(summary: Summary) -> Iterator[tuple[str, Style, list[str]]]:
    yield from _hosts(summary)
    yield "rules", *_rules(summary)
    yield from _problems("refused", "rule", summary.rule_problems)
    yield from _problems("unread", "log", summary.log_problems)
    if summary.rejected:
        yield "rejected", WARN, _rejected(summary)
    if summary.joined:
        rules = _number(len(summary.joined), "rule")
        told = f"{_matches(summary.joined.total())} of {rules} that are only part of correlations"
        yield "joined", PLAIN, [f"{told}: shown with --show-joined"]
    if summary.excluded:
        by = ", ".join(f"{count:,} by {name}" for name, count in summary.excluded.most_common())
        yield "excluded", PLAIN, [f"{_number(summary.excluded.total(), 'finding')}: {by}"]
    if summary.blind:
        yield "blind", WARN, _blind(summary)
    if summary.incidents:
        yield "incidents", BOLD, [counted(summary.incidents)]
    for note in summary.notes:
        yield "note", WARN, [note]
    yield "read", DIM, [_effort(summary)]
    if summary.interrupted:
        yield "stopped", WARN, ["interrupted: the rest of the log was not hunted, so nothing is said about it"]
    yield _result(summary)


def _hosts(summary: Summary) -> Iterator[tuple[str, Style, list[str]]]:
    if not summary.hosts:
        yield "covered", WARN, ["nothing: no record of any host was read"]
        return
    shown = sorted(summary.hosts.items())[:_SHOWN]
    texts = [_host(name, coverage) for name, coverage in shown]
    left = len(summary.hosts) - len(shown)
    yield "covered", PLAIN, texts + ([f"and {_number(left, 'more host')}"] if left else [])
    poor = [
        f"{name or 'no node name'}: {_share(coverage)}; rules on parents are blind for the others"
        for name, coverage in shown
        if coverage.events["process_creation"] and parents_share(coverage) < _GOOD_SHARE
    ]
    if poor:
        yield "parents", WARN, poor


def _host(name: str, coverage: HostCoverage) -> str:
    span = int(coverage.last // _HOUR) - int(coverage.first // _HOUR) + 1
    hours = f"records in {coverage.covered_hours:,} of {_number(span, 'hour')}"
    kinds = ", ".join(f"{count:,} {category}" for category, count in coverage.events.most_common(6))
    parents = f"; {_share(coverage)}" if coverage.events["process_creation"] else ""
    return (
        f"{name or '(no node name)'}  {period(coverage.first, coverage.last)}, {hours}; {kinds or 'no events'}{parents}"
    )


def parents_share(coverage: HostCoverage) -> float:
    """Share of process starts whose parent was known, 0 to 1; 1 where none started."""
    starts = coverage.events["process_creation"]
    return coverage.parents_known / starts if starts else 1.0


def _share(coverage: HostCoverage) -> str:
    return f"parents known for {percent(parents_share(coverage))} of process starts"


def percent(share: float) -> str:
    """A share in percent, never rounded up to 100 % nor down to 0 %.

    >>> percent(0.99999), percent(1.0), percent(0.00001)
    ('99.9 %', '100 %', '0.1 %')
    """
    if share in (0.0, 1.0):
        return f"{share:.0%}".replace("%", " %")
    return f"{min(99.9, max(0.1, share * 100)):.1f} %"


def period(first: float, last: float) -> str:
    """Two UTC epoch seconds as `2026-11-24 08:35:30 to 11:02:10 UTC`; the date stands twice only if it differs."""
    begin, end = (instant(moment) for moment in (first, last))
    return f"{begin} to {end[11:] if end[:10] == begin[:10] else end} UTC"


def instant(moment: float) -> str:
    """UTC epoch seconds as `2026-11-24 08:35:30`; a moment beyond the calendar as its number."""
    try:
        return dt.datetime.fromtimestamp(int(moment), dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return f"{moment:.0f}"


def _rules(summary: Summary) -> tuple[Style, list[str]]:
    loaded = _number(summary.rules_loaded, "rule")
    if summary.correlations:
        loaded += f" and {_number(summary.correlations, 'correlation')}"
    if not summary.dead:
        return PLAIN, [f"{loaded} loaded, {_all(summary.rules_live, summary.rules_loaded)} can match this log"]
    live, dead_count = summary.rules_live, len(summary.dead)
    remedy = "`vedette telemetry` says what to enable"
    texts = [f"{loaded} loaded: {live:,} can match this log, {dead_count:,} never can ({remedy})"]
    reasons: defaultdict[str, list[DeadRule]] = defaultdict(list)
    for dead in summary.dead:
        reasons[dead.why].append(dead)
    ordered = sorted(reasons.items(), key=lambda item: (-len(item[1]), item[0]))
    texts += [f"{len(rules):,}  {why}: {names(rule.title for rule in rules)}" for why, rules in ordered[:_SHOWN]]
    if len(ordered) > _SHOWN:
        rest = sum(len(rules) for _, rules in ordered[_SHOWN:])
        texts.append(f"{rest:,}  for {_number(len(ordered) - _SHOWN, 'other reason')}")
    return WARN, texts


def _all(part: int, whole: int) -> str:
    return "all" if part == whole and whole > 1 else f"{part:,}"


def names(titles: Iterable[str], shown: int = _NAMES) -> str:
    """The first few titles, and how many more there are."""
    every = list(titles)
    more = f" and {len(every) - shown:,} more" if len(every) > shown else ""
    return ", ".join(every[:shown]) + more


def _problems(label: str, noun: str, problems: list[ContentError]) -> Iterator[tuple[str, Style, list[str]]]:
    if problems:
        texts = [
            f"{_number(len(problems), noun)}, in whole or in part:"
            if noun == "log"
            else f"{_number(len(problems), noun)}:"
        ]
        texts += [str(problem) for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            texts.append(
                f"and {len(problems) - _SHOWN:,} more" + (" (`vedette rules` lists all)" if noun == "rule" else "")
            )
        yield label, WARN, texts


def _rejected(summary: Summary) -> list[str]:
    total = summary.rejected.total()
    texts = [f"{_number(total, 'line')} that {'is no record' if total == 1 else 'are no records'}:"]
    for reason, count in summary.rejected.most_common(_SHOWN):
        example = summary.rejected_examples.get(reason)
        texts.append(f"{count:,}  {reason}" + (f" (first at {example})" if example else ""))
    if len(summary.rejected) > _SHOWN:
        texts.append(f"and {_number(len(summary.rejected) - _SHOWN, 'other reason')}")
    return texts


def _effort(summary: Summary) -> str:
    speed = f" ({size(summary.bytes_read / summary.seconds)}/s)" if summary.seconds > 0 and summary.bytes_read else ""
    return f"{size(summary.bytes_read)} in {summary.seconds:.1f} s{speed}, {summary.cpu_seconds:.1f} s of CPU"


def size(number: float) -> str:
    """Bytes in words.

    >>> size(512), size(59_300_000)
    ('512 bytes', '59.3 MB')
    """
    if number < 1000:
        return f"{number:.0f} bytes"
    for unit in ("kB", "MB", "GB"):
        number /= 1000
        if number < 1000:
            return f"{number:.1f} {unit}"
    return f"{number / 1000:.1f} TB"


def _result(summary: Summary) -> tuple[str, Style, list[str]]:
    found = summary.alerts.total()
    if found:
        return "found", BOLD, [f"{_number(found, 'finding')}: {counted(summary.alerts)}"]
    if not summary.rules_live:
        return "found", WARN, ["nothing, and nothing could have been found: no rule can match this log"]
    if not any(coverage.events for coverage in summary.hosts.values()):
        return "found", WARN, ["nothing, and nothing could have been found: the log holds no event that rules read"]
    hours = sum(coverage.covered_hours for coverage in summary.hosts.values())
    covered = (
        f"{_number(summary.rules_live, 'rule')} over {_number(hours, 'hour')} of {_number(len(summary.hosts), 'host')}"
    )
    blind = len(summary.dead) + len(summary.rule_problems)
    beyond = f"; what {_number(blind, 'other rule')} would find was not looked for" if blind else ""
    return "found", BOLD, [f"nothing in what was covered: {covered}{beyond}"]


def _matches(count: int) -> str:
    return "1 match" if count == 1 else f"{count:,} matches"


def _blind(summary: Summary) -> list[str]:
    """Spans in which the log did not see; an attacker who stops auditing first is in one of them."""
    told = [
        f"{blind.host or 'no node name'}: {blind.text}, from {_clock(blind.start)}"
        + (f" to {_clock(blind.end)} UTC" if blind.end is not None else " UTC to the end of the log")
        for blind in summary.blind[:_SHOWN]
    ]
    left = len(summary.blind) - len(told)
    return told + ([f"and {_number(left, 'more span')}"] if left else [])


def _clock(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _number(count: int, noun: str) -> str:
    """`1 rule`, `2 rules`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
