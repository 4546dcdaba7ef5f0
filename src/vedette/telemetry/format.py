"""Formats of logs, told by what a log holds and never by its name."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal, TypeAlias

import msgspec

#: Bytes of a log that its format is told by.
HEAD: Final = 1 << 18

Family: TypeAlias = Literal["audit", "events"]


class Format(msgspec.Struct, frozen=True):
    """One format.

    Attributes:
        name: as `--input-format` and `LogFile.format` have it.
        family: `audit`: it carries audit records, which the audit reader reads; `events`: it holds events that are made
            already.
        title: in words.
    """

    name: str
    family: Family
    title: str


class _Home(msgspec.Struct, frozen=True):
    """Where a format is known; imported when it is needed.

    Attributes:
        recognise: `module:function` of `(head: bytes) -> bool`.
        first: `module:function` of `(head: bytes) -> tuple[str, float] | None`: host and UTC epoch seconds of the first
            record or event, or None if that can't be told.
    """

    recognise: str
    first: str


#: Every format, in the order in which content is held against them: the first that fits is it. The specific ones come
#: before what holds anything (syslog, NDJSON, CSV).
FORMATS: Final[dict[str, Format]] = {
    one.name: one
    for one in (
        Format("evtx", "events", "Windows event log (EVTX)"),
        Format("parquet", "events", "Parquet"),
        Format("journal", "audit", "journald export or JSON with audit records"),
        Format("laurel", "audit", "LAUREL JSON lines"),
        Format("evtx-json", "events", "Windows events as JSON"),
        Format("auditbeat", "events", "Auditbeat NDJSON (ECS)"),
        Format("defender", "events", "Microsoft Defender export"),
        Format("asim", "events", "ASIM export"),
        Format("auditd", "audit", "audit log of auditd"),
        Format("syslog", "audit", "syslog with audit records"),
        Format("sysmon-linux", "events", "Sysmon for Linux in syslog"),
        Format("ndjson", "events", "NDJSON"),
        Format("csv", "events", "CSV"),
    )
}

_TABULAR: Final = "vedette.telemetry.events.tabular"
_HOMES: Final[dict[str, _Home]] = {
    "auditd": _Home("vedette.telemetry.carrier.plain:recognise", "vedette.telemetry.carrier.plain:first_record"),
    "journal": _Home("vedette.telemetry.carrier.journal:recognise", "vedette.telemetry.carrier.journal:first_record"),
    "laurel": _Home("vedette.telemetry.carrier.laurel:recognise", "vedette.telemetry.carrier.laurel:first_record"),
    "syslog": _Home("vedette.telemetry.carrier.syslog:recognise", "vedette.telemetry.carrier.syslog:first_record"),
    # Each format of the family `events` gets its line here, with the functions in its own module.
    "evtx": _Home("vedette.telemetry.events.evtx:recognise", "vedette.telemetry.events.evtx:first_record"),
    "auditbeat": _Home(f"{_TABULAR}:recognise_auditbeat", f"{_TABULAR}:first_auditbeat"),
    "defender": _Home(f"{_TABULAR}:recognise_defender", f"{_TABULAR}:first_table"),
    "asim": _Home(f"{_TABULAR}:recognise_asim", f"{_TABULAR}:first_table"),
    "parquet": _Home(f"{_TABULAR}:recognise_parquet", f"{_TABULAR}:first_unknown"),
    "ndjson": _Home(f"{_TABULAR}:recognise_ndjson", f"{_TABULAR}:first_unknown"),
    "csv": _Home(f"{_TABULAR}:recognise_csv", f"{_TABULAR}:first_unknown"),
    "sysmon-linux": _Home(
        "vedette.telemetry.events.sysmon_linux:recognise", "vedette.telemetry.events.sysmon_linux:first_record"
    ),
    "evtx-json": _Home(
        "vedette.telemetry.events.evtx:recognise_json", "vedette.telemetry.events.evtx:first_record_json"
    ),
}

#: Formats that one file may hold side by side, line by line; it is read once as each of them.
_BESIDE: Final[dict[str, tuple[str, ...]]] = {"syslog": ("sysmon-linux",), "journal": ("sysmon-linux",)}


def detect(head: bytes) -> Format | None:
    """The format of a log, or None if it is none of them.

    Args:
        head: what the log begins with, decompressed; about 256 KiB. Its last line may be cut.
    """
    if _recognises("auditd", head[: head.find(b"\n") + 1]):
        return FORMATS["auditd"]
    for name, form in FORMATS.items():
        if name in _HOMES and _recognises(name, head) and not (name == "auditd" and _is_table(head)):
            return form
    return None


def detect_all(head: bytes) -> tuple[Format, ...]:
    """All formats that a log is to be read as: two where syslog or a journal carries Sysmon's events beside records.

    Args:
        head: as for `detect`.
    """
    first = detect(head)
    if first is None:
        return ()
    beside = (name for name in _BESIDE.get(first.name, ()) if name in _HOMES and _recognises(name, head))
    return (first, *(FORMATS[name] for name in beside))


def first_record(name: str, head: bytes) -> tuple[str, float] | None:
    """Host and UTC epoch seconds of the first record or event, or None if the head doesn't tell.

    Args:
        name: the format.
        head: as for `detect`.
    """
    home = _HOMES.get(name)
    if home is None:
        return None
    found: tuple[str, float] | None = _load(home.first)(head)
    return found


def opened(chunks: Iterable[bytes], name: str = "") -> tuple[Format | None, Iterator[bytes]]:
    """The format of a stream that can be read only once, and all of its chunks.

    Args:
        chunks: the decompressed content.
        name: the format, where it is known already.
    """
    if name:
        return FORMATS[name], iter(chunks)
    chunks = iter(chunks)
    first = next(chunks, b"")
    found = detect(first[:HEAD])
    if found is None and b"audit(" in first:
        found = detect(first)  # a syslog whose first audit record comes late
    return found, itertools.chain((first,) if first else (), chunks)


def _is_table(head: bytes) -> bool:
    """Whether lines that look like audit records are text of a table's cells, which may hold newlines of anybody's."""
    return _recognises("ndjson", head) or _recognises("csv", head)


def _recognises(name: str, head: bytes) -> bool:
    return bool(_load(_HOMES[name].recognise)(head))


def _load(place: str) -> Callable[[bytes], Any]:
    module, _, function = place.partition(":")
    loaded: Callable[[bytes], Any] = getattr(importlib.import_module(module), function)
    return loaded
