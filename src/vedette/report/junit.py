"""Trials of packs as JUnit XML, which build servers read: a suite a recording, a case an expectation.

What XML can't hold, such as control characters of a command line, stands as escapes in backslash notation. Elements
and attributes are those that the strictest of the common schemas, that of Jenkins' xUnit plugin, has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from vedette.audit.trial import Attempt, Case, Trial
from vedette.errors import ContentError
from vedette.report.terminal import printable
from vedette.report.trial import NO_STEP, evidence


def write(trials: Sequence[Trial], out: BinaryIO) -> None:
    """Write the trials as one document in UTF-8.

    Evidence and rules that can't be read are errors of a suite of their own, named after the pack.
    """
    top = Element("testsuites", name="vedette test")
    for trial in trials:
        for attempt in trial.attempts:
            _attempt(top, trial, attempt)
        unread = (*trial.problems, *trial.rule_problems)
        if unread:
            _unread(top, trial, unread)
    for counted in ("tests", "failures", "errors"):
        top.set(counted, str(sum(int(suite.get(counted, "0")) for suite in top)))
    top.set("time", f"{sum(attempt.seconds for trial in trials for attempt in trial.attempts):.3f}")
    indent(top)
    ElementTree(top).write(out, encoding="utf-8", xml_declaration=True)
    out.write(b"\n")
    out.flush()


def _attempt(top: Element, trial: Trial, attempt: Attempt) -> None:
    name = printable(f"{trial.pack}.{attempt.recording}")
    suite = _suite(top, name, len(attempt.cases), failures=len(attempt.failed), seconds=attempt.seconds)
    for case in attempt.cases:
        element = SubElement(suite, "testcase", classname=name, name=title(case), time="0.000")
        if not case.passed:
            failure = SubElement(element, "failure", type=case.expect.replace(" ", "-"))
            failure.set("message", printable(f"{case.asks}: found {case.found:,}"))
            place = [] if case.location is None else [printable(str(case.location))]
            failure.text = "\n".join([printable(case.why), *place, *evidence(trial.stems, case)])


def _unread(top: Element, trial: Trial, problems: Sequence[ContentError]) -> None:
    name = printable(trial.pack)
    suite = _suite(top, name, len(problems), errors=len(problems))
    for problem in problems:
        element = SubElement(
            suite, "testcase", classname=name, name=printable(f"read {problem.location}"), time="0.000"
        )
        error = SubElement(element, "error", type=printable(problem.code or "unread"))
        error.set("message", printable(problem.cause))
        error.text = printable(str(problem))


def _suite(top: Element, name: str, tests: int, *, failures: int = 0, errors: int = 0, seconds: float = 0.0) -> Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": 0}
    suite = SubElement(top, "testsuite", name=name)
    for counted, count in counts.items():
        suite.set(counted, str(count))
    suite.set("time", f"{seconds:.3f}")
    return suite


def title(case: Case) -> str:
    """What a case is called: its step and what is asked, such as `attack_nft: must proc_creation_lnx_nft_flush, 1`."""
    return printable(f"{case.step or NO_STEP}: {case.asks}")
