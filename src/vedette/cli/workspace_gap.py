"""`vedette hunt --workspace --compare LOG`: the same rules over a log and in a workspace, and where the two differ."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from vedette.cli.exit import GATE, TELEMETRY
from vedette.errors import UsageError

if TYPE_CHECKING:
    from vedette.hunt.finding import Finding
    from vedette.hunt.options import Options
    from vedette.hunt.summary import Summary
    from vedette.sentinel.hunting.difference import Difference
    from vedette.sentinel.hunting.gap import Gap
    from vedette.sentinel.hunting.hunting import Account
    from vedette.sentinel.hunting.plan import Plan

FORMS: Final = ("table", "ndjson", "json")
#: Matches of one rule with one reason that the table shows.
SHOWN: Final = 5
_WORDS: Final = {
    "local": "only the log",
    "workspace": "only the workspace",
    "verdict": "both, excluded in one",
    "both": "both",
}


@dataclasses.dataclass(frozen=True)
class Local:
    """The hunt in the log.

    Attributes:
        findings: with those that exclusions cover.
        hosts: of the log, each with the UTC epoch seconds of its first and last record.
        summary: its account.
    """

    findings: list[Finding]
    hosts: dict[str, tuple[float, float]]
    summary: Summary

    @property
    def first(self) -> float | None:
        """UTC epoch seconds of its first record; None if there is none."""
        return min((first for first, _ in self.hosts.values()), default=None)

    @property
    def last(self) -> float | None:
        """Of its last."""
        return max((last for _, last in self.hosts.values()), default=None)

    def held_against(self, findings: list[Finding], account: Account, made: Plan, wire: Any) -> Compared:
        """What differs from the workspace."""
        from vedette.sentinel.hunting.gap import gap
        from vedette.sentinel.hunting.pace import Pace
        from vedette.sentinel.hunting.told import columns

        told = columns(made.target)
        found = gap(self.findings, findings, self.hosts, account.fates, made.asks, wire, told, account.window, Pace())
        return Compared(found, self.summary)


@dataclasses.dataclass(frozen=True)
class Compared:
    """Both hunts held against each other."""

    gap: Gap
    summary: Summary

    def write(self, stream: BinaryIO, form: str) -> None:
        """Write the differences; matches of both sides too, but for the table, which counts them."""
        from vedette.report.ndjson import encode

        if form == "table":
            stream.write(("\n".join(_table(self.gap)) + "\n").encode("utf-8", "backslashreplace"))
        elif form == "ndjson":
            stream.writelines(encode(one) + b"\n" for one in self.gap.matches)
        else:
            stream.write(b"[" + b",\n".join(encode(one) for one in self.gap.matches) + b"]\n")
        stream.flush()

    def codes(self, fails: bool) -> Iterator[int]:
        """The exit codes that it gives."""
        if fails and self.gap.differs:
            yield GATE
        if not self.summary.hosts:
            yield TELEMETRY

    def lines(self) -> Iterator[tuple[str, str]]:
        """Its part of the account."""
        sides = self.gap.sides
        told = ", ".join(f"{sides[side]:,} in {words}" for side, words in _WORDS.items() if sides[side])
        yield "compared", f"{len(self.gap.matches):,} matches: {told or 'none on either side'}"
        if self.gap.elsewhere:
            names = ", ".join(f"{name or '(no name)'} ({count:,})" for name, count in self.gap.elsewhere.most_common(3))
            yield (
                "elsewhere",
                f"{self.gap.elsewhere.total():,} matches on hosts or at times that the log does not cover: {names}",
            )
        for problem in self.summary.log_problems:
            yield "unread", str(problem)


def check(form: str) -> None:
    """Whether differences can be written so.

    Raises:
        UsageError: they can't.
    """
    if form not in FORMS:
        raise UsageError(f"-f {form} has no place for differences; write one of {', '.join(FORMS)}")


def hunt_log(options: Options, meter: Any) -> Local:
    """Hunt in the log by the same rules."""
    from vedette.correlate.hunting import correlating
    from vedette.hunt.hunt import Hunt

    running = Hunt(options, on_progress=meter, joining=correlating)
    findings = list(running.findings())
    spans = {name: (one.first, one.last) for name, one in running.summary.hosts.items()}
    return Local(findings, spans, running.summary)


def _table(found: Gap) -> Iterator[str]:
    from vedette.report.terminal import printable, shorten
    from vedette.sentinel.hunting.gap import rows

    groups: dict[tuple[str, str, str], list[Difference]] = {}
    for one in found.matches:
        if one.side != "both":
            groups.setdefault((one.rule.id, one.side, one.why), []).append(one)
    for (_, side, why), several in groups.items():
        rule = several[0].rule
        yield printable(f"{rule.level}  {rule.title}: {len(several):,} in {_WORDS[side]}")
        if why:
            yield printable(f"    {why}")
        for one in several[:SHOWN]:
            pid = "" if one.pid is None else f"pid {one.pid}  "
            yield printable(f"        {one.time}  {one.host}  {pid}{shorten(one.command_line or '', 160)}".rstrip())
        if len(several) > SHOWN:
            yield f"        and {len(several) - SHOWN:,} more; -f ndjson has all"
    yield ""
    yield f"{'both':>8}{'log':>8}{'work-':>8}{'ver-':>8}"
    yield f"{'':>8}{'only':>8}{'space':>8}{'dict':>8}  rule (author)"
    authors = {one.rule.title: one.rule.author for one in found.matches}
    for title, counts in rows(found):
        numbers = "".join(f"{counts[side]:>8,}" for side in ("both", "local", "workspace", "verdict"))
        yield printable(f"{numbers}  {title} ({authors[title] or 'author not stated'})")
