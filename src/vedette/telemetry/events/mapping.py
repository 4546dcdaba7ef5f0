"""Maps: which column of somebody's export is which field of Sigma, said in a file of TOML or YAML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from vedette.errors import UsageError
from vedette.event import LogSource
from vedette.event.view import Reading
from vedette.predicate import Value
from vedette.telemetry.events.instant import Form, instant
from vedette.telemetry.events.kind import Kind
from vedette.telemetry.events.plain import Plain
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.events.rows import Row
from vedette.telemetry.events.value import MAX_FIELDS, flat, text, value_of

_MOST: Final = 1 << 20
#: Fields whose parts are arguments, joined by one blank as the law says of argv.
_ARGUMENTS: Final = frozenset({"CommandLine", "ParentCommandLine"})
Columns = str | tuple[str, ...]


class TimeColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the time stands.

    Attributes:
        column: its column, or several of which the first that is filled counts.
        format: how it is written.
    """

    column: Columns
    format: Form = "auto"


class EventMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rows of one log source.

    Attributes:
        product: as in Sigma's `logsource`, and so on.
        category: the same.
        service: the same.
        when: column to the values of which it must have one; every column must.
        fields: Sigma's field to its column, or several of which the first that is filled counts.
        constants: Sigma's field to a text that is the same in every row.
        image: which path `Image` and `ParentImage` hold, if that is known.
    """

    product: str = ""
    category: str = ""
    service: str = ""
    when: dict[str, Columns] = {}
    fields: dict[str, Columns] = {}
    constants: dict[str, str] = {}
    image: Reading | None = None


class Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole map.

    Attributes:
        time: where the time stands.
        events: the log sources; a row is an event of the first whose `when` it meets.
        host: column of the host's name, or several.
        title: what the export is, for messages.
    """

    time: TimeColumn
    events: tuple[EventMap, ...]
    host: Columns = ()
    title: str = "the export"


def read_map(path: str) -> Map:
    """Read a map.

    Raises:
        UsageError: it can't be read, or is none; the message names the line and what to do.
    """
    try:
        data = Path(path).read_bytes()[: _MOST + 1]
    except OSError as error:
        raise UsageError(f"{path}: the map can't be read: {error.strerror}; check the name") from error
    if len(data) > _MOST:
        raise UsageError(f"{path}: a map is no larger than {_MOST >> 20} MiB; name the map, not the log")
    try:
        told = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}:{line}: the map is no UTF-8; save it as such") from error
    tree = _parsed(path, told)
    return checked(tree, path, told)


def _parsed(path: str, told: str) -> Any:
    if path.lower().endswith((".yml", ".yaml")):
        try:
            return yaml.load(told, yaml.CSafeLoader)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = mark.line + 1 if mark is not None else 1
            cause = getattr(error, "problem", None) or "it is no YAML"
            raise UsageError(f"{path}:{line}: {cause}; correct the YAML") from error
        except RecursionError:
            raise UsageError(f"{path}: the map nests too deep; a map has three levels") from None
    try:
        return tomllib.loads(told)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) if found else told.count("\n") + 1
        raise UsageError(f"{path}:{line}: {str(error).split(' (at')[0]}; correct the TOML") from error
    except RecursionError:
        raise UsageError(f"{path}: the map nests too deep; a map has three levels") from None


def checked(tree: Any, path: str, told: str) -> Map:
    """A map from its tree.

    Args:
        tree: as parsed.
        path: the file, for messages.
        told: its text, in which the line of a fault is looked for.

    Raises:
        UsageError: it is no map.
    """
    try:
        found = msgspec.convert(tree, Map)
    except msgspec.ValidationError as error:
        cause, place = [*str(error).split(" - at ", 1), ""][:2]
        name = (re.findall(r"`([A-Za-z0-9_.@-]+)`", cause) or re.findall(r"([A-Za-z0-9_@-]+)", place) or [""])[-1]
        remedy = "a map has `time`, `events`, `host` and `title`; docs/formats/map.md has an example"
        raise UsageError(f"{path}:{_line(told, name)}: {cause} {place.strip()}; {remedy}".replace("  ", " ")) from error
    if not found.events:
        raise UsageError(f"{path}:{_line(told, 'events')}: no events are mapped; add one `[[events]]`")
    for one in found.events:
        if not (one.product or one.category or one.service):
            line = _line(told, "events")
            raise UsageError(f"{path}:{line}: events have no log source; state product, category or service")
        if not one.fields:
            line = _line(told, one.category or one.service or one.product)
            raise UsageError(f"{path}:{line}: events have no fields; map at least one column")
    return found


def _line(told: str, name: str) -> int:
    """The line on which a key or value first stands, or 1."""
    match = re.search(rf"^.*(?<![\w.]){re.escape(name)}(?![\w.]).*$", told, re.MULTILINE) if name else None
    return told.count("\n", 0, match.start()) + 1 if match else 1


class MapMapper:
    """Rows as events, by a map.

    Args:
        plan: the map.

    Attributes:
        unmapped: columns that hold something and no field is filled from.
        empty: mapped columns that no row has had so far.
    """

    def __init__(self, plan: Map) -> None:
        self._plan = plan
        self._kinds = tuple(_kind(plan, one) for one in plan.events)
        self._used = frozenset(
            name for one in plan.events for columns in (*one.fields.values(), *one.when) for name in _listed(columns)
        ) | {*_listed(plan.time.column), *_listed(plan.host)}
        self.unmapped: dict[str, None] = {}
        self.empty = set(self._used)

    def plains(self, row: Row, file: str, before: float, rejects: Rejects) -> list[Plain]:
        """The event of a row; none where no log source of the map takes it."""
        values: dict[str, Any] = {}
        for name, value in flat(row.values):
            if value not in (None, "", []):
                values[name] = value
                if len(values) >= MAX_FIELDS:
                    rejects.add("too-many-fields", file, row.line)
                    break
        self.empty.difference_update(values)
        if not self._used.issuperset(values) and len(self.unmapped) < MAX_FIELDS:
            self.unmapped.update(dict.fromkeys(name for name in values if name not in self._used))
        pairs = zip(self._plan.events, self._kinds, strict=True)
        met = next((pair for pair in pairs if _takes(pair[0], values)), None)
        if met is None:
            rejects.add("row-of-no-mapped-event", file, row.line)
            return []
        one, kind = met
        told = _first(values, self._plan.time.column)
        time = instant(told, self._plan.time.format)
        if time is None:
            rejects.add("without-time", file, row.line)
        filled: dict[str, Value] = dict(one.constants)
        for field, columns in one.fields.items():
            value = _first(values, columns)
            if isinstance(value, list) and field in _ARGUMENTS:
                value = " ".join(map(text, value))
            typed = value_of(field, value)
            if typed != "":
                filled[field] = typed
        rest = {name: text(value) for name, value in values.items()}
        host = text(_first(values, self._plan.host))
        return [Plain(kind, before if time is None else time, host, filled, rest, row.offset, row.line, row.raw)]


def _kind(plan: Map, one: EventMap) -> Kind:
    source = LogSource(one.product.lower(), one.category.lower(), one.service.lower())
    return Kind(source, (), frozenset({*one.fields, *one.constants}), one.image, plan.title)


def _listed(columns: str | Sequence[str]) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _first(values: Mapping[str, Any], columns: str | Sequence[str]) -> Any:
    return next((values[name] for name in _listed(columns) if name in values), "")


def _takes(one: EventMap, values: Mapping[str, Any]) -> bool:
    """Whether a row is an event of a log source of the map."""
    return all(_meets(values.get(column), wanted) for column, wanted in one.when.items())


def _meets(value: Any, wanted: str | Sequence[str]) -> bool:
    """Whether a value, or one of a list, is one of those wanted, whatever the case."""
    told = {text(one).lower() for one in (value if isinstance(value, list) else [value])}
    return any(one.lower() in told for one in _listed(wanted))
