"""Bytes of all kinds into the readers, for as long as `VEDETTE_FUZZ_MINUTES` says (else for seconds)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.agreement import RECORDS, Reading, counted, fast
from tests.strategies_auditd import FRAGMENTS, hostile
from tests.strategies_log import Deed, deeds, mixed

from vedette.telemetry.auditd import anchor, reader, records, scanner
from vedette.telemetry.auditd.argv import parse_argv, proctitle
from vedette.telemetry.auditd.netfilter import parse_netfilter
from vedette.telemetry.auditd.record import LINE_LIMIT, Record, parse_record
from vedette.telemetry.auditd.sockaddr import sockaddr_of

pytestmark = pytest.mark.long

MINUTES = float(os.environ.get("VEDETTE_FUZZ_MINUTES", "0.2"))
#: What only a process start's own records say; the rest hangs on other processes.
OWN = ("Image.resolved", "Image.invoked", "CommandLine", "CurrentDirectory", "ProcessId", "UserId", "LogonId", "Script")

lines = st.one_of(
    st.binary(max_size=300),
    st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=6)), max_size=12).map(b"".join),
    hostile.map(lambda text: b"node=gw type=SYSCALL msg=audit(1795509330.000:5): arch=c000003e " + text),
    hostile.map(lambda text: b"type=NETFILTER_CFG msg=audit(1795509330.000:5): table=" + text),
    hostile.map(lambda text: b"type=USER_CMD msg=audit(1795509330.000:5): pid=1 msg='" + text),
)


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


def parse_anything(line: bytes) -> None:
    parsed = parse_record(line)
    if isinstance(parsed, Record):
        assert parsed.raw == line.removesuffix(b"\n").removesuffix(b"\r")
        assert parsed.body in parsed.raw
        for fields in (parsed.fields, parsed.inner, parsed.enriched):
            for text in (*fields, *fields.values()):
                text.encode("utf-8")  # no lone surrogate
    else:
        assert parsed.length <= len(line)
        assert parsed.length > LINE_LIMIT or parsed.reason != "too-long"
    argv = parse_argv([line])
    assert argv.argc == len(argv.args) or not argv.complete
    proctitle(line)
    parse_netfilter(line)
    sockaddr_of(line)


def test_the_record_parser_takes_anything():
    for_minutes(0.2, parse_anything, lines)


def read_anything(log: list[bytes], sizes: list[int]) -> None:
    data = b"\n".join(log)
    whole = fast(data, columns=RECORDS)
    rejected = sum(whole.reader.rejects.counts.values())
    assert rejected <= data.count(b"\n") + 1
    known = sum(not isinstance(parse_record(line), Record) for line in data.split(b"\n")[: data.count(b"\n") or 1])
    assert rejected >= known * bool(data)
    with pytest.MonkeyPatch.context() as patch:
        for module in (anchor, reader, records, scanner):
            patch.setattr(module, "WINDOW", 4_000)
        pieces = Reading(columns=RECORDS)
        at, chunks = 0, []
        for size in sizes:
            chunks.append(data[at : at + size])
            at += size
        pieces.read("log", [*chunks, data[at:]])
        pieces.close()
    assert pieces.reader.rejects.counts == whole.reader.rejects.counts


def test_the_reader_takes_anything():
    for_minutes(0.3, read_anything, st.lists(lines, max_size=30), st.lists(st.integers(1, 3_000), max_size=8))


def own_facts(reading: Reading, but: set[tuple[float, int]]) -> Any:
    """Process starts as their own records show them, but for some events."""
    return counted(
        (fact[2], fact[3], tuple(pair for pair in fact[4] if pair[0] in OWN))
        for fact in reading.facts
        if fact[0] == "process_creation" and fact[2:4] not in but
    )


@st.composite
def damaged(draw: st.DrawFn) -> tuple[list[bytes], list[bytes], Deed]:
    """The lines of a log, the same with one event damaged, and that event."""
    events = draw(deeds(nodes=(b"gw",), most=12).filter(bool))
    victim = draw(st.sampled_from(events))
    before = draw(mixed([deed.lines for deed in events]))
    own = set(victim.lines)
    after: list[bytes] = []
    for line in before:
        if line in own and draw(st.booleans()):
            start = draw(st.integers(0, len(line)))
            end = draw(st.integers(start, len(line)))
            put = draw(st.one_of(st.just(b""), st.binary(max_size=8), st.sampled_from(FRAGMENTS), st.just(b"\0" * 600)))
            line = line[:start] + put + line[end:]
        after.append(line)
    return before, after, victim


def damage_one(logs: tuple[list[bytes], list[bytes], Deed]) -> None:
    before, after, victim = logs
    others = {line.partition(b"audit(")[2].partition(b")")[0] for line in before if line not in victim.lines}
    changed = [part for line in after if line not in before for part in line.split(b"\n")]
    if any(part.partition(b"audit(")[2].partition(b")")[0] in others for part in changed):
        return  # it now speaks of another event
    but = {(victim.time, victim.serial)}
    whole, hurt = fast(b"\n".join(before) + b"\n"), fast(b"\n".join(after) + b"\n")
    missing = own_facts(whole, but) - own_facts(hurt, but)
    assert not missing, missing


def test_damage_to_one_event_costs_no_other():
    for_minutes(0.5, damage_one, damaged())
