"""Writes docs/kql-coverage.md: how many public rules convert, and why the others don't.

    python docs/generate_coverage.py FOLDER

FOLDER holds SigmaHQ's rules, in folders whose names begin with `rules`. The page holds counts, ids and facts, and no
rule's text.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from vedette.kql import TARGETS, Options, Query, convert, read_target
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

PAGE: Final = Path(__file__).with_name("kql-coverage.md")
CATEGORIES: Final = ("process_creation", "network_connection", "file_event")
PREFACE: Final = """\
# How many public rules become KQL

<!-- Written by docs/generate_coverage.py from SigmaHQ's rules; run it with their folder instead of editing. -->

`python docs/generate_coverage.py FOLDER` counts over SigmaHQ's rules, emerging threats and threat hunting included.
A rule converts if every field that it reads has a column; what is refused names field and line. With
`-O missing=absent` a field without a column is read as absent, as in a local hunt, and the query says so.
"""


def render(rules: Sequence[Rule]) -> str:
    """The page."""
    return "\n".join([PREFACE, *_counts(rules), "", *_refusals(rules)]) + "\n"


def _counts(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| target | rules | converted | of | share | with `missing=absent` | longest query |"
    yield "|---|---|---|---|---|---|---|"
    for name in TARGETS:
        for category in CATEGORIES:
            for product in ("", "linux"):
                some = [
                    rule
                    for rule in rules
                    if rule.logsource.category == category and product in ("", rule.logsource.product)
                ]
                strict = [query for query in _converted(some, name) if query.text]
                loose = sum(bool(query.text) for query in _converted(some, name, Options(missing="absent")))
                longest = max((len(query.text) for query in strict), default=0)
                what = f"{category}, {product or 'all'}"
                share = f"{100 * len(strict) / len(some):.1f} %"
                yield f"| `{name}` | {what} | {len(strict):,} | {len(some):,} | {share} | {loose:,} | {longest:,} |"


def _refusals(rules: Sequence[Rule]) -> Iterator[str]:
    yield "## Refusals"
    for name in TARGETS:
        yield f"\n### {name}\n"
        yield "| rules | category | cause | ids |"
        yield "|---|---|---|---|"
        causes: dict[tuple[str, str], list[str]] = defaultdict(list)
        for query in _converted([rule for rule in rules if rule.logsource.category in CATEGORIES], name):
            for error in query.errors:
                cause = error.cause.partition(f"({query.rule.id}): ")[2]
                causes[query.rule.logsource.category, cause].append(query.rule.id)
        for (category, cause), ids in sorted(causes.items(), key=lambda pair: (-len(pair[1]), pair[0])):
            some = ", ".join(one[:8] for one in ids[:4]) + (", ..." if len(ids) > 4 else "")
            yield f"| {len(ids)} | {category} | {cause.replace('|', '/')} | {some} |"
    others = Counter(str(rule.logsource) for rule in rules if rule.logsource.category not in CATEGORIES)
    linux = {source: count for source, count in others.items() if source.startswith("linux/")}
    count = sum(others.values())
    yield f"\nRules of other log sources, {count:,}, have no table in either target; those for Linux are:"
    yield "\n| rules | log source |\n|---|---|"
    for source, count in sorted(linux.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"| {count} | `{source}` |"


def _converted(rules: Sequence[Rule], name: str, options: Options | None = None) -> list[Query]:
    return [convert(rule, read_target(name), options) for rule in rules]


if __name__ == "__main__":
    folders = sorted(path for path in Path(sys.argv[1]).glob("rules*") if path.is_dir())
    PAGE.write_text(render(load(folders).rules), encoding="utf-8")
