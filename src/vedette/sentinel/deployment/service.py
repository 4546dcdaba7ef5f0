"""The REST interfaces of a workspace: what is sent, what is asked for again, and what a refusal means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, Self
from urllib.parse import quote, urlsplit

import msgspec

from vedette.errors import UsageError
from vedette.sentinel.connection import Connection
from vedette.sentinel.template import RULES_API, SEARCHES_API

#: Largest answer that is read, in bytes, and most pages of a list.
MAX_BYTES: Final = 64 << 20
MAX_PAGES: Final = 500
_RESOURCE: Final = re.compile(
    r"/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[\w.()-]{1,90}"
    r"/providers/Microsoft\.OperationalInsights/workspaces/[A-Za-z0-9][A-Za-z0-9-]{0,62}",
    re.IGNORECASE,
)
_INSIGHTS: Final = "/providers/Microsoft.SecurityInsights"
#: What a person needs who may not.
_ROLES: Final = {
    "watchlists": "Microsoft Sentinel Contributor",
    "alertRules": "Microsoft Sentinel Contributor",
    "savedSearches": "Microsoft Sentinel Contributor",
}
_SHOWN: Final = 400
Method = Literal["GET", "PUT", "DELETE"]


class RefusedError(UsageError):
    """The service said no.

    Attributes:
        status: of HTTP; 0 where none came.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

    @property
    def conflict(self) -> bool:
        """Whether somebody else changed the object in the meantime."""
        return self.status in (409, 412)


class Service:
    """The interfaces of one workspace.

    Args:
        connection: who asks, and where.
        resource: the workspace's path in Azure Resource Manager.
        options: of the client, such as `retry_total`.

    Raises:
        UsageError: the path is none.
    """

    def __init__(self, connection: Connection, resource: str, **options: Any) -> None:
        if not _RESOURCE.fullmatch(resource.rstrip("/")):
            raise UsageError(
                f"{resource!r} is no workspace; write /subscriptions/ID/resourceGroups/NAME/providers/"
                "Microsoft.OperationalInsights/workspaces/NAME"
            )
        self.resource = resource.rstrip("/")
        self._client = connection.manager(**{"retry_total": 6, "retry_backoff_max": 60, **options})
        self._base = connection.endpoint or connection.cloud.manager

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self._client.close()

    def all_of(self, kind: str, path: str = "") -> Iterator[dict[str, Any]]:
        """All objects of a kind, page by page.

        Args:
            kind: `alertRules`, `savedSearches` or `watchlists`.
            path: below it, as `ALIAS/watchlistItems`.

        Raises:
            RefusedError: the service refuses, or its answer is no list or has no end.
        """
        url = self._url(kind, path)
        for _ in range(MAX_PAGES):
            answer = self._send("GET", url, kind)
            values = answer.get("value")
            if not isinstance(values, list):
                raise RefusedError(f"the answer for {kind} is no list", 0)
            yield from (one for one in values if isinstance(one, dict))
            more = answer.get("nextLink")
            if not more:
                return
            # The token goes to the service alone, whatever an answer says.
            if _origin(str(more)) != _origin(self._base):
                raise RefusedError(f"the next page of {kind} lies on another host, {urlsplit(str(more)).netloc}", 0)
            url = str(more)
        raise RefusedError(f"{kind} have more than {MAX_PAGES} pages", 0)

    def get(self, kind: str, path: str) -> dict[str, Any] | None:
        """One object, or None if it is not there.

        Raises:
            RefusedError: the service refuses.
        """
        try:
            return self._send("GET", self._url(kind, path), kind)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    def put(
        self, kind: str, path: str, body: Mapping[str, Any], *, etag: str = "", new: bool = False
    ) -> dict[str, Any]:
        """Put an object in place.

        Args:
            kind: see `all_of`.
            path: its name.
            body: the object.
            etag: what it had when it was read; the service refuses if it has another.
            new: there must be none.

        Raises:
            RefusedError: the service refuses; a conflict if the object was changed since.
        """
        headers = {"If-Match": etag} if etag else {"If-None-Match": "*"} if new else {}
        sent = {**body, "etag": etag} if etag else dict(body)
        return self._send("PUT", self._url(kind, path), kind, sent, headers)

    def delete(self, kind: str, path: str, *, etag: str = "") -> None:
        """Delete an object; that it is gone already is no error.

        Raises:
            RefusedError: the service refuses; a conflict if the object was changed since.
        """
        try:
            self._send("DELETE", self._url(kind, path), kind, None, {"If-Match": etag} if etag else {})
        except RefusedError as error:
            if error.status != 404:
                raise

    def _url(self, kind: str, path: str) -> str:
        inside = "" if kind == "savedSearches" else _INSIGHTS
        version = SEARCHES_API if kind == "savedSearches" else RULES_API
        tail = "".join(f"/{quote(part, safe='')}" for part in path.split("/") if part)
        return f"{self._base}{self.resource}{inside}/{kind}{tail}?api-version={version}"

    def _send(
        self,
        method: Method,
        url: str,
        kind: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        from azure.core.exceptions import AzureError, ClientAuthenticationError
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, url, json=body, headers=dict(headers or {}))
        try:
            response = self._client.send_request(request, stream=True)
            with response:
                content = _bounded(response.iter_bytes())
                status = response.status_code
        except ClientAuthenticationError as error:
            raise RefusedError(f"Azure gives no token: {_short(str(error))}; try --auth, or az login", 401) from None
        except AzureError as error:
            raise RefusedError(f"{method} {kind}: no answer: {_short(str(error))}", 0) from None
        if 200 <= status < 300:
            return _object(content)
        raise RefusedError(self._told(status, kind, method, content), status)

    def _told(self, status: int, kind: str, method: str, content: bytes) -> str:
        said = _said(content)
        where = f"{kind} of {self.resource}"
        match status:
            case 401:
                return f"401: Azure does not know who asks for {where}: {said}; try --auth, or az login"
            case 403:
                verb = "read" if method == "GET" else "write"
                role = "Microsoft Sentinel Reader" if method == "GET" else _ROLES[kind]
                return f"403: not allowed to {verb} {where}: {said}; it takes the role {role} there"
            case 404:
                return f"404: there is no {where}, or Microsoft Sentinel is not switched on there: {said}"
            case 409 | 412:
                return f"{status}: it was changed since it was read: {said}; plan again"
            case _:
                return f"{status}: {method} {where}: {said}"


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; the service writes the port into some links and not into others."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        return "", "", 0
    return parts.scheme, parts.hostname or "", port


def _bounded(parts: Iterator[bytes]) -> bytes:
    found = bytearray()
    for part in parts:
        found += part
        if len(found) > MAX_BYTES:
            raise RefusedError(f"an answer of the service has more than {MAX_BYTES >> 20} MiB", 0)
    return bytes(found)


def _object(content: bytes) -> dict[str, Any]:
    if not content.strip():
        return {}
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        raise RefusedError("an answer of the service is no JSON", 0) from None
    return found if isinstance(found, dict) else {}


def _said(content: bytes) -> str:
    """The message of a refusal, one short line."""
    try:
        found = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        found = None
    error = found.get("error", found) if isinstance(found, dict) else None
    told = error.get("message") if isinstance(error, dict) else None
    return _short(str(told)) if told else "no reason given"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
