"""What loaded of a set of rules, by log source and level, and all that did not, with its place and remedy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from rich.console import Console

from vedette.report.level import LEVELS, SHORT, counted
from vedette.report.line import BOLD, DIM, LEVEL, PLAIN, WARN, Glyphs, Line, show, wrapped
from vedette.report.ndjson import encode
from vedette.report.terminal import pad, printable, truncate
from vedette.sigma.ruleset import RuleSet

SCHEMA: Final = 1
#: So many log sources have a row each; the others share one.
MAX_ROWS: Final = 20
_LEAST_SOURCE: Final = 20
_CELL: Final = 10


def write_json(loaded: RuleSet, out: BinaryIO) -> None:
    """The report as one JSON object on one line."""
    out.write(encode(content(loaded)) + b"\n")
    out.flush()


def write(loaded: RuleSet, console: Console) -> None:
    """Print the report."""
    show(lambda width, glyphs: lines(loaded, width, glyphs), console)


def content(loaded: RuleSet) -> dict[str, Any]:
    """The report as plain data; see docs/rules.md."""
    return {
        "schema": SCHEMA,
        "kind": "load",
        "key": loaded.key,
        "files": loaded.files,
        "levels": {level: count for level in LEVELS if (count := _levels(loaded)[level])},
        "logsources": [{"logsource": name, "levels": dict(levels)} for name, levels in _sources(loaded)],
        "rules": [
            {
                "id": rule.id,
                "title": rule.title,
                "level": rule.level,
                "status": rule.status,
                "author": rule.author,
                "license": rule.license,
                "logsource": str(rule.logsource),
                "digest": rule.digest,
                "file": rule.location.path,
                "line": rule.location.line,
            }
            for rule in loaded.rules
        ],
        "filters": [
            {"id": part.id, "title": part.title, "file": part.location.path, "line": part.location.line}
            for part in loaded.filters
        ],
        "correlations": [
            {"id": part.id, "title": part.title, "file": part.location.path, "line": part.location.line}
            for part in loaded.correlations
        ],
        "problems": [
            {
                "code": problem.code,
                "cause": problem.cause,
                "remedy": problem.remedy,
                "file": problem.location.path,
                "line": problem.location.line,
                "column": problem.location.column,
            }
            for problem in loaded.problems
        ],
        "warnings": [
            {
                "code": warning.code,
                "cause": warning.cause,
                "file": warning.location.path,
                "line": warning.location.line,
                "column": warning.location.column,
            }
            for warning in loaded.warnings
        ],
    }


def lines(loaded: RuleSet, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The report line by line."""
    yield from wrapped([(_headline(loaded), BOLD)], width, glyphs, indent=0)
    if loaded.rules:
        yield []
        yield from _table(loaded, width, glyphs)
    for title, parts in (
        ("problems", [(problem.location, problem.code, problem.cause, problem.remedy) for problem in loaded.problems]),
        ("warnings", [(warning.location, warning.code, warning.cause, "") for warning in loaded.warnings]),
    ):
        if parts:
            yield []
            counts = f"{title}: {_codes(Counter(part[1] for part in parts))}"
            yield from wrapped([(counts, BOLD)], width, glyphs, indent=0)
        for location, code, cause, remedy in parts:
            yield from wrapped([(printable(str(location)), PLAIN), (printable(code), DIM)], width, glyphs, indent=2)
            yield from wrapped([(printable(cause), WARN)], width, glyphs, indent=4, hanging=4)
            if remedy:
                yield from wrapped([(printable(f"remedy: {remedy}"), PLAIN)], width, glyphs, indent=4, hanging=4)


def _headline(loaded: RuleSet) -> str:
    """`3,751 rules loaded from 3,753 files: 145 critical, ...; 2 problems`."""
    rules, files = len(loaded.rules), loaded.files
    text = f"{rules:,} {_noun('rule', rules)} loaded from {files:,} {_noun('file', files)}"
    if rules:
        text += f": {counted(_levels(loaded))}"
    for noun, verb, parts in (
        ("correlation", "over them", loaded.correlations),
        ("filter", "to exclude", loaded.filters),
    ):
        if parts:
            text += f"; {len(parts):,} {_noun(noun, len(parts))} {verb}"
    if loaded.problems:
        text += f"; {len(loaded.problems):,} {_noun('problem', len(loaded.problems))}"
    if loaded.warnings:
        text += f"; {len(loaded.warnings):,} {_noun('warning', len(loaded.warnings))}"
    return text


def _table(loaded: RuleSet, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """A row for each log source, a column for each level that occurs; in a narrow table only their sum."""
    rows = _sources(loaded)
    if rest := rows[MAX_ROWS:]:
        together: Counter[str] = Counter()
        for _, levels in rest:
            together.update(levels)
        rows = [*rows[:MAX_ROWS], (f"{len(rest):,} more, see -f json", together)]
    columns = [level for level in reversed(LEVELS) if _levels(loaded)[level]]
    if width - (len(columns) + 1) * _CELL < _LEAST_SOURCE:
        columns = []
    room = min(width - (len(columns) + 1) * _CELL, max(len(name) for name, _ in rows))
    heads = [*(SHORT.get(level, level) for level in columns), "all"]
    yield [(pad("log source", room), DIM), *((head.rjust(_CELL), DIM) for head in heads)]
    for name, levels in rows:
        cells = [(f"{levels[level]:,}" if levels[level] else "", LEVEL[level]) for level in columns]
        cells.append((f"{levels.total():,}", PLAIN))
        yield [
            (pad(truncate(name, room, glyphs.ellipsis), room), PLAIN),
            *((c.rjust(_CELL), style) for c, style in cells),
        ]


def _levels(loaded: RuleSet) -> Counter[str]:
    return Counter(rule.level for rule in loaded.rules)


def _sources(loaded: RuleSet) -> list[tuple[str, Counter[str]]]:
    """Levels by log source, the most rules first."""
    found: dict[str, Counter[str]] = {}
    for rule in loaded.rules:
        found.setdefault(str(rule.logsource), Counter())[rule.level] += 1
    return sorted(found.items(), key=lambda item: (-item[1].total(), item[0]))


def _codes(codes: Counter[str]) -> str:
    return ", ".join(f"{count:,} {printable(code)}" for code, count in codes.most_common())


def _noun(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
