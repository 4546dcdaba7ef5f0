"""The query service of Log Analytics: `/v1/workspaces/ID/query`, the same by resource, and `/v1/$batch`."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.kql.oracle import engine, sixes_of
from tests.sentinel.workspace.fault import Faults
from tests.sentinel.workspace.message import Answer, Request, error
from tests.sentinel.workspace.pace import Pace
from tests.sentinel.workspace.reading import UnreadableError, read
from tests.sentinel.workspace.rule import duration
from tests.sentinel.workspace.tables import Found, Span, Tables, iso
from tests.sentinel.workspace.transport import failed, partial, partial_error, waited

#: How the engine names a table or a column that is not there.
_UNKNOWN: Final = re.compile(r"name (\w+) does not exist|column \"(\w+)\" not found")
#: Most queries in a batch.
MAX_BATCH: Final = 100


@dataclass(slots=True)
class Limits:
    """How much a query may give; tests may ask for less than the service does.

    Attributes:
        rows: at most.
        bytes: of the answer, at most.
        queries: in half a minute, at most; the service has 200, and 0 is no limit.
    """

    rows: int = 500_000
    bytes: int = 64_000_000
    queries: int = 0


class Queries:
    """Runs queries.

    Args:
        tables: what they run over.
        watchlists: gives alias to the rows of each watchlist, as text.
        faults: misbehaviour, which each query of a batch is asked for.
        now: the clock.
        breach: is told what the oracle can't read.
    """

    def __init__(
        self,
        tables: Tables,
        watchlists: Callable[[], Mapping[str, Sequence[Mapping[str, str]]]],
        faults: Faults,
        now: Callable[[], dt.datetime],
        breach: Callable[[str], None],
    ) -> None:
        self.limits = Limits()
        self._pace = Pace()
        self._tables = tables
        self._watchlists = watchlists
        self._faults = faults
        self._now = now
        self._breach = breach

    def one(self, body: Mapping[str, Any], prefer: str) -> Answer:
        """A query; `prefer` is the header of the name."""
        wait = self._pace.over(self.limits.queries)
        if wait:
            said = error(429, "The request was throttled: too many queries.", code="ThrottledError")
            return Answer(429, said.body, {"Retry-After": str(wait)})
        try:
            span = span_of(body.get("timespan"), self._now())
        except ValueError as wrong:
            return _bad(f"The value of the timespan is invalid: {wrong}", "InvalidTimespan")
        try:
            found = self._run(str(body["query"]), span)
        except Exception as wrong:  # noqa: BLE001 - what the engine raises is its own
            return self._wrong(wrong, str(body["query"]))
        return self._answer(found, prefer)

    def batch(self, request: Request) -> Answer:
        """Several queries, each answered for itself."""
        asked = request.body["requests"]
        if len(asked) > MAX_BATCH:
            return error(400, f"A batch may have {MAX_BATCH} queries.", code="BadArgumentError")
        if len({one["id"] for one in asked}) < len(asked):
            return error(400, "Two queries of the batch have one id.", code="BadArgumentError")
        answers = []
        for one in asked:
            headers = {str(name).lower(): str(value) for name, value in (one.get("headers") or {}).items()}
            fault = self._faults.take(f"BATCH /workspaces/{one['workspace']}/query", str(one["body"]["query"]))
            slow = None if fault is None else waited(fault, headers.get("prefer", ""))
            if fault is not None and fault.kind == "status":
                answer = failed(fault)
            elif slow is not None:
                answer = slow
            else:
                answer = self.one(one["body"], headers.get("prefer", ""))
                answer = partial(answer) if fault is not None and fault.kind == "partial" else answer
            told = {"Content-Type": "application/json; charset=utf-8", **answer.headers}
            answers.append({"id": one["id"], "status": answer.status, "headers": told, "body": answer.body})
        answers.reverse()  # the service answers in no order
        return Answer(200, {"responses": answers})

    def outline(self, query: str, wanted: set[str]) -> list[str] | str:
        """Those columns of a query's result that are wanted or that it names itself; or what is wrong with it."""
        try:
            lists = self._watchlists()
            names = self._tables.names()
            text, tables = read(query, {alias: _columns_of(rows) for alias, rows in lists.items()}, names, set())

            def translate(known: dict[str, list[str]]) -> tuple[str, Mapping[str, Any]]:
                sql = engine().to_sql(text, schema=known)
                return str(sql), sql.parameters

            named = wanted | set(re.findall(r"\w+", text))
            return self._tables.outline(
                translate, named, {name: lists.get(alias, ()) for name, alias in tables.items()}
            )
        except Exception as wrong:  # noqa: BLE001 - what the engine raises is its own
            return str(self._wrong(wrong, query).body["error"])

    def _run(self, query: str, span: Span) -> Found:
        lists = self._watchlists()
        columns = {alias: _columns_of(rows) for alias, rows in lists.items()}
        sixes = sixes_of([row for rows in self._tables.rows.values() for row in rows]) if "ipv6_" in query else set()
        names = self._tables.names()
        text, tables = read(query, columns, names, sixes)
        module = engine()

        def translate(known: dict[str, list[str]]) -> tuple[str, Mapping[str, Any]]:
            sql = module.to_sql(text, schema=known, query_now=self._now())
            return str(sql), sql.parameters

        return self._tables.run(translate, span, {table: lists.get(alias, ()) for table, alias in tables.items()})

    def _answer(self, found: Found, prefer: str) -> Answer:
        rows = [[_cell(value, kind) for value, (_, kind) in zip(row, found.columns, strict=True)] for row in found.rows]
        wrong = ""
        if len(rows) > self.limits.rows:
            rows, wrong = rows[: self.limits.rows], f"The results of this query exceed {self.limits.rows} records."
        size = 0
        for kept, row in enumerate(rows):
            size += len(json.dumps(row))
            if size > self.limits.bytes:
                rows, wrong = rows[:kept], f"The results of this query exceed {self.limits.bytes} bytes."
                break
        columns = [{"name": name, "type": kind} for name, kind in found.columns]
        body: dict[str, Any] = {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]}
        if "include-statistics=true" in prefer:
            body["statistics"] = {"query": {"executionTime": 0.01, "datasetStatistics": [{"tableRowCount": len(rows)}]}}
        if "include-render=true" in prefer:
            body["render"] = {"visualization": "table"}
        if wrong:
            body["error"] = partial_error(wrong)
        return Answer(200, body)

    def _wrong(self, wrong: Exception, query: str) -> Answer:
        name = type(wrong).__name__
        if isinstance(wrong, UnreadableError):
            self._breach(f"the oracle can't read a query: {wrong}\n{query}")
            return _bad(f"The oracle of the tests can't read this: {wrong}", "Unreadable")
        if name == "KqlSyntaxError":
            return _bad(str(wrong), "SYN0002", "SyntaxError", "A recognition error occurred in the query.")
        if name in {"BinderException", "CatalogException", "KqlSchemaError"}:
            named = _UNKNOWN.search(str(wrong))
            name = named[1] or named[2] if named else "?"
            told = f"'where' operator: Failed to resolve table or column expression named '{name}'"
            return _bad(told, "SEM0100", "SemanticError", "A semantic error occurred.")
        self._breach(f"the oracle failed on a query: {name}: {wrong}\n{query}")
        return _bad(f"The oracle of the tests failed: {name}: {wrong}", "Unreadable")


def span_of(text: str | None, now: dt.datetime) -> Span:
    """The ends of an ISO 8601 interval or of a duration until now; no text bounds nothing.

    Raises:
        ValueError: it is neither.
    """
    if not text:
        return None, None
    first, slash, second = text.partition("/")
    if not slash:
        return now - duration(first), now
    if first.startswith("P"):
        end = _time(second)
        return end - duration(first), end
    start = _time(first)
    return start, start + duration(second) if second.startswith("P") else _time(second)


def _time(text: str) -> dt.datetime:
    time = dt.datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=dt.UTC)


def _cell(value: Any, kind: str) -> Any:
    if isinstance(value, dt.datetime):
        return iso(value)
    if kind == "dynamic":
        return value if value is None or isinstance(value, str) else json.dumps(value, default=str)
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return str(value)


def _columns_of(rows: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(["SearchKey", *(column for row in rows for column in row)]))


def _bad(message: str, code: str, outer: str = "", said: str = "") -> Answer:
    inner: dict[str, Any] = {"code": code, "message": message}
    if outer:
        inner = {"code": outer, "message": said, "innererror": inner}
    return error(400, "The request had some invalid properties", code="BadArgumentError", innererror=inner)
