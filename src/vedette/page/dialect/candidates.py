"""The exclusion texts of a page as readings, each scenario's in the page's order."""

from __future__ import annotations

from typing import Any

import yaml

from vedette.page.dialect.clauses import Part, parts_of
from vedette.page.dialect.item import Separator
from vedette.page.dialect.prose import read_clause
from vedette.page.dialect.reading import FieldMapping, Reading, Unread
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.section import section_of
from vedette.page.dialect.tree import Or, Tree, contrary, either, negative
from vedette.page.dialect.value import QUOTES
from vedette.page.page import HuntPage, Scenario
from vedette.sigma.lower import lower_detection
from vedette.sigma.refusal import RefusedError


def candidates(page: HuntPage) -> tuple[Reading, ...]:
    """Every exclusion text of a page, read or not; a scenario without a filter has one reading that says so."""
    separator: Separator = "\\" if _product(page.rule) == "windows" else "/"
    return tuple(
        reading
        for scenario in page.scenarios
        for reading in (read_text(scenario, separator) if scenario.filter else (_none(scenario),))
    )


def read_text(scenario: Scenario, separator: Separator = "/") -> tuple[Reading, ...]:
    """The exclusion texts of one scenario.

    Args:
        scenario: with a filter.
        separator: what parts the folders of a path where the page's rule looks.
    """
    return tuple(_reading(scenario, part, separator) for part in parts_of(scenario.filter))


def _product(rule: str) -> str:
    try:
        content = yaml.safe_load(rule)
    except yaml.YAMLError:
        return ""
    logsource: Any = content.get("logsource") if isinstance(content, dict) else None
    return str(logsource.get("product") or "").lower() if isinstance(logsource, dict) else ""


def _none(scenario: Scenario) -> Reading:
    missing = Unread("", scenario.line, 1, scenario.why or "it has no filter")
    return Reading(scenario.title, "", "prose", None, (), (missing,), (), scenario.line)


def _reading(scenario: Scenario, part: Part, separator: Separator) -> Reading:
    text = scenario.filter[part.start : part.end]
    line, _ = _place(scenario, part.start)
    notes = list(part.notes)
    unread: list[Unread] = []
    detection: dict[str, Any] | None = None
    mapping: tuple[FieldMapping, ...] = ()
    try:
        tree = _tree(part, text)
        if part.dialect == "prose" and not any(mark in text for mark in QUOTES):
            notes.append("the page gives the value without quotes")
        tree = _polar(tree, part, notes)
        tree, left = _readable(tree, separator)
        unread += [_unread(scenario, refused, part) for refused in left]
        if left:
            notes.append("alternatives that were not read are left out, so that it silences less than the page says")
        detection, mapping = section_of(tree, separator)
        _hold(detection, part)
    except UnreadError as refused:
        detection, mapping, notes = None, (), []
        unread = [_unread(scenario, refused, part)]
    return Reading(scenario.title, text, part.dialect, detection, mapping, tuple(unread), tuple(notes), line)


def _tree(part: Part, text: str) -> Tree:
    if part.fault:
        raise UnreadError(part.fault, part.at)
    return part.tree if part.tree is not None else read_clause(text, part.start)


def _polar(tree: Tree, part: Part, notes: list[str]) -> Tree:
    """What is to be left out; a text that says what stays is turned round where its language leaves no doubt."""
    if not negative(tree):
        if part.kept:
            raise UnreadError("a query's where keeps what it names, so that this would leave out all else", part.start)
        return tree
    if part.kept or part.dialect == "grep":
        notes.append("the text says what stays; excluded is its contrary")
        return contrary(tree)
    raise UnreadError(
        "it is a negation as a whole: it may say what is left out or what stays; write what is left out", part.start
    )


def _readable(tree: Tree, separator: Separator) -> tuple[Tree, list[UnreadError]]:
    """The alternatives that Sigma can say, and why the others can't be said.

    Raises:
        UnreadError: none can.
    """
    parts = tree.parts if isinstance(tree, Or) else (tree,)
    good: list[Tree] = []
    bad: list[UnreadError] = []
    for each in parts:
        try:
            section_of(each, separator)
        except UnreadError as refused:
            bad.append(refused)
        else:
            good.append(each)
    if not good:
        raise bad[0]
    return either(good), bad


def _hold(detection: dict[str, Any], part: Part) -> None:
    """Refuse what our own loader would refuse, such as an expression outside of the law."""
    try:
        lower_detection(detection)
    except RefusedError as refused:
        raise UnreadError(refused.cause, part.start) from None


def _unread(scenario: Scenario, refused: UnreadError, part: Part) -> Unread:
    start = min(max(refused.start, part.start), max(part.end - 1, part.start))
    line, column = _place(scenario, refused.start if refused.start < part.start else start)
    return Unread(scenario.filter[part.start : part.end], line, column, refused.reason)


def _place(scenario: Scenario, index: int) -> tuple[int, int]:
    """Line and column of the page for an index into the filter."""
    before = scenario.filter[:index]
    rows = before.count("\n")
    column = index - (before.rfind("\n") + 1) + 1
    return scenario.filter_line + rows, column if rows else column + max(scenario.filter_column - 1, 0)


__all__ = ["candidates", "read_text"]
