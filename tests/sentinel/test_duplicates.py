"""Each event alerts once: executed by the oracle over runs of a schedule, with rows that come late or twice."""

from __future__ import annotations

import datetime as dt
import random
import re
from pathlib import Path

import pytest
from tests.kql.oracle import engine
from tests.sigma.samples import SIMPLE, write_rule

from vedette.kql import Options, convert_all, read_target
from vedette.kql.convert import MAX_QUERY
from vedette.sentinel.content import Schedule
from vedette.sentinel.duplicates import KEY, of_all_time, once, slack
from vedette.sentinel.render import Wanted, render
from vedette.sigma.ruleset import load

TIMES = ("TimeGenerated", "ArrivedAt", "Now")
START = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
COLUMNS = (
    "Dvc",
    "TargetProcessId",
    "TargetProcessGuid",
    "TargetProcessName",
    "TargetProcessCommandLine",
    "TargetUsername",
)


def query_of(folder: Path, frequency: int, period: int) -> str:
    path = write_rule(folder, "eve.yml", SIMPLE)
    found = render(
        load([path], cache=False),
        read_target("asim"),
        Wanted(("analytics",), Schedule(frequency, period), Options()),
    )
    return str(next(one for one in found.artefacts if one.form == "analytics").content["query"])


class Workspace:
    """Rows with the moment at which they arrived, and runs of a rule, whose present is a moment of ours."""

    def __init__(self) -> None:
        self.module = engine()
        self.connection = self.module.connect()
        #: query to what the engine makes of it; the present is a column, so that each is read once.
        self.read: dict[str, str] = {}
        texts = ", ".join(f'"{name}" VARCHAR' for name in COLUMNS)
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute("set threads = 1")
        self.connection.execute("begin")  # a row at a time is slow where each is committed
        times = ", ".join(f'"{name}" TIMESTAMPTZ' for name in TIMES)
        self.connection.execute(f'create table "imProcessCreate" ({times}, {texts})')

    def add(self, generated: float, arrived: float | None, number: int) -> None:
        """An event of a minute, which arrived at another; None where the table can't say when."""
        marks = ", ".join("?" * (3 + len(COLUMNS)))
        row: list[dt.datetime | str | None] = [_at(generated), None if arrived is None else _at(arrived), None]
        row += ["gw", str(number), "", "/sbin/x", f"x {number}", "eve"]
        self.connection.execute(f'insert into "imProcessCreate" values ({marks})', row)

    def run(self, query: str, minute: float, period: int) -> list[tuple[str, str]]:
        """Process and key of each alert of a run, which sees what has arrived by then, of its period."""
        if query not in self.read:
            seen = (
                f"(isnull(ArrivedAt) or ArrivedAt <= Now) and TimeGenerated > Now - {period}m and TimeGenerated <= Now"
            )
            text = re.sub(r"ago\((\d+[mh])\)", r"(Now - \1)", query).replace("ingestion_time()", "ArrivedAt")
            text = text.replace("imProcessCreate\n", f"imProcessCreate\n| where {seen}\n", 1)
            self.read[query] = str(self.module.to_sql(text, schema={"imProcessCreate": [*TIMES, *COLUMNS]}))
        self.connection.execute('update "imProcessCreate" set "Now" = ?', [_at(minute)])
        cursor = self.connection.execute(self.read[query])
        names = [one[0] for one in cursor.description]
        return [(row[names.index("TargetProcessId")], row[names.index(KEY)]) for row in cursor.fetchall()]


def _at(minute: float) -> dt.datetime:
    return START + dt.timedelta(minutes=minute)


@pytest.mark.parametrize(
    ("frequency", "late"),
    [(60, 15), pytest.param(5, 15, marks=pytest.mark.long), pytest.param(60, 60, marks=pytest.mark.long)],
)
def test_no_event_is_missed_and_few_alert_in_two_runs(tmp_path, frequency, late):
    period = frequency + late
    query = query_of(tmp_path, frequency, period)
    workspace, chance = Workspace(), random.Random(7)
    lap = slack(frequency, period)
    events = 40
    for number in range(events):
        generated = chance.uniform(0, 4 * frequency)
        # Late, but not by more than what the period has beyond the frequency; a run may begin late too.
        arrived = generated + chance.uniform(0, late - lap)
        workspace.add(generated, arrived, number)
        if number % 4 == 0:
            workspace.add(generated, arrived + 0.01, number)
    alerts: list[tuple[str, str]] = []
    for turn in range(1, 6 + late // frequency):
        alerts += workspace.run(query, turn * frequency + chance.uniform(0, lap * 0.9), period)
    assert {number for number, _ in alerts} == {str(number) for number in range(events)}
    twice = len(alerts) - events
    # Twice alert only those that arrived in the lap of two runs, as the same event with the same key.
    assert twice <= events * 3 * lap / frequency
    assert len(set(alerts)) == events == len({key for _, key in alerts})


def test_a_row_that_comes_late_alerts_in_the_run_after_its_arrival(tmp_path):
    query = query_of(tmp_path, 60, 75)
    workspace = Workspace()
    workspace.add(58, 66, 1)
    workspace.add(30, 31, 2)
    assert [number for number, _ in workspace.run(query, 60, 75)] == ["2"]
    assert [number for number, _ in workspace.run(query, 120, 75)] == ["1"]
    assert workspace.run(query, 180, 75) == []


def test_copies_are_one_alert_and_two_events_are_two(tmp_path):
    query = query_of(tmp_path, 60, 75)
    workspace = Workspace()
    for number in (1, 1, 1, 2):
        workspace.add(30, 31, number)
    assert sorted(number for number, _ in workspace.run(query, 60, 75)) == ["1", "2"]


def test_what_does_not_say_when_it_arrived_alerts_twice_rather_than_not_at_all(tmp_path):
    query = query_of(tmp_path, 60, 75)
    workspace = Workspace()
    workspace.add(50, None, 1)
    first, second = workspace.run(query, 60, 75), workspace.run(query, 120, 75)
    assert first == second
    assert [number for number, _ in first] == ["1"]


def test_without_an_overlap_no_arrival_is_asked_for(tmp_path):
    assert "ingestion_time" not in query_of(tmp_path, 60, 60)
    assert KEY in query_of(tmp_path, 60, 60)


def test_an_estimate_asks_for_rows_of_all_time(tmp_path):
    query = query_of(tmp_path, 60, 75)
    assert "ingestion_time" in query
    assert "ingestion_time" not in of_all_time(query)
    assert len(of_all_time(query).splitlines()) == len(query.splitlines()) - 1


def test_where_there_is_no_room_it_is_told(tmp_path):
    path = write_rule(tmp_path, "eve.yml", SIMPLE)
    target = read_target("asim")
    (query,) = convert_all(load([path], cache=False), target, Options(), None)
    assert once(query, target, 60, 75, 100).note == "its query has no room for what keeps an event from alerting twice"
    assert once(query, target, 60, 75, MAX_QUERY).arrived
