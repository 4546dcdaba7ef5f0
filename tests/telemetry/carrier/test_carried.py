"""An audit log that is carried and read back gives what it gives when it is read directly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agreement import RECORDS, Reading, assert_same
from tests.strategies_log import Deed, deeds
from tests.telemetry.carrier import writing

from vedette.telemetry.carrier.carried import Carried
from vedette.telemetry.format import detect, first_record

WRITERS = {
    "traditional": ("syslog", writing.traditional),
    "modern": ("syslog", writing.modern),
    "rfc5424": ("syslog", writing.rfc5424),
    "escaped": ("syslog", writing.escaped),
    "export": ("journal", writing.export),
    "json": ("journal", writing.journal_json),
}


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks, at = [], 0
    for size in sizes:
        chunks.append(data[at : at + size])
        at += size
    return [*chunks, data[at:]]


def lines_of(events: list[Deed]) -> list[bytes]:
    """The lines of events; those that name no node are told by the host that carried them."""
    lines = [line for deed in events for line in deed.lines]
    return [line if line.startswith(b"node=") else b"node=gw " + line for line in lines]


def directly(lines: list[bytes]) -> Reading:
    reading = Reading(columns=RECORDS)
    reading.read("log", [b"\n".join(lines) + b"\n"] if lines else [])
    return reading.close()


def carried(form: str, data: bytes, sizes: list[int]) -> Reading:
    reading = Reading(columns=RECORDS)
    through = Carried(form, cut(data, sizes))
    for batches in reading.reader.read("log", through.chunks, places=through.places):
        reading._take(batches)
    return reading.close()


def same(one: Reading, other: Reading) -> None:
    assert_same(one.facts, other.facts)
    assert_same([str(change) for change in one.changes], [str(change) for change in other.changes])
    assert_same(one.records, other.records)
    assert one.reader.rejects.counts == other.reader.rejects.counts


@given(name=st.sampled_from(sorted(WRITERS)), events=deeds(most=6), sizes=st.lists(st.integers(0, 700), max_size=6))
def test_what_is_carried_is_read_as_it_was(name: str, events: list[Deed], sizes: list[int]) -> None:
    form, write = WRITERS[name]
    lines = lines_of(events)
    data = write([line for deed in events for line in deed.lines])
    same(carried(form, data, sizes), directly(lines))
    if lines:
        found = detect(data)
        assert found is not None
        assert found.name == form
        assert first_record(form, data) == ("gw", events[0].time)


@given(events=deeds(nodes=(b"gw",), most=5), sizes=st.lists(st.integers(0, 700), max_size=6))
def test_what_laurel_made_is_read_as_it_was(events: list[Deed], sizes: list[int]) -> None:
    lines = lines_of(events)
    data = writing.laurel(lines)
    through = carried("laurel", data, sizes)
    direct = directly(lines)
    assert_same(through.facts, direct.facts)
    assert sum(through.reader.rejects.counts.values()) == 0


@pytest.mark.parametrize("name", WRITERS)
def test_origins_name_the_line_that_carried_the_record(name: str) -> None:
    form, write = WRITERS[name]
    head = b"node=gw type=SYSCALL msg=audit(1795509330.000:%d): arch=c000003e syscall=59 success=yes exit=0 a0=1 "
    tail = b'a1=1 a2=1 a3=1 items=0 ppid=1 pid=%d auid=0 uid=0 tty=(none) ses=1 comm="a" exe="/a" key=(null)'
    rest = [b'node=gw type=EXECVE msg=audit(1795509330.000:%d): argc=1 a0="a"', b""]
    lines = [part % number for number in range(1, 40) for part in (head + tail.replace(b"%d", b"7"), rest[0])]
    data = write(lines)
    starts = set()
    reading = Reading()
    through = Carried(form, cut(data, [1_000, 3_000]))
    for batches in reading.reader.read("log", through.chunks, places=through.places):
        for batch in batches:
            for happening in batch.happenings:
                at = happening.offset
                assert at == 0 or data[at - 1 : at] == b"\n"
                end = data.find(b"EXECVE", at)
                assert b":%d)" % happening.serial in data[at:end]
                starts.add(at)
                assert len(reading.reader.records(happening)) == 2
    assert len(starts) == 39
