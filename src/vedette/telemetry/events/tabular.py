"""Exports in rows: Defender's and ASIM's tables, auditbeat, and whatever a map explains."""

from __future__ import annotations

import functools
import itertools
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol

from vedette.errors import Location, TelemetryError
from vedette.telemetry.events.evtx import first_object
from vedette.telemetry.events.instant import instant
from vedette.telemetry.events.mapping import Map, MapMapper, checked
from vedette.telemetry.events.plain import Plain
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.events.rows import PARQUET, Row, columns_of, rows, sort_of
from vedette.telemetry.events.table import TableMapper, table_of, unwrapped
from vedette.telemetry.events.value import flat, text


class Mapper(Protocol):
    """Makes events of rows."""

    def plains(self, row: Row, file: str, before: float, rejects: Rejects) -> list[Plain]:
        """The events of a row."""


@functools.cache
def auditbeat_map() -> Map:
    """The map of auditbeat's events."""
    path = Path(__file__).parent / "auditbeat.toml"
    told = path.read_text("utf-8")
    return checked(tomllib.loads(told), path.name, told)


def read(chunks: Iterable[bytes], file: str, rejects: Rejects) -> Iterator[list[Plain]]:
    """The events of a table's export, or of auditbeat.

    Raises:
        TelemetryError: its rows are of no table that is known.
    """
    yield from _read(chunks, file, rejects, None)


def read_mapped(chunks: Iterable[bytes], file: str, rejects: Rejects, mapper: Mapper) -> Iterator[list[Plain]]:
    """The events of an export that a map explains."""
    yield from _read(chunks, file, rejects, mapper)


def _read(chunks: Iterable[bytes], file: str, rejects: Rejects, mapper: Mapper | None) -> Iterator[list[Plain]]:
    time = 0.0
    for some in rows(chunks, file, rejects):
        found: list[Plain] = []
        for row in some:
            if mapper is None:
                mapper = mapper_of(row.values, file)
            for plain in mapper.plains(row, file, time, rejects):
                time = plain.time
                found.append(plain)
        yield found


def mapper_of(values: dict[str, Any], file: str) -> Mapper:
    """What makes events of rows like this one.

    Raises:
        TelemetryError: nothing that is known.
    """
    if table_of(values) is not None:
        return TableMapper()
    if _is_auditbeat(values):
        return MapMapper(auditbeat_map())
    names = ", ".join(list(values)[:8])
    raise TelemetryError(
        f"its rows are of no table that is known; it has {names}",
        Location(file),
        remedy="say with --map which column is which field; docs/formats/map.md has an example",
        code="needs-map",
    )


def _is_auditbeat(values: dict[str, Any]) -> bool:
    told = dict(itertools.islice(flat(values), 4_096))
    if any(told.get(name) == "auditbeat" for name in ("agent.type", "@metadata.beat", "beat.name")):
        return True
    return told.get("service.type") == "auditd" or any(name.startswith("auditd.") for name in told)


def _head(head: bytes) -> dict[str, Any]:
    """Columns of a file's first row, with their values where it is JSON."""
    if head.startswith(PARQUET):
        return {}
    if sort_of(head) == "json":
        return first_object(head) or {}
    return dict.fromkeys(columns_of(head), "")


def recognise_defender(head: bytes) -> bool:
    """Whether a file begins with a row of a table of Defender's."""
    table = table_of(_head(head))
    return table is not None and table.format == "defender"


def recognise_asim(head: bytes) -> bool:
    """Whether a file begins with a row of a table of ASIM's."""
    table = table_of(_head(head))
    return table is not None and table.format == "asim"


def recognise_auditbeat(head: bytes) -> bool:
    """Whether a file begins with an event of auditbeat."""
    return sort_of(head) == "json" and _is_auditbeat(_head(head))


def recognise_parquet(head: bytes) -> bool:
    """Whether a file is Parquet."""
    return head.startswith(PARQUET)


def recognise_ndjson(head: bytes) -> bool:
    """Whether a file begins with a JSON object."""
    return first_object(head) is not None


def recognise_csv(head: bytes) -> bool:
    """Whether a file begins with what may be a header of CSV: several names, none twice."""
    if sort_of(head) != "csv" or head.startswith(PARQUET):
        return False
    names = columns_of(head)
    return len(names) > 1 and len(set(names)) == len(names) and all(_is_name(name) for name in names)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 128 and name.isprintable() and not name[0].isdigit() and "=" not in name


def first_table(head: bytes) -> tuple[str, float] | None:
    """Host and time of the first row of a table."""
    row = next((row for some in rows([head], "", Rejects()) for row in some), None)
    table = None if row is None else table_of(row.values)
    if row is None or table is None:
        return None
    values, _ = unwrapped(row.values)
    for name in table.time:
        told = values.get(name)
        time = instant(told)
        if time is not None:
            return text(values.get(table.host)), time
    return None


def first_auditbeat(head: bytes) -> tuple[str, float] | None:
    """Host and time of the first event of auditbeat."""
    values = first_object(head) or {}
    time, host = instant(text(values.get("@timestamp"))), values.get("host")
    name = host.get("name", host.get("hostname")) if isinstance(host, dict) else host
    return None if time is None else (text(name), time)


def first_unknown(head: bytes) -> tuple[str, float] | None:  # noqa: ARG001 (every format has one)
    """Only a map tells where host and time stand."""
    return None


#: Names of formats whose columns only a map explains.
NEEDS_MAP: Final = frozenset({"ndjson", "csv", "parquet"})
