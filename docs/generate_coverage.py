"""Writes docs/kql-coverage.md: how many public rules convert, and why the others don't.

    python docs/generate_coverage.py FOLDER

FOLDER holds SigmaHQ's rules, in folders whose names begin with `rules`. The page holds counts, ids and facts, and no
rule's text.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from vedette.kql import COLUMNAR, TARGETS, Options, Query, convert, read_target
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
    return "\n".join([PREFACE, *_counts(rules), "", *_linux(rules), "", *_refusals(rules)]) + "\n"


def _counts(rules: Sequence[Rule]) -> Iterator[str]:
    yield "| target | rules | converted | of | share | with `missing=absent` | longest query |"
    yield "|---|---|---|---|---|---|---|"
    for name in TARGETS:
        for category in CATEGORIES:
            for product in ("", "linux") if name in COLUMNAR else ("linux",):
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


def _linux(rules: Sequence[Rule]) -> Iterator[str]:
    """What each target takes of the rules for Linux, log source by log source, and what `asim` and `syslog` take."""
    some = [rule for rule in rules if rule.logsource.product == "linux" and "/rules/linux/" in rule.location.path]
    taken = {name: {query.rule.id for query in _converted(some, name) if query.text} for name in TARGETS}
    both = taken["asim"] | taken["syslog"]
    yield "## Linux"
    yield f"\nOf the {len(some)} rules in `rules/linux`, `asim` and `syslog` together take {len(both)}."
    yield "\n| log source | rules | " + " | ".join(f"`{name}`" for name in TARGETS) + " | `asim` or `syslog` |"
    yield "|---|---|" + "---|" * len(TARGETS) + "---|"
    sources: dict[str, list[str]] = defaultdict(list)
    for rule in some:
        sources[str(rule.logsource)].append(rule.id)
    for source, ids in sorted(sources.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        counts = [sum(one in taken[name] for one in ids) for name in TARGETS]
        counts.append(sum(one in both for one in ids))
        yield f"| `{source}` | {len(ids)} | " + " | ".join(map(str, counts)) + " |"
    left = sorted(rule.id for rule in some if rule.id not in both)
    if left:
        yield f"\nTaken by neither: {', '.join(one[:8] for one in left)}."


def _refusals(rules: Sequence[Rule]) -> Iterator[str]:
    yield "## Refusals"
    for name in TARGETS:
        yield f"\n### {name}\n"
        causes: dict[tuple[str, str], list[str]] = defaultdict(list)
        for rule in rules:
            for error in convert(rule, read_target(name)).errors if _asked(rule, name) else ():
                cause = error.cause.partition(f"({rule.id}): ")[2]
                causes[rule.logsource.category or str(rule.logsource), cause].append(rule.id)
        if not causes:
            yield "None of the rules for Linux is refused."
            continue
        yield "| rules | log source | cause | ids |"
        yield "|---|---|---|---|"
        for (category, cause), ids in sorted(causes.items(), key=lambda pair: (-len(pair[1]), pair[0])):
            some = ", ".join(one[:8] for one in ids[:4]) + (", ..." if len(ids) > 4 else "")
            yield f"| {len(ids)} | {category} | {cause.replace('|', '/')} | {some} |"
    others = [rule for rule in rules if not any(_asked(rule, name) for name in TARGETS)]
    linux = sum(rule.logsource.product == "linux" for rule in others)
    yield f"\nRules of other log sources, {len(others):,}, have no table in any target; {linux} of them are for Linux."


def _asked(rule: Rule, name: str) -> bool:
    """Whether the target is for such rules at all."""
    if name in COLUMNAR:
        return rule.logsource.category in CATEGORIES
    return rule.logsource.product == "linux"


def _converted(rules: Sequence[Rule], name: str, options: Options | None = None) -> list[Query]:
    return [convert(rule, read_target(name), options) for rule in rules]


if __name__ == "__main__":
    folders = sorted(path for path in Path(sys.argv[1]).glob("rules*") if path.is_dir())
    PAGE.write_text(render(load(folders).rules), encoding="utf-8")
