"""The Logs Ingestion API: rows into tables through the streams of a data collection rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.sentinel.workspace.contract import check_body, check_version
from tests.sentinel.workspace.message import Answer, Request, refusal
from tests.sentinel.workspace.tables import OWN, Tables, iso

#: Bytes of a call at most, decompressed.
MAX_BYTES: Final = 1 << 20
#: Characters of a value at most; the service cuts longer ones.
MAX_VALUE: Final = 64 << 10
#: A row that lies further in the past or the future gets the time of its arrival as TimeGenerated.
PAST: Final = dt.timedelta(days=2)
FUTURE: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of a data collection rule.

    Attributes:
        table: where its rows go.
        types: column to Kusto's type.
        transform: KQL over `source`; only `source` is run.
    """

    table: str
    types: Mapping[str, str]
    transform: str = "source"


class Collection:
    """The data collection rule of a workspace.

    Args:
        rule: its immutable id.
        tables: where rows go.
        now: the clock.
    """

    def __init__(self, rule: str, tables: Tables, now: Callable[[], dt.datetime]) -> None:
        self.rule = rule
        self.streams: dict[str, Stream] = {}
        self._tables = tables
        self._now = now

    def declare(self, name: str, table: str, types: Mapping[str, str] | None = None) -> None:
        """Give the rule a stream; without types its columns are those of the table."""
        known = {column: kind for column, kind in self._tables.columns(table).items() if column not in OWN}
        self.streams[name] = Stream(table, dict(types or known))

    def upload(self, request: Request, rule: str, name: str) -> Answer:
        """Rows arrive."""
        check_version(request, "streams")
        if rule != self.rule:
            raise refusal(404, f"Data collection rule with immutable Id '{rule}' not found.", code="NotFound")
        stream = self.streams.get(name)
        if stream is None:
            raise refusal(400, f"The stream {name} was not configured.", code="InvalidStream")
        if request.size > MAX_BYTES:
            raise refusal(413, f"Maximum allowed content length: {MAX_BYTES} bytes. Provided: {request.size} bytes.")
        check_body(request, "rows")
        received = self._now()
        self._tables.add(stream.table, [self._row(row, stream, received) for row in request.body])
        return Answer(204)

    def _row(self, row: Mapping[str, Any], stream: Stream, received: dt.datetime) -> dict[str, Any]:
        if stream.transform.strip() != "source":
            raise refusal(400, "Only the transform `source` is run here.")
        made: dict[str, Any] = {}
        for column, value in row.items():
            kind = stream.types.get(column)
            if kind is None:
                raise refusal(400, f"The stream declares no column '{column}'.", code="InvalidRecord")
            made[column] = _value(column, value, kind)
        time = made.get("TimeGenerated")
        if time is None:
            raise refusal(400, "A record has no TimeGenerated.", code="InvalidRecord")
        moment = dt.datetime.fromisoformat(time)
        if not received - PAST <= moment <= received + FUTURE:
            made["TimeGenerated"] = iso(received)
        return made


def _value(column: str, value: Any, kind: str) -> Any:
    if value is None:
        return None
    right = {
        "string": isinstance(value, str),
        "guid": isinstance(value, str),
        "datetime": isinstance(value, str),
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31,
        "long": isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63,
        "real": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not right.get(kind, True):
        raise refusal(400, f"The column '{column}' is a {kind}, not {value!r:.100}.", code="InvalidRecord")
    if kind == "datetime":
        try:
            return iso(dt.datetime.fromisoformat(value))
        except ValueError:
            raise refusal(400, f"The column '{column}' is no time: {value!r:.100}.", code="InvalidRecord") from None
    return value[:MAX_VALUE] if isinstance(value, str) else value
