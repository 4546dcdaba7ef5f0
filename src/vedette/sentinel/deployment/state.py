"""What is in a workspace."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

from vedette.errors import UsageError
from vedette.sentinel.deployment.resource import Kind, Resource, resource_of
from vedette.sentinel.deployment.service import Service

#: Kind to its name in paths.
COLLECTIONS: Final[dict[Kind, str]] = {"watchlist": "watchlists", "rule": "alertRules", "search": "savedSearches"}
#: Most objects of a kind, and rows of a list, that are read.
MAX_OBJECTS: Final = 20_000


def read_state(service: Service, wanted: Collection[Resource] = ()) -> tuple[Resource, ...]:
    """All objects of a workspace that Vedette could own; rows of those lists that are wanted or marked.

    Raises:
        UsageError: the service refuses, or there is too much.
    """
    names = {one.key for one in wanted}
    found: list[Resource] = []
    for kind, collection in COLLECTIONS.items():
        for count, one in enumerate(service.all_of(collection)):
            if count >= MAX_OBJECTS:
                raise UsageError(f"the workspace has more than {MAX_OBJECTS:,} {collection}")
            made = of_answer(kind, one)
            if made is not None and kind == "watchlist" and (made.key in names or made.mark is not None):
                made = with_rows(service, made)
            if made is not None:
                found.append(made)
    return tuple(found)


def of_answer(kind: Kind, answer: dict[str, Any]) -> Resource | None:
    """An object as the service tells it; None where it has no name."""
    properties = answer.get("properties")
    body = properties if isinstance(properties, dict) else {}
    name = str(body.get("watchlistAlias") or answer.get("name") or "") if kind == "watchlist" else answer.get("name")
    if not isinstance(name, str) or not name:
        return None
    return resource_of(kind, name, body, etag=str(answer.get("etag") or answer.get("eTag") or ""))


def with_rows(service: Service, found: Resource) -> Resource:
    """A list with its rows.

    Raises:
        UsageError: the service refuses, or there are too many.
    """
    items = {}
    for count, (name, row) in enumerate(_rows(service, found.name)):
        if count >= MAX_OBJECTS:
            raise UsageError(f"the watchlist {found.name} has more than {MAX_OBJECTS:,} rows")
        items[name] = row
    return resource_of(found.kind, found.name, found.body, etag=found.etag, items=items)


def _rows(service: Service, alias: str) -> Iterator[tuple[str, dict[str, str]]]:
    for one in service.all_of("watchlists", f"{alias}/watchlistItems"):
        told = one.get("properties")
        values = told.get("itemsKeyValue") if isinstance(told, dict) else None
        if isinstance(values, dict):
            row = {str(key): str(value) for key, value in values.items() if value is not None}
            yield str(one.get("name", "")), row
