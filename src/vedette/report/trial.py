"""Trials of packs: what failed first, with what was found, then the account; or all of it as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, Final

from rich.console import Console

from vedette.audit.trial import Case, Trial
from vedette.errors import ContentError
from vedette.hunt.finding import Finding
from vedette.report.deed import deed
from vedette.report.line import BOLD, DIM, LEVEL, PLAIN, WARN, Glyphs, Line, show, wrapped
from vedette.report.ndjson import encode
from vedette.report.terminal import printable, shorten

SCHEMA: Final = 1
#: What stands for a step where none is meant.
NO_STEP: Final = "outside all steps"
_BAD: Final = LEVEL["high"]


def write_json(trials: Sequence[Trial], out: BinaryIO) -> None:
    """All trials as one JSON object on one line."""
    out.write(encode(content(trials)) + b"\n")
    out.flush()


def write(trials: Sequence[Trial], console: Console, *, alerts: bool = False) -> None:
    """Print what failed, what can't be read, what is to be noted, and the account.

    Args:
        trials: of one pack each.
        console: where to.
        alerts: list the benign steps that still alert, too.
    """
    show(lambda width, glyphs: lines(trials, width, glyphs, alerts=alerts), console)


def content(trials: Sequence[Trial]) -> dict[str, Any]:
    """The trials as plain data; see docs/packs.md."""
    return {"schema": SCHEMA, "kind": "test", "packs": [_pack(trial) for trial in trials]}


def lines(trials: Sequence[Trial], width: int, glyphs: Glyphs, *, alerts: bool = False) -> Iterator[Line]:
    """The report line by line; see `write`."""
    for trial in trials:
        for case in trial.failed:
            yield from _case(trial, case, width, glyphs)
        if alerts:
            yield from _alerting(trial, width, glyphs)
        for title, problems in (("evidence", trial.problems), ("rules", trial.rule_problems)):
            if problems:
                yield [(f"{title} that can't be read:", BOLD)]
            for problem in problems:
                yield from wrapped([(printable(str(problem)), WARN)], width, glyphs, indent=2)
        for note in trial.notes:
            yield from wrapped([(printable(f"note: {note}"), PLAIN)], width, glyphs)
        yield from wrapped([(account(trial), _BAD if unsound(trial) else BOLD)], width, glyphs)


def account(trial: Trial) -> str:
    """One line: `linux-firewall: 475 cases on 2 recordings: all passed`."""
    cases, recordings, failed = len(trial.cases), len(trial.attempts), len(trial.failed)
    said = f"{failed:,} failed" if failed else "all passed" if cases else "nothing was asked"
    text = f"{printable(trial.pack)}: {_counted(cases, 'case')} on {_counted(recordings, 'recording')}: {said}"
    unread = len(trial.problems) + len(trial.rule_problems)
    return f"{text}; {_counted(unread, 'problem')}" if unread else text


def unsound(trial: Trial) -> bool:
    """Whether anything failed, was not read, or was not asked."""
    return bool(trial.failed or trial.problems or trial.rule_problems or not trial.cases)


def evidence(stems: Mapping[str, str], case: Case) -> Iterator[str]:
    """The findings that a failed case shows: time, rule, and what the process did; printable.

    Args:
        stems: rule id to the file name of the rule without ending.
        case: that failed.
    """
    for finding in case.examples:
        yield f"{finding.time}  {printable(stems[finding.rule.id])}  {shorten(deed(finding), 400)}"


def _case(trial: Trial, case: Case, width: int, glyphs: Glyphs) -> Iterator[Line]:
    head = [
        ("FAILED", _BAD),
        (printable(case.recording), BOLD),
        (printable(case.step or NO_STEP), BOLD),
        (printable(case.asks), PLAIN),
        (f"found {case.found:,}", _BAD),
    ]
    yield from wrapped(head, width, glyphs)
    why = [(printable(case.why), DIM)]
    if case.location is not None:
        why.append((printable(str(case.location)), DIM))
    yield from wrapped(why, width, glyphs, indent=2, hanging=2)
    for text in evidence(trial.stems, case):
        yield from wrapped([(text, PLAIN)], width, glyphs, indent=4)
    if case.found > len(case.examples) > 0:
        yield [(f"    and {case.found - len(case.examples):,} more", DIM)]


def _alerting(trial: Trial, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The benign steps that still alert: how often by which rule, and why."""
    for attempt in trial.attempts:
        step = ""
        for case in attempt.alerting:
            if case.step != step:
                step = case.step
                yield from wrapped([(printable(attempt.recording), BOLD), (printable(step), BOLD)], width, glyphs)
            count = f"{_counted(case.alerts, 'alert')} of {_counted(case.found, 'match', 'matches')}"
            told = [(printable(case.rule), PLAIN), (count, PLAIN), (printable(case.why), DIM)]
            yield from wrapped(told, width, glyphs, indent=2)


def _pack(trial: Trial) -> dict[str, Any]:
    return {
        "pack": trial.pack,
        "cases": len(trial.cases),
        "failed": len(trial.failed),
        "recordings": [
            {"recording": attempt.recording, "cases": [_plain(trial, case) for case in attempt.cases]}
            for attempt in trial.attempts
        ],
        "problems": [_problem(problem) for problem in (*trial.problems, *trial.rule_problems)],
        "notes": list(trial.notes),
    }


def _plain(trial: Trial, case: Case) -> dict[str, Any]:
    return {
        "step": case.step,
        "rule": case.rule,
        "expect": case.expect,
        "min": case.low,
        "max": case.high,
        "exclusion": case.exclusion or None,
        "why": case.why,
        "file": case.location.path if case.location else None,
        "line": case.location.line if case.location else None,
        "found": case.found,
        "alerts": case.alerts,
        "passed": case.passed,
        "examples": [_example(trial, finding) for finding in case.examples],
    }


def _example(trial: Trial, finding: Finding) -> dict[str, Any]:
    return {
        "time": finding.time,
        "rule": trial.stems[finding.rule.id],
        "author": finding.rule.author,
        "did": deed(finding),
        "login_user": finding.login_user,
        "decision": finding.verdict.decision,
    }


def _problem(problem: ContentError) -> dict[str, Any]:
    return {
        "code": problem.code,
        "cause": problem.cause,
        "remedy": problem.remedy,
        "file": problem.location.path,
        "line": problem.location.line,
        "column": problem.location.column,
    }


def _counted(count: int, noun: str, nouns: str = "") -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {nouns or noun + 's'}"
