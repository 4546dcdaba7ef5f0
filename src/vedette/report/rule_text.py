"""The rules of a report: their text as it stands in their files, and the KQL that they become."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from vedette.errors import VedetteError
from vedette.hunt.finding import Finding, RuleHeader
from vedette.kql import Query, convert, convert_correlation, read_target
from vedette.sigma.correlation import Correlation
from vedette.sigma.references import Directory
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import RuleSet, load

#: Most bytes of a rule's file.
MAX_FILE: Final = 256 << 10
#: Most rules of which text and query are shown.
MAX_RULES: Final = 500
_TARGET: Final = "asim"
_SEPARATOR: Final = re.compile(r"^---[ \t]*$", re.MULTILINE)


class RuleText(msgspec.Struct, frozen=True):
    """What a report shows of a rule beside its header.

    Attributes:
        text: the document as it stands in its file, or the empty text.
        description: as written.
        falsepositives: as written.
        kql: the query for Sentinel's ASIM parsers, or the empty text.
        note: why there is no text or no query, or the empty text.
    """

    text: str = ""
    description: str = ""
    falsepositives: tuple[str, ...] = ()
    kql: str = ""
    note: str = ""


def headers(findings: Iterable[Finding]) -> tuple[RuleHeader, ...]:
    """The rules that found something, and those that correlations among them join, each once."""
    found: dict[RuleHeader, None] = {}
    for finding in findings:
        found[finding.rule] = None
        if finding.correlation is not None:
            found.update(dict.fromkeys(one.rule for one in finding.correlation.rules))
    return tuple(found)


def rule_texts(headers: Iterable[RuleHeader]) -> dict[str, RuleText]:
    """Rule id to its text and query, for rules whose files are still there.

    Findings may come from anybody, and so may the names of files in them: only a file that loads as Sigma rules and
    holds a rule of that very id is shown, and of it only that rule's document.
    """
    wanted = {header.id: header for header in headers if header.source}
    first = dict(list(wanted.items())[:MAX_RULES])
    contents = {source: text for source in {header.source for header in first.values()} if (text := _read(source))}
    told = _told(contents, first)
    found: dict[str, RuleText] = {}
    for name, header in wanted.items():
        if name not in first:
            found[name] = RuleText(note=f"only the first {MAX_RULES} rules are shown")
        else:
            found[name] = told.get((name, header.source)) or RuleText(
                note="the rule's file is not where it was during the hunt"
            )
    return found


def _read(source: str) -> str:
    """A file of moderate size, or the empty text; never a pipe or a device."""
    if "\0" in source or not source.endswith((".yml", ".yaml")):
        return ""
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with open(descriptor, "rb") as file:  # noqa: PTH123 (a descriptor, so that what was judged is what is read)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_FILE:
            return ""
        return file.read(MAX_FILE).decode("utf-8", "replace")


def _told(contents: Mapping[str, str], wanted: Mapping[str, RuleHeader]) -> dict[tuple[str, str], RuleText]:
    """What is told of the rules and correlations in some files, by id and file."""
    target = read_target(_TARGET)
    told: dict[tuple[str, str], RuleText] = {}
    for source, content in contents.items():
        # One by one: of two files with one id a set would refuse the second.
        loaded = _loaded([source])
        if loaded is None:
            continue
        for rule in loaded.rules:
            told[rule.id, source] = _text(rule, content, convert(rule, target))
    # A correlation loads only beside the rules that it joins.
    left = [one for one in wanted.values() if one.source in contents and (one.id, one.source) not in told]
    together = _loaded(list(contents)) if left else None
    if together is not None:
        directory = Directory(together.rules, together.correlations)
        for correlation in together.correlations:
            source = correlation.location.path
            if source in contents:
                query = convert_correlation(correlation, directory, target)
                told[correlation.id, source] = _text(correlation, contents[source], query)
    return told


def _loaded(sources: list[str]) -> RuleSet | None:
    try:
        return load(tuple(map(Path, sources)))
    except (VedetteError, OSError):
        return None


def _text(rule: Rule | Correlation, content: str, query: Query) -> RuleText:
    documents = _SEPARATOR.split(content)
    own = next((part for part in documents if rule.id in part), content if len(documents) == 1 else "")
    note = "" if query.text else f"no KQL: {'; '.join(error.cause for error in query.errors)}"
    return RuleText(own.strip("\n"), rule.description, rule.falsepositives, query.text, note)
