"""Counts what is kept while nothing repeats: every entry of every container behind a reader or a hunt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from types import ModuleType

import msgspec
import pytest
from tests.agreement import COLUMNS
from tests.telemetry.auditd.test_memory import CHANGE, EXEC

from vedette.event.logsource import NETFILTER_CHANGE, NETFILTER_CONFIG, PROCESS_CREATION
from vedette.hunt import telling
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.telemetry.auditd import ledger, memo, outlet, reader
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.source import Source

#: Events of the stream, and of each chunk.
EVENTS, CHUNK = 2_400, 100
#: What is made small so that a short stream meets every bound.
SMALL: dict[ModuleType, dict[str, int]] = {
    memo: {"MEMO_BYTES": 100_000},
    outlet: {"SHAPE_BYTES": 100_000, "MAX_NUMBERS": 150},
    reader: {"MAX_PROCESSES": 200, "WINDOW": 8_000},
    ledger: {"MAX_ACCOUNTS": 300, "MAX_SERIES": 300},
    telling: {"_MOST_SHAPES": 200, "_MOST_MATCHES": 200},
}
RULE = """
title: Nearly every process
id: 6c1f2a0e-5a0e-4a52-9d4a-0c9b1c1f7a11
logsource: {category: process_creation, product: linux}
detection:
  selection: {Image|startswith: /opt/}
  condition: selection
level: low
"""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, bounds in SMALL.items():
        for name, bound in bounds.items():
            monkeypatch.setattr(module, name, bound)


def parts(thing: object) -> Iterator[object]:
    """What a thing of ours or a container holds."""
    if isinstance(thing, dict):
        yield from thing.keys()
        yield from thing.values()
    elif isinstance(thing, list | tuple | set | frozenset):
        yield from thing
    elif isinstance(thing, msgspec.Struct):
        yield from (getattr(thing, name) for name in thing.__struct_fields__)
    elif type(thing).__module__.startswith("vedette.") and not isinstance(thing, type):
        yield from vars(thing).values() if hasattr(thing, "__dict__") else ()
        for each in type(thing).__mro__:
            yield from (getattr(thing, name) for name in getattr(each, "__slots__", ()) if hasattr(thing, name))
    elif closure := getattr(thing, "__closure__", None):
        yield from (cell.cell_contents for cell in closure)


def entries(*roots: object) -> Counter[str]:
    """Entries of all containers, and objects of each type of ours, that can be reached."""
    found: Counter[str] = Counter()
    seen: set[int] = set()
    todo: list[object] = list(roots)
    while todo:
        thing = todo.pop()
        if id(thing) in seen or isinstance(thing, str | bytes | int | float | type | None):
            continue
        seen.add(id(thing))
        if isinstance(thing, dict | list | set):
            found["entries"] += len(thing)
        found[type(thing).__name__] += type(thing).__module__.startswith("vedette.")
        todo.extend(parts(thing))
    return found


def chunks(text: str, numbers: range) -> Iterator[bytes]:
    for start in numbers[::CHUNK]:
        yield "".join(
            text.format(t=f"{1795509330 + n // 500}.{n % 1000:03d}", n=n, pid=n, ppid=n // 2, ses=n)
            for n in range(start, start + CHUNK)
        ).encode()


def assert_bounded(counts: list[Counter[str]]) -> None:
    """What is held at most is reached in the first half of the stream."""
    half = len(counts) // 2
    assert half > 5
    for name in sorted(set().union(*counts)):
        early, late = (max(count[name] for count in part) for part in (counts[:half], counts[half:]))
        assert late <= 1.2 * early + 50, f"{name}: {early}, then {late}"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [(EXEC, (PROCESS_CREATION,)), (CHANGE, (NETFILTER_CONFIG, NETFILTER_CHANGE))],
    ids=["processes", "tables"],
)
def test_a_reader_keeps_no_more_of_a_long_log_than_of_half_of_it(text, kinds):
    fast = AuditReader({kind: COLUMNS[kind] for kind in kinds})
    counts = [entries(fast) for batches in fast.read("log", chunks(text, range(1, EVENTS))) if batches]
    assert_bounded(counts)


def test_a_count_sees_what_is_kept():
    fast = AuditReader({PROCESS_CREATION: COLUMNS[PROCESS_CREATION]})
    kept = []
    counts = []
    for batches in fast.read("log", chunks(EXEC, range(1, EVENTS))):
        kept.extend([each for batch in batches for each in batch.happenings])
        counts.append(entries(fast, kept))
    with pytest.raises(AssertionError, match=r"Command: \d+, then \d+"):
        assert_bounded(counts)


def test_a_hunt_keeps_no_more_of_a_long_log_than_of_half_of_it(tmp_path, monkeypatch):
    whole = Source.chunks
    monkeypatch.setattr(Source, "chunks", lambda self, _size=0: whole(self, 90_000))
    log, rule = tmp_path / "audit.log", tmp_path / "rule.yml"
    log.write_bytes(b"".join(chunks(EXEC, range(1, EVENTS))))
    rule.write_text(RULE)
    hunt = Hunt(Options(logs=(str(log),), rules=(str(rule),)))
    counts = []
    for number, _ in enumerate(hunt.findings()):
        if number % CHUNK == CHUNK - 1:
            counts.append(entries(hunt))
    assert sum(hunt.summary.alerts.values()) == number + 1 >= EVENTS - CHUNK
    assert_bounded(counts)
