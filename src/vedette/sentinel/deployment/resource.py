"""An object of a workspace as it is compared: the fields that Vedette writes, without what the service does to them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["watchlist", "rule", "search"]
#: In the order in which they are put in place: a list is there before what reads it.
KINDS: Final[tuple[Kind, ...]] = ("watchlist", "rule", "search")
#: What of each kind is written again whenever it differs; the rest is settled when the object is made, and then is the
#: workspace's own: whether a rule is enabled, its suppression, its incidents.
FIELDS: Final[dict[Kind, tuple[str, ...]]] = {
    "rule": (
        *("displayName", "description", "severity", "query", "queryFrequency", "queryPeriod", "triggerOperator"),
        *("triggerThreshold", "tactics", "techniques", "entityMappings", "customDetails", "eventGroupingSettings"),
    ),
    "search": ("displayName", "category", "query", "description", "tactics", "techniques"),
    "watchlist": ("displayName", "description", "provider", "itemsSearchKey", "rows"),
}
_TAGS: Final = ("description", "tactics", "techniques")
_DURATION: Final = re.compile(
    r"P(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,6})H)?(?:([0-9]{1,7})M)?(?:([0-9]{1,9})(?:\.0+)?S)?)?"
)
_MARK: Final = re.compile(r"\s*Deployed by Vedette: pack (\S+) on (\S+), digest (pending|[0-9a-f]{32})\s*$")


class Mark(msgspec.Struct, frozen=True):
    """Whose an object is; stands as the last line of its description, which the portal keeps.

    Attributes:
        pack: by which it was deployed; without blanks.
        target: of its query.
        digest: of what was written, or `pending` while a list's rows are being written.
    """

    pack: str
    target: str
    digest: str

    def __str__(self) -> str:
        """The line."""
        return f"Deployed by Vedette: pack {self.pack} on {self.target}, digest {self.digest}"


class Resource(msgspec.Struct, frozen=True):
    """An object, there or wanted.

    Attributes:
        kind: what it is.
        name: in its path: a GUID, or a list's alias.
        fields: those of `FIELDS` that hold something, normalised, the mark left out.
        mark: whose it is; None where nothing says.
        needs: aliases of the lists that it reads.
        rule: id of the rule that it was made of; empty where that is not known.
        body: properties as the service gave them, or as they would be sent.
        etag: of the service; empty for what is only wanted.
        items: of a list: id of each row in the workspace to its values.
    """

    kind: Kind
    name: str
    fields: dict[str, Any]
    mark: Mark | None = None
    needs: tuple[str, ...] = ()
    rule: str = ""
    body: dict[str, Any] = {}
    etag: str = ""
    items: dict[str, dict[str, str]] = {}

    @property
    def key(self) -> str:
        """Kind and name; names are compared without their case."""
        return f"{self.kind}:{self.name.lower()}"

    @property
    def title(self) -> str:
        """What people call it."""
        return str(self.fields.get("displayName", self.name))

    @property
    def digest(self) -> str:
        """Of its fields."""
        return digest_of(self.fields)


def digest_of(fields: Mapping[str, Any]) -> str:
    """32 hexadecimal digits that stand for normalised fields."""
    return hashlib.sha256(msgspec.json.encode(fields, order="deterministic")).hexdigest()[:32]


def marked(text: str) -> tuple[str, Mark | None]:
    """A description without its mark, and the mark."""
    found = _MARK.search(text)
    return (text[: found.start()].rstrip(), Mark(*found.groups())) if found else (text.rstrip(), None)


def resource_of(
    kind: Kind,
    name: str,
    body: Mapping[str, Any],
    *,
    etag: str = "",
    items: Mapping[str, Mapping[str, str]] | None = None,
    needs: tuple[str, ...] = (),
    rule: str = "",
) -> Resource:
    """An object out of its properties.

    Args:
        kind: what it is.
        name: in its path.
        body: its properties.
        etag: of the service.
        items: rows of a list, by their ids.
        needs: aliases of the lists that it reads.
        rule: id of its rule.
    """
    told = dict(body)
    if kind == "search":
        told |= {key: value for key, value in tags_of(body).items() if key in _TAGS}
    elif kind == "watchlist":
        told["rows"] = [_filled(row) for row in (items or {}).values()]
    text, mark = marked(_text(told.get("description") or ""))
    told["description"] = text
    fields = {key: _normal(key, told.get(key)) for key in FIELDS[kind]}
    return Resource(
        kind,
        name,
        {key: value for key, value in fields.items() if value not in (None, "", [], {})},
        mark,
        needs,
        rule,
        dict(body),
        etag,
        {key: dict(values) for key, values in (items or {}).items()},
    )


def tags_of(body: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a saved search."""
    tags = body.get("tags")
    pairs = [one for one in tags if isinstance(one, dict)] if isinstance(tags, list) else []
    return {str(one.get("name")): str(one.get("value") or "") for one in pairs}


def _filled(row: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in row.items() if value not in (None, "")}


def _text(value: Any) -> str:
    return "\n".join(line.rstrip() for line in str(value).replace("\r\n", "\n").split("\n")).strip("\n")


def _normal(key: str, value: Any) -> Any:
    """A value as it is compared: durations in seconds, lists without their order, text without its line ends."""
    if key in ("queryFrequency", "queryPeriod") and isinstance(value, str):
        return seconds_of(value)
    if key in ("tactics", "techniques"):
        listed = value.split(",") if isinstance(value, str) else value or ()
        return sorted({str(one).strip() for one in listed} - {""})
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        inner = {str(name): _normal("", one) for name, one in sorted(value.items())}
        return {name: one for name, one in inner.items() if one not in (None, "", [], {})}
    if isinstance(value, list | tuple):
        return sorted((_normal("", one) for one in value), key=msgspec.json.encode)
    return value


def seconds_of(duration: str) -> int | str:
    """Seconds of a duration of ISO 8601; the text as it is where it is none.

    >>> seconds_of("PT75M"), seconds_of("PT1H15M"), seconds_of("P1DT0H"), seconds_of("soon")
    (4500, 4500, 86400, 'soon')
    """
    found = _DURATION.fullmatch(duration)
    if not found or not any(found.groups()):
        return duration
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
