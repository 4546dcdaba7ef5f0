"""The account of an imported page, for whoever opens the pack."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from vedette.page.dialect import Reading
from vedette.page.page import HuntPage, Scenario
from vedette.report.terminal import printable


def readme(
    page: HuntPage,
    rule: dict[str, Any],
    stem: str,
    licence: str,
    *,
    assumed: bool,
    readings: Sequence[Reading] = (),
    candidates: Sequence[str] = (),
) -> str:
    """The pack's README.md: where each part stands, and what the page left open.

    Args:
        page: the page.
        rule: its rule's mapping.
        stem: file name of rule and query without ending.
        licence: the rule's licence.
        assumed: the page did not state it.
        readings: the page's exclusion texts.
        candidates: for each of them the file of its filter, or the empty text.
    """
    parts = [f"# {_text(page.title)}", *map(_quote, page.prose.split("\n\n") if page.prose else ())]
    restored = (
        f" Its indentation was lost on the page and is restored from Sigma's schema ({page.restored} lines)."
        if page.form == "flat"
        else ""
    )
    doubt = " (the page states none; this is what published Sigma rules are under)" if assumed else ""
    parts += [
        "## Rule",
        f"[rules/{stem}.yml](rules/{stem}.yml), line {page.rule_line} of the page.{restored}",
        f"- Author: {_text(str(rule.get('author') or 'not stated'))}\n- License: {_text(licence)}{doubt}",
    ]
    if page.kql:
        parts += ["## Query", f"[kql/{stem}.kql](kql/{stem}.kql), line {page.kql_line} of the page, word for word."]
    if page.scenarios:
        parts += ["## False positives", _table(page.scenarios)]
        parts.append(
            "The filters stand word for word in [scenarios.yml](scenarios.yml). None of them is applied: what they "
            "silence, and what an attacker must do to hide behind them, has yet to be shown."
        )
    if readings:
        parts += ["## Exclusion texts", _readings(readings, candidates)]
        parts.append("Candidates are not applied; each shows in its `vedette:` block what became of the page's fields.")
    if page.unread:
        parts.append("## Not read")
        parts.append("\n".join(f"- line {each.line}: {_text(each.why)}" for each in page.unread))
    return "\n\n".join(parts) + "\n"


def _table(scenarios: tuple[Scenario, ...]) -> str:
    rows = ["| line | scenario | filter |", "|---|---|---|"]
    for scenario in scenarios:
        where = f"line {scenario.filter_line}" if scenario.filter_line else "none"
        state = where if scenario.complete else f"{where}; incomplete: {_text(scenario.why)}"
        rows.append(f"| {scenario.line} | {_text(scenario.title) or '(none)'} | {state} |")
    return "\n".join(rows)


def _readings(readings: Sequence[Reading], candidates: Sequence[str]) -> str:
    rows = ["| line | text | candidate | not read |", "|---|---|---|---|"]
    for reading, name in zip(readings, candidates, strict=True):
        link = f"[{name.rpartition('/')[2]}]({name})" if name else "none"
        why = "; ".join(_text(each.reason) for each in reading.unread)
        rows.append(f"| {reading.line} | {_text(reading.text) or '(none)'} | {link} | {why} |")
    return "\n".join(rows)


def _quote(paragraph: str) -> str:
    return "\n".join(f"> {_text(line)}" for line in paragraph.split("\n"))


def _text(text: str) -> str:
    r"""A stranger's text on one line of Markdown, which neither its marks nor HTML can leave.

    >>> _text("a|b <script> [x](y)")
    'a\\|b \\<script\\> \\[x\\](y)'
    """
    return re.sub(r"([\\`*_{}\[\]<>|#!~])", r"\\\1", printable(text))
