"""A hunt page from its bytes: sections found, rule restored, scenarios read, the rest named."""

from __future__ import annotations

import hashlib
from typing import Any, Final, Literal

from vedette.errors import Location, PageError
from vedette.page.condition import CONVENTIONAL, names_of
from vedette.page.document import read_mapping
from vedette.page.line import OTHER_DOCUMENTS, RuleLine, read_line
from vedette.page.page import HuntPage, Scenario, Unread
from vedette.page.restore import restore
from vedette.page.scenarios import read_scenario
from vedette.page.sections import BARE_HEADING, LABEL, Section, split
from vedette.page.source import check_exact, lines_of

#: Keys that stand within a rule; at its outermost level they have lost their indentation.
_INNER: Final = frozenset({"product", "category", "service", "condition", "timeframe"})


def read_page(data: bytes, path: str) -> HuntPage:
    """Read a hunt page.

    Args:
        data: the page.
        path: how the user calls it, for errors and for its name.

    Raises:
        PageError: it holds no rule or several, or its rule can't be read in exactly one way.
    """
    sections = split(lines_of(data, path), path)
    rule = _only_rule(sections, path)
    text, form, restored = _read_rule(rule, path)
    mapping, lines = read_mapping(text, path, rule.line)
    _check_rule(mapping, lines, path, rule.line)
    unread: list[Unread] = []
    scenarios: list[Scenario] = []
    for section in sections:
        if section.kind == "scenario":
            scenario, rest = read_scenario(section, last=section is sections[-1])
            scenarios.append(scenario)
            unread += rest
    query, others = _queries(sections, path)
    unread += others
    unread += (
        Unread(section.line, "\n".join(section.lines), "a block of a language that hunt pages don't have")
        for section in sections
        if section.kind == "other"
    )
    prose, labels = _prose(sections)
    heading = sections[0].lines[0] if sections[0].kind == "heading" else ""
    if BARE_HEADING.fullmatch(heading):
        heading = ""
    return HuntPage(
        name=path.rpartition("/")[2],
        title=heading or str(mapping["title"]),
        prose=prose,
        rule_text="\n".join(rule.lines),
        rule=text,
        rule_line=rule.line,
        form=form,
        restored=restored,
        kql="\n".join(query.lines).strip("\n") if query else "",
        kql_line=query.line if query else 0,
        scenarios=tuple(scenarios),
        unread=tuple(sorted([*unread, *labels], key=lambda each: each.line)),
        digest=hashlib.sha256(data).hexdigest(),
    )


def _only_rule(sections: tuple[Section, ...], path: str) -> Section:
    rules = [section for section in sections if section.kind == "rule"]
    if not rules:
        raise PageError(
            "the page holds no Sigma rule",
            Location(path),
            remedy="a rule begins with title: and has logsource: and detection:",
            code="page-rules",
        )
    if len(rules) > 1:
        raise PageError(
            f"a second rule begins here, the first in line {rules[0].line}",
            Location(path, rules[1].line),
            remedy="a hunt page has one rule; make a page for each",
            code="page-rules",
        )
    return rules[0]


def _read_rule(section: Section, path: str) -> tuple[str, Literal["indented", "flat"], int]:
    """The rule as YAML, the form in which the page had it, and how many lines got indentation."""
    for number, line in enumerate(section.lines, section.line):
        check_exact(line, path, number, "rule")
    filled = [line for line in section.lines if line.strip()]
    margin = min((len(line) - len(line.lstrip()) for line in filled), default=0)
    raw = [line[margin:].rstrip() for line in section.lines]
    while raw and not raw[-1]:
        raw.pop()
    lines = tuple(read_line(number, line) for number, line in enumerate(raw, section.line))
    if any(line.indent for line in lines if line.kind != "comment"):
        return "\n".join(raw) + "\n", "indented", 0
    if lines[0].text == "---":
        # The line stays blank, so that lines of the rule and of the page keep their distance.
        lines = (RuleLine(lines[0].number, "blank", ""), *lines[1:])
    _check_one(lines, path)
    text = restore(lines, path)
    return text, "flat", sum(line.startswith(" ") for line in text.split("\n"))


def _check_one(lines: tuple[RuleLine, ...], path: str) -> None:
    """Refuse a second rule that begins where the first ends; `title` twice is no mere doubled key."""
    titles = [line.number for line in lines if line.name == "title" and not line.item]
    details = [line.number for line in lines if line.name in ("logsource", "detection")]
    for number in titles[1:]:
        if any(detail < number for detail in details) and any(detail > number for detail in details):
            raise PageError(
                f"a second rule begins here, the first in line {titles[0]}",
                Location(path, number),
                remedy="a hunt page has one rule; make a page for each",
                code="page-rules",
            )


def _check_rule(rule: dict[str, Any], lines: dict[str, int], path: str, first: int) -> None:
    """What the schema demands, and the traces of indentation that was lost in part."""
    for name, line in lines.items():
        if name in OTHER_DOCUMENTS:
            raise PageError(f"{name!r} makes this no rule", Location(path, line), code="page-rules")
        if name in _INNER or "|" in name or CONVENTIONAL.fullmatch(name):
            raise PageError(
                f"{name!r} stands at the rule's outermost level: its indentation is lost in part",
                Location(path, line),
                remedy="give the rule its indentation, or take all of it away to have it restored",
                code="page-indentation",
            )
    for name, kind in (("title", str), ("logsource", dict), ("detection", dict)):
        if not isinstance(rule.get(name), kind):
            raise PageError(
                f"the rule has no {name!r}"
                if name not in rule
                else f"{name!r} holds nothing that a rule can have there",
                Location(path, lines.get(name, first)),
                remedy="give the rule its indentation, or take all of it away to have it restored",
                code="page-incomplete",
            )
    _check_detection(rule["detection"], path, lines["detection"])


def _check_detection(detection: dict[str, Any], path: str, line: int) -> None:
    condition = detection.get("condition")
    texts = tuple(condition) if isinstance(condition, list) else (condition,)
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise PageError("the detection has no condition", Location(path, line), code="page-incomplete")
    names = names_of(texts)
    lacking = sorted(name for name in names.exact if name not in detection)
    if lacking:
        raise PageError(
            f"the condition names {lacking[0]!r}, which is no detection of the rule",
            Location(path, line),
            remedy="name the detection, or correct the condition",
            code="page-condition",
        )
    for name, body in detection.items():
        if name not in ("condition", "timeframe") and not isinstance(body, dict | list):
            raise PageError(
                f"the detection {name!r} holds neither fields nor a list",
                Location(path, line),
                remedy="give the rule its indentation, or take all of it away to have it restored",
                code="page-indentation",
            )


def _queries(sections: tuple[Section, ...], path: str) -> tuple[Section | None, list[Unread]]:
    queries = [section for section in sections if section.kind == "query"]
    for query in queries[:1]:
        for number, line in enumerate(query.lines, query.line):
            check_exact(line, path, number, "query")
    rest = [Unread(query.line, "\n".join(query.lines), "a second query") for query in queries[1:]]
    return (queries[0] if queries else None), rest


def _prose(sections: tuple[Section, ...]) -> tuple[str, list[Unread]]:
    """Paragraphs, and the labels of scenarios that belong to none."""
    paragraphs: list[list[str]] = []
    unread: list[Unread] = []
    before = -1
    follows = False
    for section in sections:
        if section.kind != "prose":
            follows = section.kind == "scenario"
            continue
        line = section.lines[0]
        if LABEL.fullmatch(line):
            unread.append(Unread(section.line, line, "it belongs to no scenario"))
            continue
        if follows:
            unread.append(Unread(section.line, line, "a paragraph after a scenario, which may or may not belong to it"))
            continue
        if section.line != before + 1:
            paragraphs.append([])
        paragraphs[-1].append(line.strip())
        before = section.line
    return "\n\n".join("\n".join(paragraph) for paragraph in paragraphs), unread
