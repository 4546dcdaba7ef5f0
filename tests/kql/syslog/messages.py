"""Messages of the Syslog table, what the law says of them, and what somebody else's engine reads out of them."""

from __future__ import annotations

import gzip
import importlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_plus

from tests.kql.oracle import Rows, readable

from vedette.kql import Table, read_target
from vedette.kql.syslog import columns_of
from vedette.predicate import Value
from vedette.telemetry.auditd.accounts import Accounts
from vedette.telemetry.auditd.record import Record, parse_record, split_fields
from vedette.telemetry.auditd.records import RAW, record_values
from vedette.telemetry.auditd.value import is_encoded, unhex

EVIDENCE: Final = Path(__file__).resolve().parents[3] / "src/vedette/packs/linux-firewall/evidence"
TYPES: Final = dict.fromkeys(
    ("SyslogMessage", "ProcessName", "Facility", "SeverityLevel", "Computer", "HostName"), "string"
) | {"TimeGenerated": "datetime"}


def table(category: str = "", service: str = "") -> Table:
    """One of the target's tables."""
    tables = read_target("syslog").tables
    return next(one for one in tables if (one.category, one.service) == (category, service))


def rows(messages: Iterable[str], **columns: Value) -> Rows:
    """Messages in the table, with the same other columns for all."""
    held = Rows("Syslog", TYPES, [{"SyslogMessage": message, **columns} for message in messages])
    # The one function that the engine lacks, by what Microsoft's page says of it.
    functions = importlib.import_module("duckdb_kql.translate.functions")
    spec = functions.FunctionSpec("url_decode", "native", "our_url_decode({0})", (1,))
    functions.SCALAR_FUNCTIONS.setdefault("url_decode", spec)
    held.connection.create_function("our_url_decode", _url_decode, ["VARCHAR"], "VARCHAR")
    return held


def _url_decode(text: str) -> str:
    return unquote_plus(text, errors="replace")


def read(messages: Sequence[str], fields: Sequence[str], source: Table) -> list[dict[str, Value]]:
    """What the engine reads of each message: field to value, empty ones left out."""
    columns = columns_of(source, "linux")
    computed: dict[str, str] = {}
    for field in fields:
        computed.update(columns[field].after)
        computed[columns[field].column] = columns[field].expression
    lines = ["Syslog", *(f"| extend {name} = {expression}" for name, expression in computed.items())]
    lines.append(f"| project RowId, {', '.join(dict.fromkeys(columns[field].column for field in fields))}")
    held = rows(messages)
    answer = held.module.kql(held.connection, readable("\n".join(lines), set())).fetchall()
    names = list(dict.fromkeys(columns[field].column for field in fields))
    told: list[dict[str, Value]] = [{} for _ in messages]
    for place, *values in answer:
        told[place] = {name: value for name, value in zip(names, values, strict=True) if value}
    return [{field: one[columns[field].column] for field in fields if columns[field].column in one} for one in told]


def as_seen(line: bytes) -> dict[str, Value]:
    """The law's fields of a single record, but with hexadecimal text as it is written and without pieces of arguments.

    Raises:
        ValueError: the line is no record.
    """
    record = parse_record(line)
    if not isinstance(record, Record):
        raise ValueError(record.reason)  # noqa: TRY004 (a fault of the text, not of a type)
    values: dict[str, Value] = dict(record_values(record, (record.body,), Accounts()))
    if record.type == "EXECVE":
        values = {name: value for name, value in values.items() if not re.fullmatch(r"a[0-9]+", name)}
        values |= {name: value for name, value in record.fields.items() if re.fullmatch(r"a[0-9]+", name) and value}
    message = record.body.partition(b"msg='")[2].rpartition(b"'")[0] if record.inner else b""
    for text in (message, record.body.partition(b" msg='")[0] if record.inner else record.body):
        for key, value in reversed([*split_fields(text)]):
            if key.decode() in values and is_encoded(record.type, key) and unhex(value) is not None:
                values[key.decode()] = value.decode()
    return values


def without_raw(values: Mapping[str, Value]) -> dict[str, Value]:
    """The fields alone."""
    return {name: value for name, value in values.items() if name != RAW}


@cache
def recorded(each: int = 2, every: int = 101) -> tuple[bytes, ...]:
    """Lines of the shipped recordings: so many of each shape (type, keys, how values are written), and one in some."""
    found: Counter[Any] = Counter()
    chosen = []
    for path in sorted(EVIDENCE.glob("*.audit.log.gz")):
        for number, line in enumerate(gzip.decompress(path.read_bytes()).splitlines()):
            head, _, body = line.partition(b"): ")
            kind = head.partition(b"type=")[2].partition(b" ")[0]
            shape = re.sub(rb'"[^"]*"', b'"', re.sub(rb"=[0-9A-Fa-f]{8,}", b"=H", body))
            shape = re.sub(rb"=[^\"'H(?{ ]+", b"=", shape)
            found[path.name, kind, shape] += 1
            if found[path.name, kind, shape] <= each or (every and number % every == 0):
                chosen.append(line)
    return tuple(chosen)


def sysmon(event: int, row: Mapping[str, Value], *, fields: Sequence[str]) -> str:
    """An event as Sysmon for Linux writes it: its fields in order, `-` for what it does not know, values escaped."""
    data = "".join(f'<Data Name="{field}">{_xml(str(row.get(field, "-")))}</Data>' for field in fields)
    return (
        '<Event><System><Provider Name="Linux-Sysmon" Guid="{ff032593-a8d3-4f13-b0d6-01fc615a0f97}"/>'
        f"<EventID>{event}</EventID><Version>5</Version><Level>4</Level><Task>{event}</Task><Opcode>0</Opcode>"
        '<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime="2026-11-24T08:35:30.471000000Z"/>'
        '<EventRecordID>7</EventRecordID><Correlation/><Execution ProcessID="612" ThreadID="612"/>'
        "<Channel>Linux-Sysmon/Operational</Channel><Computer>gw-nft-01</Computer>"
        f'<Security UserId="0"/></System><EventData>{data}</EventData></Event>'
    )


def _xml(text: str) -> str:
    return escape(text, quote=False).replace('"', "&quot;").replace("\r", "&#13;")
