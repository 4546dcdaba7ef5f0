"""What a bounded memory keeps: both ends, whoever floods it, and a pivot is found among them."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from vedette.correlate import tracker as tracking
from vedette.correlate.evidence import evidence_of
from vedette.correlate.held import Held
from vedette.correlate.job import MOST, Change, Job, Link
from vedette.correlate.pivot import pivots
from vedette.correlate.tracker import Tracker
from vedette.telemetry.auditd.process import Process, Program, Tail

DROP = Change(
    1.0, None, "process", "drop", "filter", "ipv4", legacy=False, net=-1, rules=None, file="", offset=0, serial=0
)


@given(st.integers(0, 60), st.integers(1, 12))
def test_both_ends_stay_and_the_rest_is_counted(count, most):
    held = Held[int](most)
    for number in range(count):
        held.add(number)
    wanted = list(range(count)) if count <= 2 * most else [*range(most), *range(count - most, count)]
    assert list(held) == wanted
    assert (len(held), held.left_out) == (len(wanted), count - len(wanted))


def process(number: int = 1, session: int = 7) -> Process:
    tail = Tail()
    tail.ses = session
    program = Program("/usr/bin/nc", "/usr/bin/nc", None)
    return Process("gw", 0, number, 1, None, tail, program, None, "", 1.0, number, number, "log", executed=True)


def link(time: float, port: int) -> Link:
    return Link("connect", time, process(), "10.0.0.9", port, 3, True, "log", int(time), int(time))


def job() -> Job:
    return Job(("gw", 0, "session", 7, 0, 0.0), 0.0, process())


def test_no_number_of_processes_crowds_out_what_they_come_to():
    one = job()
    for number in range(5 * MOST):
        one.by_process.add(dataclasses.replace(DROP, serial=number))
    one.by_job.add(dataclasses.replace(DROP, scope="job", net=-5 * MOST))
    assert evidence_of(one).verdict == "confirmed"
    assert one.left_out == 3 * MOST


def test_a_pivot_is_found_behind_a_flood_and_before_one():
    behind, before = job(), job()
    for number in range(5 * MOST):
        behind.links.add(dataclasses.replace(link(1, 80), new=False))
        before.links.add(dataclasses.replace(link(number, 4444), new=number == 3))
    behind.links.add(link(9, 4444))
    assert [pivot.port for pivot in pivots(behind, 5.0)] == [4444]
    assert [pivot.port for pivot in pivots(before, 1.0)] == [4444]


def test_all_jobs_together_are_bounded(monkeypatch):
    monkeypatch.setattr(tracking, "MAX_HELD", 100)
    tracker = Tracker()
    for session in range(50):
        of_session: Any = tracker._touched(process(session, session), float(session))
        for port in range(10):
            tracker._keep(of_session.links, link(session, port))
    kept = list(tracker.jobs())
    assert tracker._held == sum(one.held for one in kept) <= 110
    assert kept[-1].key[3] == 49
    assert tracker.left_out == 50 - len(kept)
