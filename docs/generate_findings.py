"""Writes docs/finding.schema.json and the tables of docs/findings.md from the structs that are written.

`make docs` runs it; a test holds both files against it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from vedette.hunt.finding import (
    Ancestor,
    Finding,
    FindingOrigin,
    JoinedEvent,
    JoinedRule,
    Joint,
    Matched,
    Process,
    RuleHeader,
    Session,
    Verdict,
)
from vedette.report.csv import COLUMNS
from vedette.report.csv import MEANINGS as CSV_MEANINGS
from vedette.report.schema import MEANINGS, schema

SCHEMA: Final = Path(__file__).with_name("finding.schema.json")
PAGE: Final = Path(__file__).with_name("findings.md")
#: Struct to the path that leads to it from a finding.
PATHS: Final = {
    Finding: "",
    RuleHeader: "rule.",
    Session: "session.",
    Process: "process.",
    Ancestor: "process.parent.",
    Matched: "matched[].",
    Verdict: "verdict.",
    FindingOrigin: "origin.",
    Joint: "correlation.",
    JoinedRule: "correlation.rules[].",
    JoinedEvent: "correlation.parts[].",
}
_TABLE: Final = re.compile(r"(?P<start><!-- table: (?P<name>\w+) -->\n).*?(?P<end><!-- end of table -->)", re.DOTALL)


def rows(name: str) -> Iterator[tuple[str, str]]:
    """The rows of the table `fields` or `columns`: name and meaning."""
    if name == "columns":
        yield from ((column, CSV_MEANINGS[column]) for column in COLUMNS)
        return
    for struct, path in PATHS.items():
        yield from ((path + field, meaning) for field, meaning in MEANINGS[struct].items())


def fill(page: str) -> str:
    """The page with its tables written anew."""

    def table(found: re.Match[str]) -> str:
        head = f"| {found['name'].removesuffix('s')} | meaning |\n|---|---|\n"
        body = "".join(f"| `{name}` | {meaning} |\n" for name, meaning in rows(found["name"]))
        return f"{found['start']}\n{head}{body}\n{found['end']}"

    return _TABLE.sub(table, page)


def schema_text() -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
