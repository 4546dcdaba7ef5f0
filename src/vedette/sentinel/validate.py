"""Content held against the limits: every fault of a document, with the way to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from vedette.sentinel.duration import minutes, written
from vedette.sentinel.limits import Entity, Kind, Limit, read_limits
from vedette.sentinel.technique import read_attack
from vedette.sentinel.walk import absent, values
from vedette.sigma.documents import Path

#: Keys that an analytics rule has and a hunting query lacks.
_ANALYTICS: Final = frozenset(
    {"kind", "severity", "queryFrequency", "queryPeriod", "triggerOperator", "triggerThreshold"}
)
_PLACEHOLDER: Final = re.compile(r"\{\{[^{}]*\}\}")
_SHOWN: Final = 80

#: A message and the way to what it is about.
Found = tuple[Path, str]


def kind_of(content: Mapping[str, Any]) -> Kind:
    """What a document is: an analytics rule if any key says so, else a hunting query."""
    if content.get("kind") == "NRT":
        return "NRT"
    return "Scheduled" if _ANALYTICS & content.keys() else "Hunting"


def validate(
    content: Mapping[str, Any], *, name: str = "", columns: Collection[str] | None = None
) -> Iterator[tuple[Limit, Path, str]]:
    """Each fault of a document: the limit, the way to the place, and what is wrong there, in one line.

    Args:
        content: as read.
        name: the file's name; empty where it is no file.
        columns: those of the query's result; None where they are not known, and then they are not tested.
    """
    kind = kind_of(content)
    for limit in read_limits().limits:
        if kind in limit.kinds:
            for path, message in _faults(limit, content, name, columns):
                yield limit, path, message


def _faults(limit: Limit, content: Mapping[str, Any], name: str, columns: Collection[str] | None) -> Iterator[Found]:
    match limit.test:
        case "required":
            yield from ((path, f"{_told(path)} is missing") for path in absent(content, limit.field))
        case "file-ending":
            if name and not name.endswith(limit.allowed):
                yield (), f"the file's name ends in none of: {', '.join(limit.allowed)}"
        case "column":
            if columns is not None:
                for path, value in _texts(content, limit.field):
                    if value not in columns:
                        yield path, f"{_told(path)}: the query's result has no column {_shown(value)}"
        case "unique":
            pass  # of several files; see `vedette.sentinel.check`
        case _:
            test = _TESTS[limit.test]
            for path, value in values(content, limit.field):
                yield from (
                    (path + deeper, f"{_told(path)} {message}") for deeper, message in test(limit, value, content)
                )


def _texts(content: Mapping[str, Any], field: str) -> Iterator[tuple[Path, str]]:
    return ((path, value) for path, value in values(content, field) if isinstance(value, str))


def _type(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    types = {"text": str | int, "list": list, "map": dict}
    if not isinstance(value, types[limit.type]):
        yield (), f"must be a {limit.type}"


def _length(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    text = _text(value)
    if text is None:
        yield (), "must be text"
    elif not limit.least <= len(text) <= limit.most:
        yield (), f"has {len(text):,} characters; allowed are {limit.least:,} to {limit.most:,}"


def _pattern(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    text = _text(value)
    if text is None or not re.fullmatch(limit.pattern, text):
        yield (), f"is {_shown(value)}; it must be {limit.hint}"


def _allowed(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    if value not in limit.allowed:
        yield (), f"is {_shown(value)}; allowed are {', '.join(limit.allowed)}"


def _count(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    if isinstance(value, list | dict) and not limit.least <= len(value) <= limit.most:
        yield (), f"has {len(value):,} entries; allowed are {limit.least:,} to {limit.most:,}"


def _range(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    number = _number(value)
    if number is None:
        yield (), f"is {_shown(value)}; it must be a whole number"
    elif not limit.least <= number <= limit.most:
        yield (), f"is {number:,}; allowed are {limit.least:,} to {limit.most:,}"


def _duration(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    span = minutes(value) if isinstance(value, str) else None
    if span is None:
        yield (), f"is {_shown(value)}; write a number and m, h or d, as 5m, 1h or 14d"
    elif not limit.least <= span <= limit.most:
        yield (), f"is {_shown(value)}; allowed are {written(limit.least)} to {written(limit.most)}"


def _covers(_: Limit, value: Any, content: Mapping[str, Any]) -> Iterator[Found]:
    period, frequency = _span(value), _span(content.get("queryFrequency"))
    if period is not None and frequency is not None and period < frequency:
        yield (), f"is {value}, less than queryFrequency, {content['queryFrequency']}: what lies between is never seen"


def _long_period(limit: Limit, value: Any, content: Mapping[str, Any]) -> Iterator[Found]:
    frequency, period = _span(value), _span(content.get("queryPeriod"))
    if period is not None and frequency is not None and period >= limit.most and frequency < limit.least:
        yield (
            (),
            (
                f"is {value}; a rule that looks back by {written(limit.most)} or more, as this one by "
                f"{content['queryPeriod']}, runs at most every {written(limit.least)}"
            ),
        )


def _technique_known(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    del limit
    attack = read_attack()
    text = _text(value) or ""
    if re.fullmatch(r"T[0-9]{4}(?:\.[0-9]{3})?", text) and not attack.of(text):
        former = attack.known(text)
        yield (), f"is {text}, which the tests don't know" + (f"; they know it as {former}" if former else "")


def _technique_tactics(_: Limit, value: Any, content: Mapping[str, Any]) -> Iterator[Found]:
    tactics = content.get("tactics")
    listed = tactics if isinstance(tactics, list) else []
    missing = [tactic for tactic in read_attack().of(_text(value) or "") if tactic not in listed]
    if missing:
        yield (), f"is {_text(value)}, whose tactics must all be listed; missing: {', '.join(missing)}"


def _entity_type(_: Limit, value: Any, __: Mapping[str, Any]) -> Iterator[Found]:
    known = read_limits().entities
    if not isinstance(value, str) or value not in known:
        yield (), f"is {_shown(value)}; allowed are {', '.join(known)}"


def _identifiers(_: Limit, value: Any, __: Mapping[str, Any]) -> Iterator[Found]:
    entity = _entity(value)
    for path, identifier in _texts({"entity": value}, "entity.fieldMappings[].identifier"):
        if entity is not None and identifier not in entity.identifiers:
            has = ", ".join(entity.identifiers)
            yield path[1:], f"maps {_shown(identifier)}, which {value['entityType']} lacks; it has {has}"


def _identifiers_unique(_: Limit, value: Any, __: Mapping[str, Any]) -> Iterator[Found]:
    seen: set[str] = set()
    for path, identifier in _texts({"entity": value}, "entity.fieldMappings[].identifier"):
        if identifier in seen:
            yield path[1:], f"maps {_shown(identifier)} twice"
        seen.add(identifier)


def _identifiers_required(_: Limit, value: Any, __: Mapping[str, Any]) -> Iterator[Found]:
    entity = _entity(value)
    mapped = {identifier for _, identifier in _texts({"entity": value}, "entity.fieldMappings[].identifier")}
    if entity is not None and not any(mapped.issuperset(one) for one in entity.required):
        sets = " or ".join(" and ".join(one) for one in entity.required)
        yield (), f"lacks what tells a {value['entityType']} apart: {sets}"


def _placeholders(limit: Limit, value: Any, _: Mapping[str, Any]) -> Iterator[Found]:
    count = len(_PLACEHOLDER.findall(value)) if isinstance(value, str) else 0
    if count > limit.most:
        yield (), f"has {count:,} columns in it; allowed are {limit.most:,}"


def _old_column(limit: Limit, value: Any, content: Mapping[str, Any]) -> Iterator[Found]:
    mapped = {name for _, name in _texts(content, "entityMappings[].fieldMappings[].columnName")}
    for column in limit.allowed:
        if isinstance(value, str) and column in value and column not in mapped:
            yield (), f"names {column}, a column of the old way of mapping entities, and no entity mapping has it"


_TESTS: Final[Mapping[str, Callable[[Limit, Any, Mapping[str, Any]], Iterator[Found]]]] = {
    "type": _type,
    "length": _length,
    "pattern": _pattern,
    "allowed": _allowed,
    "count": _count,
    "range": _range,
    "duration": _duration,
    "covers": _covers,
    "long-period": _long_period,
    "technique-known": _technique_known,
    "technique-tactics": _technique_tactics,
    "entity-type": _entity_type,
    "identifiers": _identifiers,
    "identifiers-unique": _identifiers_unique,
    "identifiers-required": _identifiers_required,
    "placeholders": _placeholders,
    "old-column": _old_column,
}


def _entity(value: Any) -> Entity | None:
    kind = value.get("entityType") if isinstance(value, dict) else None
    return read_limits().entities.get(kind) if isinstance(kind, str) else None


def _span(value: Any) -> int | None:
    return minutes(value) if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value) else None


def _text(value: Any) -> str | None:
    """A scalar as the text that it is to readers that know no types."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) else None


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a map"
    return ascii(value if len(str(value)) <= _SHOWN else f"{str(value)[:_SHOWN]}...")


def _told(path: Path) -> str:
    """A way in words: `entityMappings[0].entityType`."""
    told = ""
    for step in path:
        told += f"[{step}]" if isinstance(step, int) else f".{step}" if told else str(step)
    shown = "".join(letter if letter.isprintable() else "?" for letter in told[:200])
    return f"`{shown or 'the document'}`"
