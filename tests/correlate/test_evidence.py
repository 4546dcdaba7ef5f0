"""The kernel's evidence on jobs made by hand: what cancels out, what can't be told, and who filled a table again."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from typing import Any

import pytest

from vedette.correlate.evidence import evidence_of, fills_of, loss_time, state_of
from vedette.correlate.job import Change, Job

DROP = Change(1.0, None, "job", "drop", "filter", "inet", legacy=False, net=-5, rules=None, file="", offset=0, serial=0)


def job(*changes: Change, node: str = "gw", number: int = 0) -> Job:
    process: Any = None
    made = Job((node, 0, "session", number, 0, 0.0), 0.0, process)
    for one in changes:
        (made.by_job if one.scope == "job" else made.by_process).add(one)
    return made


def change(outcome: str, net: int | None, at: float = 2.0, table: str = "filter") -> Change:
    return dataclasses.replace(DROP, outcome=outcome, net=net, time=at, table=table)


@pytest.mark.parametrize(
    ("others", "verdict", "net"),
    [
        ((), "confirmed", -5),
        ((change("gain", 5),), "no drop seen", 0),
        ((change("undeterminable", None),), "confirmed", -5),
        ((change("gain", 2), change("undeterminable", None)), "confirmed", -3),
        ((change("gain", 5), change("undeterminable", None)), "undeterminable", None),
    ],
)
def test_what_a_job_puts_back_cancels_out(others, verdict, net):
    found = evidence_of(job(DROP, *others))
    assert (found.verdict, [table.net for table in found.tables]) == (verdict, [net])


def by_hand(one: Job, jobs: Sequence[Job]) -> Change | None:
    """The first change of another job that may have filled a table which the job took something out of."""
    lost = {(table.family, table.table) for table in evidence_of(one).tables if table.net is None or table.net < 0}
    filled = [
        change
        for other in jobs
        if other is not one and other.key[0] == one.key[0]
        for change in other.changes
        if change.outcome != "drop" and change.time > (loss_time(one) or 0.0) and (change.family, change.table) in lost
    ]
    return min(filled, key=lambda change: change.time, default=None)


def test_who_filled_a_table_again_is_the_first_of_another_job():
    chance = random.Random(7)
    jobs = [
        job(
            *(
                change(
                    chance.choice(["drop", "gain"]), chance.choice([-3, 2]), chance.uniform(0, 50), chance.choice("ab")
                )
                for _ in range(3)
            ),
            node=chance.choice(["one", "two"]),
            number=number,
        )
        for number in range(60)
    ]
    fills = fills_of(jobs)
    found = {state_of(one, evidence_of(one), fills)[0] for one in jobs}
    assert {"restored", "recovered"} <= found
    for one in jobs:
        assert state_of(one, evidence_of(one), fills)[1] == by_hand(one, jobs)
