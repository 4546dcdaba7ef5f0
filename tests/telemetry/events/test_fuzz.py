"""Bytes of all kinds into the readers of events, for as long as `VEDETTE_FUZZ_MINUTES` says, else some seconds."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.telemetry.events.hunted import Read, events, told

from vedette.errors import TelemetryError, UsageError
from vedette.telemetry.events import evtx, sysmon_linux, tabular
from vedette.telemetry.events.instant import instant
from vedette.telemetry.events.mapping import MapMapper, checked
from vedette.telemetry.events.plain import Plain, event_of
from vedette.telemetry.events.rejects import Rejects
from vedette.telemetry.format import detect, detect_all, first_record

pytestmark = pytest.mark.long

MINUTES = float(os.environ.get("VEDETTE_FUZZ_MINUTES", "0.2"))
SYSMON = (
    b'<Event><System><Provider Name="Linux-Sysmon"/><EventID>1</EventID>'
    b'<TimeCreated SystemTime="2026-11-24T08:35:30Z"/><Computer>c</Computer></System>'
    b'<EventData><Data Name="Image">/bin/sh</Data></EventData></Event>'
)
FRAGMENTS = [
    b'{"Event":{"System":{"EventID":1,"Channel":"Security"},"EventData":{"Data":["a",null,{"#text":1}]}}}',
    b'{"winlog":{"channel":"x","event_data":{"param1":{}}}}', b'{"EventID":[1],"Channel":{"a":1},"TimeCreated":[]}',
    b'{"agent":{"type":"auditbeat"},"event":{"action":["executed"]},"process":{"args":[[["x"]],1,null],"pid":1e400}}',
    b'{"Type":"DeviceProcessEvents","FolderPath":7,"ProcessId":"x","AdditionalFields":"{","LogonId":true}',
    b'{"category":"AdvancedHunting-DeviceNetworkEvents","properties":{"ActionType":"ConnectionSuccess","RemoteIP":{}}}',
    b'{"TargetProcessName":"/x","TargetProcessCommandLine":[],"TimeGenerated":{"$date":1}}',
    b"Timestamp,FolderPath,ProcessCommandLine,InitiatingProcessCommandLine\n",
    b'"', b"{", b"}", b"[", b"]", b",", b"\n",
    b"\\", b"\\ud800", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"Record 1\n", b"null", b"1e999", b"9" * 400, b"[" * 90,
    b"ElfFile\0", b"ElfChnk\0", b"PAR1", b"MESSAGE=", b"<Event>", b"</Event>", b"&#x110000;", b"&#55296;",
    b"Nov 24 08:35:30 h sysmon: ", SYSMON, b'<Data Name="ProcessId">', b"<EventID>", b"</System>", b"\r\n", b";", b"\t",
]  # fmt: skip
logs = st.one_of(
    st.binary(max_size=400),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=6)), max_size=14).map(b"".join),
    st.lists(st.sampled_from(FRAGMENTS), max_size=10).map(b"\n".join),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(st.text(max_size=8), below, max_size=3)),
    max_leaves=12,
)
NAMES = st.one_of(
    st.sampled_from(["Event", "System", "EventData", "UserData", "Data", "#text", "#attributes", "Name", "winlog"]),
    st.sampled_from(["event_data", "EventID", "Channel", "Provider", "Computer", "TimeCreated", "SystemTime"]),
    st.sampled_from(["process", "args", "pid", "event", "action", "agent", "properties", "category", "Type"]),
    st.sampled_from(["Timestamp", "FolderPath", "ProcessCommandLine", "InitiatingProcessCommandLine"]),
)
trees = st.recursive(
    values,
    lambda below: st.dictionaries(NAMES, st.one_of(below, st.lists(below, max_size=3)), max_size=6),
    max_leaves=20,
)
MAP = checked(
    {"time": {"column": "t"}, "events": [{"product": "x", "fields": {"Image": "a", "CommandLine": "b"}}]}, "", ""
)


def mapped(chunks: Any, file: str, rejects: Rejects) -> Any:
    return tabular.read_mapped(chunks, file, rejects, MapMapper(MAP))


READERS: dict[str, Read] = {
    "evtx": evtx.read_evtx, "json": evtx.read_json, "sysmon": sysmon_linux.read, "table": tabular.read, "map": mapped,
}  # fmt: skip


def for_minutes(share: float, check: Callable[..., None], *strategies: st.SearchStrategy[Any]) -> None:
    """Try a property again and again, always with new examples, for a share of the minutes."""
    end = time.monotonic() + 60 * MINUTES * share
    tries = 0
    trial = settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))(
        given(*strategies)(check)
    )
    while time.monotonic() < end or not tries:
        trial()
        tries += 1


def sound(plains: list[Plain]) -> None:
    """Values are of the law's types and can be encoded."""
    for plain in plains:
        assert isinstance(plain.time, float | int)
        assert plain.number > 0 or plain.offset == 0
        for name, value in plain.values.items():
            assert isinstance(value, str | int | float), (name, value)
            assert not isinstance(value, bool)
            assert value != ""
            name.encode("utf-8")
            if isinstance(value, str):
                value.encode("utf-8")
        event_of(plain, "log").raw.encode("utf-8")


def read_anything(data: bytes, size: int) -> None:
    for name, read in READERS.items():
        whole: Any = None
        with contextlib.suppress(TelemetryError):
            whole = events(read, data)
        pieces: Any = None
        with contextlib.suppress(TelemetryError):
            pieces = events(read, data, size)
        assert (whole is None) == (pieces is None), name
        if whole is not None:
            sound(whole[0])
            # A head that comes in pieces is told by what has come; both readings must be sound, of lines alike.
            if name == "sysmon":
                assert told(whole[0]) == told(pieces[0])
                assert whole[1].counts == pieces[1].counts
    form = detect(data)
    if form is not None:
        assert form in detect_all(data)
        first_record(form.name, data)


def test_the_readers_take_anything():
    for_minutes(0.5, read_anything, logs, st.integers(1, 200))


def read_any_tree(tree: Any) -> None:
    data = json.dumps(tree).encode()
    for read in (evtx.read_json, mapped, tabular.read):
        with contextlib.suppress(TelemetryError):
            sound(events(read, data)[0])


def test_the_readers_take_any_tree():
    for_minutes(0.3, read_any_tree, trees)


def damage_evtx(places: list[tuple[int, bytes]], cut: int) -> None:
    data = bytearray(_recording())
    for place, put in places:
        data[place : place + len(put)] = put
    with contextlib.suppress(TelemetryError):
        plains, _ = events(evtx.read_evtx, bytes(data[:cut]))
        sound(plains)


def _recording() -> bytes:
    shared = Path(os.environ.get("VEDETTE_SHARED", Path(__file__).resolve().parents[4] / "shared"))
    found = sorted(shared.glob("sigmahq/regression_data/rules/**/*.evtx"))
    return found[0].read_bytes() if found else b"ElfFile\0" + b"\0" * 5_000


def test_a_damaged_evtx_does_no_harm():
    pytest.importorskip("evtx")
    place = st.integers(0, 12_000)
    for_minutes(0.15, damage_evtx, st.lists(st.tuples(place, st.binary(min_size=1, max_size=9)), max_size=6), place)


def read_any_map(tree: Any) -> None:
    with contextlib.suppress(UsageError):
        checked(tree, "map.toml", "")
    for form in ("auto", "rfc3339", "s", "ms", "us", "ns", "filetime"):
        found = instant(tree, form)
        assert found is None or 0 <= found < 253_402_300_800


def test_maps_and_times_take_anything():
    for_minutes(0.05, read_any_map, st.one_of(trees, values))
