"""The Logs Ingestion API: rows into tables through the streams of a data collection rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.sentinel.workspace.contract import check_body, check_version
from tests.sentinel.workspace.message import Answer, Request, refusal
from tests.sentinel.workspace.tables import Tables, iso

#: Bytes of a call at most, decompressed.
MAX_BYTES: Final = 1 << 20
#: Characters of a value at most; the service cuts longer ones.
MAX_VALUE: Final = 64 << 10
#: What a rule calls the types that Kusto calls otherwise.
_DECLARED: Final = {"bool": "boolean", "guid": "string"}
#: Columns that the service fills alone, which no stream may have.
RESERVED: Final = {"TenantId", "Type", "UniqueId", "Title", "id", "SourceSystem"}
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
        workspace: the path of the workspace.
        base: the address at which rows arrive.
        tables: where rows go.
        now: the clock.
    """

    def __init__(
        self,
        rule: str,
        workspace: str,
        base: Callable[[], str],
        tables: Tables,
        now: Callable[[], dt.datetime],
    ) -> None:
        self.rule = rule
        self._workspace = workspace
        self._base = base
        self.streams: dict[str, Stream] = {}
        self._tables = tables
        self._now = now

    def declare(self, name: str, table: str, types: Mapping[str, str] | None = None) -> None:
        """Give the rule a stream; without types its columns are those of the table."""
        held = self._tables.columns(table)
        known = {column: kind for column, kind in held.items() if column[0] != "_" and column not in RESERVED}
        self.streams[name] = Stream(table, dict(types or known))

    def endpoint(self, request: Request, name: str) -> Answer:
        """The data collection endpoint, to be read."""
        check_version(request, "dataCollectionEndpoints")
        if request.method != "GET":
            raise refusal(405, "A data collection endpoint can only be read here.")
        known = {"logsIngestion": {"endpoint": self._base()}, "provisioningState": "Succeeded"}
        kind = "Microsoft.Insights/dataCollectionEndpoints"
        return Answer(200, {"id": request.path, "name": name, "type": kind, "location": "x", "properties": known})

    def manage(self, request: Request, name: str) -> Answer:
        """The data collection rule: read, or put in place with other streams."""
        check_version(request, "dataCollectionRules")
        if request.method == "PUT":
            check_body(request, "dataCollectionRule")
            self.streams = self._streams(request.body["properties"])
        elif request.method != "GET":
            raise refusal(405, f"{request.method} is no method of this.")
        declared = {
            stream: {
                "columns": [{"name": column, "type": _DECLARED.get(kind, kind)} for column, kind in one.types.items()]
            }
            for stream, one in self.streams.items()
        }
        flows = [
            {
                "streams": [stream],
                "destinations": ["workspace"],
                "transformKql": one.transform,
                "outputStream": ("Custom-" if one.table.endswith("_CL") else "Microsoft-") + one.table,
            }
            for stream, one in self.streams.items()
        ]
        known = {
            "immutableId": self.rule,
            "streamDeclarations": declared,
            "destinations": {"logAnalytics": [{"workspaceResourceId": self._workspace, "name": "workspace"}]},
            "dataFlows": flows,
            "endpoints": {"logsIngestion": self._base()},
            "provisioningState": "Succeeded",
        }
        kind = "Microsoft.Insights/dataCollectionRules"
        said = {"id": request.path, "name": name, "type": kind, "location": "x", "kind": "Direct", "properties": known}
        return Answer(200, said)

    def _streams(self, given: Mapping[str, Any]) -> dict[str, Stream]:
        """The streams of a rule that is put in place."""
        places = {one["name"]: one["workspaceResourceId"] for one in given["destinations"]["logAnalytics"]}
        streams = {}
        for flow in given["dataFlows"]:
            table = flow["outputStream"].partition("-")[2]
            if not self._tables.columns(table):
                raise refusal(400, f"The table '{table}' of the output stream is not in the workspace.")
            if any(places.get(place, "").lower() != self._workspace.lower() for place in flow["destinations"]):
                raise refusal(400, "A destination of a data flow is no workspace of this server.")
            for name in flow["streams"]:
                declared = given["streamDeclarations"].get(name)
                if declared is None:
                    raise refusal(400, f"The stream '{name}' of a data flow is not declared.")
                types = {one["name"]: one["type"].replace("boolean", "bool") for one in declared["columns"]}
                missing = sorted(set(types) - set(self._tables.columns(table)))
                if missing and flow.get("transformKql", "source").strip() == "source":
                    raise refusal(400, f"The table '{table}' has no columns {', '.join(missing)}.")
                streams[name] = Stream(table, types, flow.get("transformKql", "source"))
        return streams

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
        self._tables.add(stream.table, [self._row(row, stream, received) for row in request.body], received)
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
