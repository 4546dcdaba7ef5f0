"""Windows events as plain events: from the form in which an exporter wrote them to Sigma's log sources and fields.

Five forms are read: the tree of the event's XML as JSON (`Event`, `System`, `EventData`, attributes beside or below),
the same without `Event` as Velociraptor writes it, Winlogbeat's, and flat objects as NXLog writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from vedette.predicate import Value
from vedette.telemetry.events.instant import instant
from vedette.telemetry.events.plain import Plain
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.events.value import TYPED, flat, text, value_of
from vedette.telemetry.events.windows_kind import SYSTEM, kinds_of, service_of

#: More fields of one event than this are not kept.
_MOST_FIELDS: Final = 1024
#: Names that flat exports give what belongs to the event itself.
_FLAT: Final[Mapping[str, tuple[str, ...]]] = {
    "Provider_Name": ("Provider_Name", "ProviderName", "SourceName", "Provider"),
    "EventID": ("EventID", "EventId", "event_id", "Id"),
    "Channel": ("Channel", "LogName"),
    "Computer": ("Computer", "Hostname", "MachineName", "ComputerName", "host"),
    "EventRecordID": ("EventRecordID", "RecordNumber", "RecordId"),
    "TimeCreated": ("TimeCreated", "SystemTime", "UtcTime", "EventTime", "@timestamp"),
}
#: What names begin with that are no fields; the empty one as well.
_MARKS: Final = ("#", "@", "x", "")
_DATA: Final = frozenset({"EventData", "UserData", "ProcessingErrorData"})


class Said(msgspec.Struct):
    """What a Windows event says.

    Attributes:
        system: `Provider_Name`, `EventID`, `Channel`, `Computer` and what else its system part holds.
        data: its own fields.
        time: as written, or None.
    """

    system: dict[str, Any]
    data: dict[str, Any]
    time: Any


def plains(said: Said, offset: int, line: int, raw: bytes, before: float) -> Iterator[Plain]:
    """The events that one record stands for, in Sigma's fields.

    Args:
        said: the record.
        offset: where it begins.
        line: its line, where it has no number of its own.
        raw: its text.
        before: the time of the record before, for one without.
    """
    values: dict[str, Value] = {}
    for part in (said.system, said.data):
        for name, value in part.items():
            if value is None or value == "":
                continue
            if type(value) is str and name not in TYPED:
                values[name] = value
            elif (typed := value_of(name, value)) != "":
                values[name] = typed
    moment = instant(said.time)
    time = before if moment is None else moment
    host = text(values.get("Computer", ""))
    own = said.system.get("EventRecordID")
    number = own if isinstance(own, int) and 0 < own < 1 << 63 else line
    service = service_of(text(said.system.get("Channel", "")), text(said.system.get("Provider_Name", "")))
    for kind, read in kinds_of(service, values.get("EventID", ""), text(values.get("EventType", ""))):
        if read is None:
            yield Plain(kind, time, host, values, {}, offset, number, raw)
        else:
            mapped = {name: value_of(name, value) for name, value in read(values).items() if value != ""}
            mapped |= {name: values[name] for name in SYSTEM if name in values}
            yield Plain(kind, time, host, mapped, values, offset, number, raw)


def read_object(tree: Mapping[str, Any], file: str, line: int, rejects: Rejects) -> Said | None:
    """What one object of an export says; what is no Windows event is counted."""
    said = said_of(tree)
    if said is None:
        rejects.add("no-windows-event", file, line)
        return None
    if instant(said.time) is None:
        # It is hunted all the same, at the time of the record before.
        rejects.add("without-time", file, line)
    if len(said.data) > _MOST_FIELDS:
        rejects.add("too-many-fields", file, line)
        said.data = dict(list(said.data.items())[:_MOST_FIELDS])
    return said


def said_of(tree: Mapping[str, Any]) -> Said | None:
    """What an object says, whatever the form; None if it is no Windows event."""
    event = tree.get("Event")
    if isinstance(event, dict) and isinstance(event.get("System"), dict):
        return _tree(event)
    if isinstance(tree.get("System"), dict):
        return _tree(tree)
    beat = tree.get("winlog")
    if isinstance(beat, dict):
        return _winlogbeat(tree, beat)
    if any(name in tree for name in _FLAT["EventID"]) and any(
        name in tree for name in (*_FLAT["Channel"], *_FLAT["Provider_Name"])
    ):
        return _flat(tree)
    return None


def _tree(event: Mapping[str, Any]) -> Said:
    system = event["System"]
    named: dict[str, Any] = {}
    time: Any = None
    for name, value in system.items():
        if name in ("Provider", "Provider_attributes"):
            named["Provider_Name"] = _attribute(value, "Name") or named.get("Provider_Name", "")
        elif name in ("TimeCreated", "TimeCreated_attributes"):
            time = _attribute(value, "SystemTime") or time
        elif name in ("Security", "Security_attributes"):
            named["UserID"] = _attribute(value, "UserID") or named.get("UserID", "")
        elif name.endswith("_attributes") or name in ("Execution", "Correlation"):
            continue
        else:
            named[name] = _content(value)
    data: dict[str, Any] = {}
    for name in _DATA:
        part = event.get(name)
        if isinstance(part, dict):
            _collect(part, data, 4)
        elif part is not None:
            data["Data"] = _content(part)
    return Said(named, data, time if time is not None else data.get("UtcTime"))


def _attribute(value: Any, name: str) -> Any:
    """An attribute of an element, wherever the exporter put it."""
    if not isinstance(value, dict):
        return value if isinstance(value, str | int | float) else None
    below = value.get("#attributes")
    if isinstance(below, dict):
        value = below
    return value.get(name, value.get(f"@{name}"))


def _content(value: Any) -> Any:
    """The text of an element that may have attributes."""
    if isinstance(value, dict):
        return value.get("#text", value.get("Value", value.get("_", "")))
    return value


def _collect(part: Mapping[str, Any], data: dict[str, Any], depth: int) -> None:
    """The fields of an event's data; elements of user data are opened, and fields named twice are joined."""
    for name, value in part.items():
        # Nearly all fields are a name and a text.
        if type(value) is str and name not in data and " " not in name and name[:1] not in _MARKS:
            data[name] = value
            continue
        if name in ("#attributes", "xmlns", "@xmlns") or name.endswith("_attributes"):
            continue
        if isinstance(value, list) and value and all(isinstance(one, dict) and "#text" in one for one in value):
            _named_list(value, data)
            continue
        if isinstance(value, dict) and "#text" not in value and depth:
            _collect(value, data, depth - 1)
            continue
        value = _content(value)
        # Sigma's names have no blanks: `Threat Name` of Defender's events is ThreatName.
        name = name.replace(" ", "")
        known = data.get(name, "")
        data[name] = value if known in ("", None) else f"{text(known)}\n{text(value)}"


def _named_list(items: list[dict[str, Any]], data: dict[str, Any]) -> None:
    """`Data` as a list of elements, each with its name as an attribute."""
    for one in items:
        name = text(_attribute(one, "Name") or "Data").replace(" ", "")
        known = data.get(name, "")
        data[name] = one["#text"] if known == "" else f"{text(known)}\n{text(one['#text'])}"


def _winlogbeat(tree: Mapping[str, Any], beat: Mapping[str, Any]) -> Said:
    system = {
        "Provider_Name": beat.get("provider_name", ""),
        "EventID": beat.get("event_id", ""),
        "Channel": beat.get("channel", ""),
        "Computer": beat.get("computer_name", ""),
        "EventRecordID": beat.get("record_id", ""),
    }
    data: dict[str, Any] = {}
    for part in ("event_data", "user_data"):
        if isinstance(beat.get(part), dict):
            for name, value in beat[part].items():
                # Winlogbeat numbers what has no name; Sigma's rules ask for all of it as `Data`.
                if name.startswith("param") and name[5:].isdigit():
                    value = "\n".join(filter(None, (text(data.get("Data")), text(value))))
                    name = "Data"
                data[name.replace(" ", "")] = value
    return Said(system, data, tree.get("@timestamp") or data.get("UtcTime"))


def _flat(tree: Mapping[str, Any]) -> Said:
    system: dict[str, Any] = {}
    taken: set[str] = set()
    for name, spellings in _FLAT.items():
        found = next((spelling for spelling in spellings if tree.get(spelling) not in (None, "")), None)
        if found is not None:
            system[name] = _content(tree[found])
            taken.add(found)
    time = system.pop("TimeCreated", None)
    data = {name: value for name, value in flat(tree) if name not in taken or name == "UtcTime"}
    return Said(system, data, time)
