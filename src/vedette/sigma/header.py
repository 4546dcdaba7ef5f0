"""What a rule says about itself. Faults that can't change what it matches are told and do not refuse the rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from vedette.event import LogSource
from vedette.sigma.refusal import RefusedError
from vedette.sigma.rule import LEVELS

STATUSES: Final = frozenset({"stable", "test", "experimental", "deprecated", "unsupported"})
MAX_TITLE: Final = 256
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TAG: Final = re.compile(r"[a-z0-9_-]+\.[a-z0-9._-]+")


class Header(msgspec.Struct, frozen=True):
    """The keys of a Sigma document that are not its logic; see `Rule` for what each means.

    Attributes:
        faults: key and what is wrong with it, for keys that were left out.
    """

    id: str
    title: str
    level: str
    status: str
    author: str
    license: str
    description: str
    references: tuple[str, ...]
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    name: str
    faults: tuple[tuple[str, str], ...]


def read_header(document: Mapping[str, Any]) -> Header:
    """The header of a rule, filter or correlation.

    Raises:
        RefusedError: title, id or level can't be used.
    """
    faults: list[tuple[str, str]] = []
    status = _text(document, "status", faults).lower()
    if status and status not in STATUSES:
        faults.append(("status", f"{status!r} is no status of Sigma's"))
        status = ""
    tags = tuple(tag.lower() for tag in _texts(document, "tags", faults))
    faults.extend(("tags", f"{tag!r} has no namespace") for tag in tags if not _TAG.fullmatch(tag))
    if (taxonomy := _text(document, "taxonomy", faults)) not in ("", "sigma"):
        faults.append(("taxonomy", f"its fields follow {taxonomy!r}; they are read as Sigma's"))
    return Header(
        _identity(document),
        _title(document),
        _level(document),
        status,
        ", ".join(_texts(document, "author", faults)),
        _text(document, "license", faults),
        _text(document, "description", faults),
        _texts(document, "references", faults),
        tags,
        _texts(document, "falsepositives", faults),
        _text(document, "name", faults)[:MAX_TITLE],
        tuple(faults),
    )


def read_logsource(document: Mapping[str, Any]) -> LogSource:
    """The log source.

    Raises:
        RefusedError: it is missing, empty or malformed.
    """
    content = document.get("logsource")
    if not isinstance(content, dict):
        raise RefusedError("a rule needs a log source", "logsource", ("logsource",))
    parts = []
    for name in ("product", "category", "service"):
        part = content.get(name)
        if part is None:
            part = ""
        if not isinstance(part, str):
            raise RefusedError(f"the {name} of a log source must be text", "logsource", ("logsource", name))
        parts.append(part.strip().lower())
    if not any(parts):
        raise RefusedError("the log source names no product, category or service", "logsource", ("logsource",))
    return LogSource(*parts)


def _identity(document: Mapping[str, Any]) -> str:
    identity = document.get("id")
    if identity is None:
        return ""
    if not isinstance(identity, str) or not _UUID.fullmatch(identity):
        raise RefusedError("the id must be a UUID", "id", ("id",), remedy="make one with uuidgen, or leave it out")
    return identity.lower()


def _title(document: Mapping[str, Any]) -> str:
    title = document.get("title")
    if isinstance(title, int):
        title = str(title)
    if not isinstance(title, str) or not title.strip():
        raise RefusedError("a rule needs a title", "title", ("title",))
    title = " ".join(title.split())
    if len(title) > MAX_TITLE:
        raise RefusedError(f"a title of {len(title):,} characters, more than {MAX_TITLE}", "title", ("title",))
    return title


def _level(document: Mapping[str, Any]) -> str:
    level = document.get("level")
    if level is None:
        return "informational"
    if not isinstance(level, str) or level.lower() not in LEVELS:
        raise RefusedError(f"the level must be one of {', '.join(LEVELS)}", "level", ("level",))
    return level.lower()


def _text(document: Mapping[str, Any], key: str, faults: list[tuple[str, str]]) -> str:
    value = document.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    faults.append((key, "must be text, and was left out"))
    return ""


def _texts(document: Mapping[str, Any], key: str, faults: list[tuple[str, str]]) -> tuple[str, ...]:
    value = document.get(key)
    if value is None:
        return ()
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str | int) for text in texts):
        faults.append((key, "must be text or a list of texts; other parts were left out"))
    return tuple(str(text).strip() for text in texts if isinstance(text, str | int) and not isinstance(text, bool))
