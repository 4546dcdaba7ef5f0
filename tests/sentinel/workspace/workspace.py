"""The workspace: one server for Azure Resource Manager, queries and ingestion, and what tests ask of it."""

from __future__ import annotations

import datetime as dt
import re
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

from azure.core.credentials import AccessToken
from tests.sentinel.workspace import parsers
from tests.sentinel.workspace.collection import Collection
from tests.sentinel.workspace.content import Content, Stored
from tests.sentinel.workspace.contract import check_body, check_token, check_version
from tests.sentinel.workspace.fault import Fault, Faults
from tests.sentinel.workspace.message import Answer, Arrived, RefusalError, Request, refusal
from tests.sentinel.workspace.query import Limits, Queries
from tests.sentinel.workspace.tables import Tables
from tests.sentinel.workspace.transport import Server, Service, write_authority

from vedette.sentinel.connection import CLOUDS, TOKEN_VARIABLE, Connection

_TOKEN: Final = "a-token-of-the-tests"
_NAME: Final = r"[A-Za-z0-9_.-]{1,128}"


class _Credential:
    def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return AccessToken(_TOKEN, int(time.time()) + 3600)


class Workspace:
    """A workspace, served while its context is entered.

    Attributes:
        id: the GUID that queries name.
        resource: the path in Azure Resource Manager.
        dcr: the immutable id of its data collection rule.
        stream: the stream of process events; `network_stream` that of network sessions.
        clock: gives the time; a test may set another.
        violations: a line for each breach of the contract by a client.
    """

    def __init__(self) -> None:
        self.clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
        self.id = str(uuid.uuid4())
        self.subscription = str(uuid.uuid4())
        self.group = f"/subscriptions/{self.subscription}/resourceGroups/hunters"
        self.resource = f"{self.group}/providers/Microsoft.OperationalInsights/workspaces/ws"
        self.dcr = f"dcr-{uuid.uuid4().hex}"
        self.stream = "Custom-ASimProcessEventLogs"
        self.network_stream = "Custom-ASimNetworkSessionLogs"
        self.violations: list[str] = []
        self._lock = threading.Lock()
        self._faults = Faults()
        self._held = Tables(self.now)
        self._content = Content(self.resource, lambda: self.url, self.now, self._outline)
        self._queries = Queries(self._held, self._content.rows, self._faults, self.now, self.violations.append)
        self._collection = Collection(self.dcr, self.resource, lambda: self.url, self._held, self.now)
        self._collection.declare(self.stream, parsers.PROCESS)
        self._collection.declare(self.network_stream, parsers.NETWORK)
        self._service = Service(self._answer, faults=self._faults)
        self._server: Server | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Self:
        """Serve."""
        self._folder = tempfile.TemporaryDirectory(prefix="workspace-")
        self._certificate = str(Path(self._folder.name) / "authority.pem")
        write_authority(Path(self._certificate))
        self._server = Server(self._service)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Serve no more."""
        assert self._server is not None
        assert self._folder is not None
        self._server.stop()
        self._held.close()
        self._folder.cleanup()

    @property
    def url(self) -> str:
        """The one address of all services."""
        assert self._server is not None, "the workspace is not served"
        return self._server.url

    @property
    def certificate(self) -> str:
        """The file of the authority that https is checked against."""
        return self._certificate

    @property
    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Table to its rows."""
        return self._held.rows

    @property
    def rules(self) -> Stored:
        """Alert rules by name, as stored."""
        return self._content.rules

    @property
    def searches(self) -> Stored:
        """Saved searches by name, as stored."""
        return self._content.searches

    @property
    def watchlists(self) -> Stored:
        """Watchlists by alias, as stored; their rows are in `items`."""
        return self._content.watchlists

    @property
    def items(self) -> dict[str, dict[str, dict[str, str]]]:
        """Alias to the items of the watchlist, each id to its values."""
        return self._content.items

    @property
    def requests(self) -> list[Arrived]:
        """What arrived, in the order of the answers."""
        return self._service.requests

    @property
    def limits(self) -> Limits:
        """How much a query may give."""
        return self._queries.limits

    @property
    def page(self) -> int:
        """So many resources are listed at once."""
        return self._content.page

    @page.setter
    def page(self, count: int) -> None:
        self._content.page = count

    def now(self) -> dt.datetime:
        """The time by its clock."""
        return self.clock()

    def connection(self) -> Connection:
        """A connection to it, with a credential of its own."""
        return Connection(_Credential(), CLOUDS["public"], self.url, self.certificate)

    def environment(self) -> dict[str, str]:
        """Environment variables for a process that speaks to it."""
        return {TOKEN_VARIABLE: _TOKEN}

    def arguments(self) -> list[str]:
        """Options of a verb that speaks to it."""
        return ["--auth", "token", "--endpoint", self.url, "--ca-file", self.certificate]

    def seed(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Store rows as they are; a table that is not known has the columns of its rows."""
        self._held.add(table, rows)

    def declare(self, stream: str, table: str, types: Mapping[str, str] | None = None) -> None:
        """Give the data collection rule a further stream; with types the table is made with these columns."""
        if types is not None:
            self._held.declare(table, types)
        self._collection.declare(stream, table, types)

    def misbehave(self, fault: Fault) -> None:
        """Misbehave like this too."""
        self._faults.add(fault)

    def behave(self) -> int:
        """Misbehave no more; how many requests were still to suffer."""
        left = self._faults.left()
        self._faults.clear()
        return left

    def _outline(self, query: str, wanted: set[str]) -> list[str] | str:
        return self._queries.outline(query, wanted)

    def _answer(self, request: Request) -> Answer:
        try:
            check_token(request)
            return self._route(request)
        except RefusalError as refused:
            if refused.breach:
                said = refused.answer.body["error"]["message"]
                self.violations.append(f"{request.asked}: {refused.answer.status}: {said}")
            return refused.answer
        except Exception as wrong:  # a fault of the tests' server must not look like one of Azure's
            self.violations.append(f"{request.asked}: the server of the tests failed: {wrong!r}")
            raise

    def _route(self, request: Request) -> Answer:
        path = request.path
        if path == "/v1/$batch" and request.method == "POST":
            check_body(request, "batch")
            for one in request.body["requests"]:
                self._mine(one["workspace"])
            return self._queries.batch(request)
        if found := re.fullmatch(r"/v1/workspaces/([^/]+)/query", path):
            self._mine(found[1])
            return self._query(request)
        if path.lower() == f"/v1{self.resource}/query".lower():
            return self._query(request)
        if found := re.fullmatch(rf"/dataCollectionRules/({_NAME})/streams/({_NAME})", path):
            self._method(request, "POST")
            with self._lock:
                return self._collection.upload(request, found[1], found[2])
        insights = f"{re.escape(self.group)}/providers/Microsoft.Insights"
        if found := re.fullmatch(rf"{insights}/dataCollectionRules/({_NAME})", path, re.IGNORECASE):
            with self._lock:
                return self._collection.manage(request, found[1])
        if found := re.fullmatch(rf"{insights}/dataCollectionEndpoints/({_NAME})", path, re.IGNORECASE):
            return self._collection.endpoint(request, found[1])
        if path.lower().startswith(self.resource.lower()):
            with self._lock:
                return self._manage(request, path[len(self.resource) :])
        raise refusal(404, f"No service is at '{path}'.")

    def _query(self, request: Request) -> Answer:
        self._method(request, "POST")
        check_body(request, "query")
        return self._queries.one(request.body, request.headers.get("prefer", ""))

    def _manage(self, request: Request, rest: str) -> Answer:
        if not rest:
            check_version(request, "workspaces")
            self._method(request, "GET")
            known = {"customerId": self.id, "provisioningState": "Succeeded", "retentionInDays": 90}
            kind = "Microsoft.OperationalInsights/workspaces"
            return Answer(200, {"id": self.resource, "name": "ws", "type": kind, "location": "x", "properties": known})
        if found := re.fullmatch(rf"/savedSearches(?:/({_NAME}))?", rest, re.IGNORECASE):
            return self._content.search(request, found[1] or "")
        if found := re.fullmatch(rf"/tables/({_NAME})", rest, re.IGNORECASE):
            return self._table(request, found[1])
        insights = "/providers/Microsoft.SecurityInsights"
        if found := re.fullmatch(rf"{insights}/alertRules(?:/({_NAME}))?", rest, re.IGNORECASE):
            return self._content.rule(request, found[1] or "")
        if found := re.fullmatch(rf"{insights}/watchlists(?:/({_NAME}))?", rest, re.IGNORECASE):
            return self._content.watchlist(request, found[1] or "")
        if found := re.fullmatch(
            rf"{insights}/watchlists/({_NAME})/watchlistItems(?:/({_NAME}))?", rest, re.IGNORECASE
        ):
            return self._content.item(request, found[1], found[2] or "")
        raise refusal(404, f"No resource is at '{request.path}'.")

    def _table(self, request: Request, name: str) -> Answer:
        check_version(request, "tables")
        if request.method == "PUT":
            check_body(request, "table")
            schema = request.body["properties"]["schema"]
            if schema["name"] != name:
                raise refusal(400, f"The table '{schema['name']}' is not '{name}' of the path.")
            self._held.declare(name, {one["name"]: one["type"].replace("boolean", "bool") for one in schema["columns"]})
        else:
            self._method(request, "GET")
        types = self._held.columns(name)
        if not types:
            raise refusal(404, f"The table '{name}' is not found.", breach=False)
        columns = [{"name": column, "type": kind} for column, kind in types.items()]
        known = {"plan": "Analytics", "schema": {"name": name, "columns": columns}, "provisioningState": "Succeeded"}
        return Answer(200, {"id": request.path, "name": name, "properties": known})

    def _mine(self, workspace: str) -> None:
        if workspace.lower() not in {self.id, self.resource.lower()}:
            raise refusal(404, "The workspace could not be found", code="WorkspaceNotFoundError", breach=False)

    @staticmethod
    def _method(request: Request, method: str) -> None:
        if request.method != method:
            raise refusal(405, f"{request.method} is no method of this.")
