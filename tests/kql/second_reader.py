"""A second reader of KQL with no code in common with the first: ClickHouse's Kusto dialect, in a process of its own.

`VEDETTE_ORACLE` names the interpreter that has chdb-core; `make test-long` makes it. What this reader reads otherwise
than Kusto stands in `UNREADABLE`, and queries that need it are not asked.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from tests.kql.oracle import absent, readable, sixes_of

from vedette.predicate import Value

SCRIPT: Final = Path(__file__).with_name("clickhouse.py")
_NUMBER: Final = r"(?:\w*Port(?:Number)?|\w*ProcessId|LogonId)"
#: A search in a query's text to the reason why this reader can't be asked it. `test_second_reader` holds each to be so.
UNREADABLE: Final = {
    r"\bparse_json\(": "parse_json() is no function here",
    rf"\bnot\([^\n]*\b{_NUMBER} (?:==|in) ": "not(number == 5) holds in Kusto where the number is null, and not here",
}


def interpreter() -> str:
    """Path of the interpreter that has chdb-core; without one a test is skipped, or fails where `VEDETTE_CI` is set."""
    named = os.environ.get("VEDETTE_ORACLE", "")
    if not named or not Path(named).is_file():
        absent(
            "the second reader of KQL, chdb-core, is not there; `make test-long` sets it up, or VEDETTE_ORACLE names it"
        )
    return named


def unreadable(query: str) -> str:
    """Why this reader can't be asked a query; empty if it can."""
    return next((reason for search, reason in UNREADABLE.items() if re.search(search, query)), "")


@functools.cache
def process() -> subprocess.Popen[str]:
    """The one process of this test process; it ends when its input does."""
    return subprocess.Popen(
        [interpreter(), str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """One line to the process, and its line back."""
    running = process()
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write(json.dumps(asked) + "\n")
    running.stdin.flush()
    line = running.stdout.readline()
    if not line:
        raise RuntimeError(f"the second reader of KQL has ended with {running.wait()}")
    return cast("dict[str, Any]", json.loads(line))


class ClickHouse:
    """Rows in a table, of which queries select some.

    Args:
        table: its name.
        types: column to Kusto's type.
        rows: column to value; a text that is missing is empty, anything else null.
    """

    def __init__(self, table: str, types: Mapping[str, str], rows: Sequence[Mapping[str, Value]]) -> None:
        values = [[row.get(name, "" if kind == "string" else None) for name, kind in types.items()] for row in rows]
        self.sixes = sixes_of(rows)
        answer({"table": table, "types": dict(types), "rows": values})

    def ids(self, query: str) -> list[int]:
        """Which rows a query selects.

        Raises:
            ValueError: the reader refuses the query; the text is what it says.
        """
        told = answer({"query": readable(query, self.sixes)})
        if "error" in told:
            raise ValueError(told["error"])
        return cast("list[int]", told["ids"])
