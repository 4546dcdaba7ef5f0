"""A hunt as Markdown, for a ticket: incidents first, then what fired, what was silenced, and what was covered.

Text of the log stands in code spans, in which nothing is markup and nobody is mentioned by accident.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from vedette.correlate.incident import Fact, Incident
from vedette.report.attack import fired, matrix
from vedette.report.dossier import Dossier
from vedette.report.group import Group, group
from vedette.report.level import counted, rank
from vedette.report.summary_line import SummaryLine
from vedette.report.terminal import printable, shorten

#: Rows of findings, and facts of an incident, that are written before "and N more".
MOST_ROWS: Final = 200
_MOST_FACTS: Final = 100
_MOST: Final = 50
_LONGEST: Final = 300
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#|~!$]|^[-+=]|(?<=^\d)[.)]|(?<=www)\.|:(?=//))", re.IGNORECASE)
_TICKS: Final = re.compile(r"`+")


def markdown(dossier: Dossier, title: str, *, made: dt.datetime, redacted: bool = False) -> str:
    """The report.

    Args:
        dossier: what it tells.
        title: its heading.
        made: when, in UTC.
        redacted: whether `dossier` has been masked, to say so.
    """
    return "\n\n".join(_parts(dossier, title, made, redacted)) + "\n"


def plain(text: str) -> str:
    r"""Text on one line in which nothing is markup, an entity or a mention.

    >>> plain("*bold* @root <b>")
    '\\*bold\\* &#64;root \\<b\\>'
    """
    shown = printable(" ".join(text.split()))
    return _SPECIAL.sub(r"\\\1", shown.replace("&", "&amp;")).replace("@", "&#64;")


def span(text: str | None, *, table: bool = False) -> str:
    """Text of the log as a code span; empty for nothing."""
    if not text:
        return ""
    shown = shorten(text, _LONGEST)
    ticks = "`" * (max((len(run) for run in _TICKS.findall(shown)), default=0) + 1)
    pad = " " if shown[:1] in "` " or shown[-1:] in "` " else ""
    return f"{ticks}{pad}{shown.replace('|', chr(92) + '|') if table else shown}{pad}{ticks}"


def _parts(dossier: Dossier, title: str, made: dt.datetime, redacted: bool) -> Iterator[str]:
    yield f"# {plain(title)}"
    alerts = Counter(f.rule.level for f in dossier.findings if f.verdict.decision == "alert")
    excluded = len(dossier.findings) - alerts.total()
    hosts = sorted({f.host for f in dossier.findings} | {host for one in dossier.incidents for host in one.hosts})
    levels = f" ({plain(counted(alerts))})" if alerts else ""
    on = f" on {', '.join(map(span, hosts[:10]))}" if any(hosts) else ""
    yield (
        f"{_number(len(dossier.incidents), 'incident')}, {_number(alerts.total(), 'finding')}{levels}{on}; "
        f"{excluded:,} more covered by exclusions. Written {made:%Y-%m-%d %H:%M} UTC."
    )
    if redacted:
        yield "Names, addresses and secrets are masked; one value has one mask throughout."
    for incident in sorted(dossier.incidents, key=lambda one: (one.decision is not None, -rank(one.level), one.first)):
        yield from _incident(incident)
    groups = sorted(group(dossier.findings), key=lambda row: (row.decision != "alert", -rank(row.rule.level), row.time))
    if groups:
        yield "## Findings"
        yield _table(("time", "level", "host", "user", "rule", "what", "count"), map(_row, groups[:MOST_ROWS]))
        if len(groups) > MOST_ROWS:
            yield f"and {len(groups) - MOST_ROWS:,} more rows"
        yield from _rules(groups)
    yield from _techniques(dossier)
    yield from _coverage(dossier)


def _incident(incident: Incident) -> Iterator[str]:
    yield f"## {plain(incident.title)}"
    who = span(incident.login_user or incident.user or "unknown user")
    if incident.login_user and incident.user and incident.user != incident.login_user:
        who += f" as {span(incident.user)}"
    peers = dict.fromkeys(
        f"{fact.address} port {fact.port}" if fact.port is not None else str(fact.address)
        for fact in incident.facts
        if fact.kind in ("connection", "ssh", "scan") and fact.address
    )
    listens = dict.fromkeys(
        str(fact.port) for fact in incident.facts if fact.kind == "listener" and fact.port is not None
    )
    lines = [
        f"**Level** {plain(incident.level)}, id {span(incident.id)}",
        f"**Who** {who} on {', '.join(map(span, incident.hosts))}",
        f"**From** {span(incident.came_from) or 'not in the log'}",
        f"**To** {', '.join(map(span, list(peers)[:20])) or 'no new peer seen'}"
        + (f"; listens on {', '.join(map(span, list(listens)[:20]))}" if listens else ""),
        f"**When** {plain(incident.first)} to {plain(incident.last)}",
        f"**Firewall** {plain(incident.state)}",
        f"**Kernel** {plain(incident.kernel.verdict)}: {plain(incident.kernel.text)}",
    ]
    if incident.raised:
        lines.append("**Raised** although an exclusion covers the flush, since a pivot followed")
    if incident.decision is not None:
        by = f" by {span(incident.decision.by)}" if incident.decision.by else ""
        lines.append(f"**Decision** {plain(incident.decision.verdict)}{by} {plain(incident.decision.note)}".rstrip())
    yield _items(lines)
    yield _items(f"Why: {plain(reason)}" for reason in incident.reasons)
    yield _table(("time", "what", "", "who", "tie"), map(_fact, incident.facts[:_MOST_FACTS]))
    if len(incident.facts) > _MOST_FACTS:
        yield f"and {len(incident.facts) - _MOST_FACTS:,} more facts"
    for step in incident.next_steps[:_MOST]:
        yield f"{plain(step.title)}:" if step.command else plain(step.title)
        if step.command:
            yield _fence(step.command, "kusto" if step.where == "kql" else "sh")


def _fact(fact: Fact) -> tuple[str, ...]:
    excluded = f", covered by {plain(fact.excluded_by)}" if fact.excluded_by else ""
    what = f"{plain(fact.text)}{excluded}"
    who = f"{fact.login_user} as {fact.user}" if fact.login_user and fact.login_user != fact.user else fact.user
    shown = (
        what
        if not fact.command_line or fact.command_line == fact.text
        else f"{what} {span(fact.command_line, table=True)}"
    )
    return plain(fact.time[11:23]), fact.kind, shown, span(who, table=True), plain(fact.tie)


def _row(row: Group) -> tuple[str, ...]:
    user = f"{row.login_user} as {row.user}" if row.login_user and row.login_user != row.user else row.user
    what = span(row.deed, table=True) + (f" {plain(row.origin)}" if row.origin else "")
    level = row.rule.level if row.decision == "alert" else f"{row.rule.level}, excluded: {row.why or row.by or ''}"
    return (
        plain(row.time[:19].replace("T", " ")),
        plain(level),
        span(row.host, table=True),
        span(user, table=True),
        plain(row.rule.title),
        what,
        f"{row.count:,}",
    )


def _rules(groups: Sequence[Group]) -> Iterator[str]:
    yield "## Rules"
    headers = {one.rule.id: one.rule for row in groups for one in row.joined}
    headers |= {row.rule.id: row.rule for row in groups}
    yield _items(
        f"{plain(rule.title)}, by {plain(rule.author) or 'an author who is not stated'}"
        f" ({plain(rule.license) or 'licence not stated'}), {plain(' '.join(rule.attack))} {span(rule.id)}"
        for rule in sorted(headers.values(), key=lambda rule: (-rank(rule.level), rule.title))
    )


def _techniques(dossier: Dossier) -> Iterator[str]:
    techniques = fired(dossier.findings)
    if techniques:
        names = matrix().tactics
        yield "## ATT&amp;CK"
        yield _items(
            f"{one.id}{f' (was {chr(44).join(one.former)})' if one.former else ''} {one.name}, "
            f"{', '.join(names[tactic] for tactic in one.tactics) or 'not in our list'}: "
            f"{_number(one.findings, 'finding')}"
            for one in techniques
        )


def _coverage(dossier: Dossier) -> Iterator[str]:
    yield "## Coverage"
    if not dossier.summaries:
        yield "The findings came without the account of their hunt: what was covered is not known."
    for line in dossier.summaries:
        yield _items(_account(line))
    lost = [
        f"{_number(count, 'line')} of the input could not be read: {plain(reason)}, "
        f"first at {span(dossier.examples.get(reason))}"
        for reason, count in dossier.unread.items()
    ]
    if lost:
        yield _items(lost)


def _account(line: SummaryLine) -> Iterator[str]:
    for host in line.hosts[:_MOST]:
        yield (
            f"{span(host.host) or 'a host without a name'}: {plain(host.first)} to {plain(host.last)}, "
            f"records in {host.hours:,} of {_number(host.span, 'hour')}"
        )
    yield f"{_number(line.rules_loaded, 'rule')} loaded, {line.rules_live:,} can match these logs"
    for blind in line.blind[:_MOST]:
        yield f"not wholly seen: {span(blind.host)}, {plain(blind.first)} to {plain(blind.last)}: {plain(blind.why)}"
    for one in line.excluded[:_MOST]:
        yield f"excluded {one.findings:,} by {plain(one.title) or span(one.id)}: {plain(one.why)}"
    for text in (*line.refused[:_MOST], *line.notes[:_MOST]):
        yield plain(text)
    if line.interrupted:
        yield "the hunt was stopped before the end of the logs"


def _items(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ("---",) * len(heads), *rows))


def _fence(text: str, language: str) -> str:
    ticks = "`" * max(3, max((len(run) for run in _TICKS.findall(text)), default=0) + 1)
    shown = "\n".join(printable(line) for line in text[:65_536].expandtabs(4).splitlines())
    return f"{ticks}{language}\n{shown}\n{ticks}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
