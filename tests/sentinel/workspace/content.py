"""What is deployed: alert rules, saved searches and watchlists, by name, with etags."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from tests.sentinel.workspace.contract import check_body, check_version
from tests.sentinel.workspace.message import Answer, Request, refusal
from tests.sentinel.workspace.rule import faults, named
from tests.sentinel.workspace.tables import iso

#: Resources as they are stored: name to body.
Stored = dict[str, dict[str, Any]]
#: What the service tells of a watchlist, not of its making.
_UNTOLD: Final = {"rawContent", "numberOfLinesToSkip", "contentType"}


class Content:
    """The content of a workspace.

    Args:
        resource: the path of the workspace.
        base: the address of the server, for links to further pages.
        now: the clock.
        columns: gives those columns of a query's result that are wanted; or what is wrong with the query.
    """

    def __init__(
        self,
        resource: str,
        base: Callable[[], str],
        now: Callable[[], dt.datetime],
        columns: Callable[[str, set[str]], list[str] | str],
    ) -> None:
        self.rules: Stored = {}
        self.searches: Stored = {}
        self.watchlists: Stored = {}
        #: alias to id to values.
        self.items: dict[str, dict[str, dict[str, str]]] = {}
        #: So many resources are listed at once.
        self.page = 50
        self._resource = resource
        self._base = base
        self._now = now
        self._columns = columns

    def rows(self) -> Mapping[str, list[dict[str, str]]]:
        """The rows of each watchlist, by alias, with SearchKey."""
        found = {}
        for alias, items in self.items.items():
            key = self.watchlists[alias]["properties"]["itemsSearchKey"]
            found[alias] = [{"SearchKey": values.get(key, ""), **values} for values in items.values()]
        return found

    def rule(self, request: Request, name: str) -> Answer:
        """Alert rules: one by name, or the list."""
        check_version(request, "alertRules")
        if not name:
            return self._list(request, self.rules)
        if request.method == "PUT":
            check_body(request, "alertRule")
            properties = request.body["properties"]
            columns = self._columns(properties["query"], set(named(properties)))
            if isinstance(columns, str):
                raise refusal(400, f"Failed to run the analytics rule query. {columns}")
            wrong = faults(request.body["properties"], columns)
            if wrong:
                raise refusal(400, f"Invalid Properties for alert rule: {' '.join(wrong)}")
            made = {"kind": request.body["kind"], "properties": {**_defaults(), **request.body["properties"]}}
            made["properties"]["lastModifiedUtc"] = iso(self._now())
            return self._put(request, self.rules, name, made, "Microsoft.SecurityInsights/alertRules")
        return self._other(request, self.rules, name)

    def search(self, request: Request, name: str) -> Answer:
        """Saved searches: one by name, or all."""
        check_version(request, "savedSearches")
        if not name:
            if request.method != "GET":
                raise refusal(405, f"{request.method} is no method of a list.")
            return Answer(200, {"value": list(self.searches.values())})
        if request.method == "PUT":
            check_body(request, "savedSearch")
            held = self.searches.get(name)
            known = dict(request.body["properties"])
            # The specification has the etag beside the properties, templates need it inside; the service reads both.
            inside = known.pop("etag", None) or known.pop("eTag", None)
            given = request.body.get("etag") or inside or request.headers.get("if-match")
            if held is not None and given not in {"*", held["etag"]}:
                raise refusal(409, f"The saved search '{name}' exists; give its etag, or *.", breach=False)
            kind = "Microsoft.OperationalInsights/savedSearches"
            return self._put(request, self.searches, name, {"properties": known}, kind, 200)
        return self._other(request, self.searches, name)

    def watchlist(self, request: Request, name: str) -> Answer:
        """Watchlists: one by alias, or the list."""
        check_version(request, "watchlists")
        if not name:
            return self._list(request, self.watchlists)
        if request.method == "PUT":
            check_body(request, "watchlist")
            given = dict(request.body["properties"])
            if given.get("watchlistAlias", name) != name:
                raise refusal(400, f"The alias '{given['watchlistAlias']}' is not '{name}' of the path.")
            rows = _rows(given)
            made = {
                **{key: value for key, value in given.items() if key not in _UNTOLD},
                "watchlistAlias": name,
                "watchlistType": "watchlist",
                "isDeleted": False,
                "uploadStatus": "Complete",
                "updated": iso(self._now()),
            }
            held = self.watchlists.get(name)
            before = {"watchlistId": str(uuid.uuid4()), "created": iso(self._now())}
            if held is not None:
                before = {key: held["properties"][key] for key in before}
            kind = "Microsoft.SecurityInsights/watchlists"
            answer = self._put(request, self.watchlists, name, {"properties": {**made, **before}}, kind)
            items = self.items.setdefault(name, {})
            # What is uploaded joins what is there; rows that are there already are kept once.
            items.update({str(uuid.uuid4()): row for row in rows if row not in items.values()})
            return answer
        if request.method == "DELETE" and name in self.watchlists:
            self.items.pop(name, None)
        return self._other(request, self.watchlists, name)

    def item(self, request: Request, alias: str, name: str) -> Answer:
        """Items of a watchlist: one by id, or the list."""
        check_version(request, "watchlists")
        if alias not in self.watchlists:
            raise refusal(404, f"The watchlist '{alias}' is not found.", breach=False)
        items = self.items[alias]
        stored = {key: self._item(alias, key, values) for key, values in items.items()}
        if not name:
            return self._list(request, stored)
        if request.method == "PUT":
            check_body(request, "watchlistItem")
            new = name not in items
            items[name] = {key: str(value) for key, value in request.body["properties"]["itemsKeyValue"].items()}
            return Answer(201 if new else 200, self._item(alias, name, items[name]))
        answer = self._other(request, stored, name)
        if request.method == "DELETE":
            items.pop(name, None)
        return answer

    def _item(self, alias: str, name: str, values: dict[str, str]) -> dict[str, Any]:
        kind = "Microsoft.SecurityInsights/watchlists/watchlistItems"
        known = {"itemsKeyValue": values, "watchlistItemId": name, "watchlistItemType": "watchlist-item"}
        path = f"{self._resource}/providers/Microsoft.SecurityInsights/watchlists/{alias}/watchlistItems/{name}"
        etag = f'"{uuid.uuid5(uuid.NAMESPACE_OID, repr(sorted(values.items())))}"'
        return {"id": path, "name": name, "type": kind, "etag": etag, "properties": known}

    def _put(
        self, request: Request, stored: Stored, name: str, made: dict[str, Any], kind: str, created: int = 201
    ) -> Answer:
        held = stored.get(name)
        match, given = request.headers.get("if-match"), request.body.get("etag")
        if request.headers.get("if-none-match") == "*" and held is not None:
            raise refusal(412, f"'{name}' exists.", breach=False)
        if match is not None and (held is None or match not in {"*", held["etag"]}):
            raise refusal(412, f"The etag of '{name}' is another.", breach=False)
        if given and given != "*" and held is not None and given != held["etag"]:
            raise refusal(409, f"'{name}' was changed since; its etag is another.", code="Conflict", breach=False)
        known = {"id": request.path, "name": name, "type": kind, "etag": f'"{uuid.uuid4()}"'}
        stored[name] = {**known, **made}
        return Answer(created if held is None else 200, stored[name])

    def _other(self, request: Request, stored: Stored, name: str) -> Answer:
        held = stored.get(name)
        if request.method == "GET":
            if held is None:
                raise refusal(404, f"'{name}' is not found.", breach=False)
            return Answer(200, held)
        if request.method != "DELETE":
            raise refusal(405, f"{request.method} is no method of this.")
        if held is None:
            return Answer(204)
        if request.headers.get("if-match") not in {None, "*", held["etag"]}:
            raise refusal(412, f"The etag of '{name}' is another.", breach=False)
        del stored[name]
        return Answer(200)

    def _list(self, request: Request, stored: Stored) -> Answer:
        if request.method != "GET":
            raise refusal(405, f"{request.method} is no method of a list.")
        start = int(request.query.get("$skipToken", "0"))
        values = list(stored.values())
        body: dict[str, Any] = {"value": values[start : start + self.page]}
        if start + self.page < len(values):
            more = {"api-version": request.query["api-version"], "$skipToken": str(start + self.page)}
            body["nextLink"] = f"{self._base()}{request.path}?{urlencode(more)}"
        return Answer(200, body)


def _defaults() -> dict[str, Any]:
    """What the service adds to a rule that does not say it."""
    grouping = {
        "enabled": False,
        "reopenClosedIncident": False,
        "lookbackDuration": "PT5H",
        "matchingMethod": "AllEntities",
        "groupByEntities": [],
        "groupByAlertDetails": [],
        "groupByCustomDetails": [],
    }
    return {
        "description": "",
        "tactics": [],
        "techniques": [],
        "incidentConfiguration": {"createIncident": True, "groupingConfiguration": grouping},
        "eventGroupingSettings": {"aggregationKind": "SingleAlert"},
        "alertDetailsOverride": None,
        "customDetails": None,
        "entityMappings": None,
        "templateVersion": None,
        "alertRuleTemplateName": None,
    }


def _rows(given: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of an uploaded watchlist."""
    raw = given.get("rawContent")
    if raw is None:
        return []
    lines = io.StringIO(str(raw), newline="")
    for _ in range(int(given.get("numberOfLinesToSkip", 0))):
        lines.readline()
    reader = csv.DictReader(lines)
    if given["itemsSearchKey"] not in (reader.fieldnames or ()):
        raise refusal(400, f"The search key '{given['itemsSearchKey']}' is no column of the content.")
    rows = list(reader)
    if any(None in row or None in row.values() for row in rows):
        raise refusal(400, "A line of the content has more or fewer values than there are columns.")
    return rows
