"""A process that runs KQL by ClickHouse's own reader of it, in an interpreter that has nothing but chdb-core.

Reads one JSON document a line, writes one a line. `{"table", "types", "rows"}` replaces the table; a row is its values
in the order of `types`. `{"query"}` is answered by `{"ids"}` or `{"error"}`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from chdb import session  # type: ignore[import-not-found]  # it lives in an environment of its own

SQL = {
    "string": "String",
    "int": "Nullable(Int32)",
    "long": "Nullable(Int64)",
    "real": "Nullable(Float64)",
    "datetime": "Nullable(DateTime64(0, 'UTC'))",
}


def main() -> None:
    """Answer until the input ends."""
    held = session.Session()
    held.query("set allow_experimental_kusto_dialect = 1")
    # What ran on is the text as it is: only bounds on size are lifted.
    held.query(
        "set max_query_size = 1000000, max_parser_depth = 20000, max_ast_depth = 20000, max_ast_elements = 1000000"
    )
    for line in sys.stdin:
        asked = json.loads(line)
        if "query" in asked:
            try:
                held.query("set dialect = 'kusto'")
                told = str(held.query(asked["query"] + "\n| project RowId", "JSONEachRow"))
                answer: dict[str, Any] = {"ids": sorted(json.loads(row)["RowId"] for row in told.splitlines() if row)}
            except Exception as error:  # noqa: BLE001 (whatever it raises is the answer)
                answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
            finally:
                held.query("set dialect = 'clickhouse'")
        else:
            answer = fill(held, asked["table"], asked["types"], asked["rows"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def fill(held: Any, table: str, types: dict[str, str], rows: list[list[Any]]) -> dict[str, Any]:
    """The table anew; values come in as JSON, so that none is read as a part of the statement."""
    held.query(f"drop table if exists `{table}`")
    columns = ", ".join(f"`{name}` {SQL[kind]}" for name, kind in types.items())
    held.query(f"create table `{table}` (RowId Int32, {columns}) engine = Memory")
    lines = (json.dumps({"RowId": place, **dict(zip(types, row, strict=True))}) for place, row in enumerate(rows))
    text = "\n".join(lines)
    held.query(f"insert into `{table}` format JSONEachRow\n{text}")
    return {"rows": len(rows)}


if __name__ == "__main__":
    main()
