"""Rows on their way into a workspace: what is tried again, parted, buried, and what ends a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.sentinel.shipping.logs import NETWORK, PROCESS, commands, connection, rows_of, tables, written
from tests.sentinel.workspace import Fault, Workspace

from vedette.errors import UsageError
from vedette.kql.check.schema import shipped
from vedette.sentinel.shipping import sender as module
from vedette.sentinel.shipping.account import Account, lines
from vedette.sentinel.shipping.checkpoint import Checkpoint, Destination
from vedette.sentinel.shipping.dead_letters import DeadLetters
from vedette.sentinel.shipping.log import Logs
from vedette.sentinel.shipping.row import Row
from vedette.sentinel.shipping.sender import Sender, ServiceError
from vedette.sentinel.shipping.shipper import Shipper

INGEST = "POST /dataCollectionRules/"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.05)


@pytest.fixture
def log(tmp_path):
    return written(tmp_path / "audit.log", commands(60) + connection(9000))


class Run:
    """One run against a workspace, as the verb makes it."""

    def __init__(
        self,
        workspace: Workspace,
        folder: Path,
        *,
        rule: str = "",
        stream: str = "",
        calls: int = 1,
        most: int = 20_000,
        patience: float = 60.0,
        stopped: Callable[[], bool] = lambda: False,
        credential: Any = None,
    ) -> None:
        streams = {table.kind: table.stream for table in tables()}
        if stream:
            streams["process_creation"] = stream
        connection = workspace.connection()
        if credential is not None:
            connection = type(connection)(credential, connection.cloud, connection.endpoint, connection.verify)
        self.account = Account()
        self.letters = folder / "dead.ndjson"
        self.checkpoint = Checkpoint(folder / "ship.json", Destination(rule or workspace.dcr, streams))
        self.waits: list[tuple[str, float]] = []
        self.sender = Sender(
            connection.ingestion("", retry_total=0),
            rule or workspace.dcr,
            streams,
            patience=patience,
            stopped=stopped,
            waiting=lambda cause, seconds: self.waits.append((cause, seconds)),
        )
        self.shipper = Shipper(
            self.sender,
            self.checkpoint,
            DeadLetters(self.letters),
            self.account,
            calls=calls,
            most=most,
            stopped=stopped,
        )

    def ship(self, *paths: Path) -> Account:
        source = Logs([str(path) for path in paths], tables(), self.account, start=self.shipper.start)
        self.shipper.ship(source.rows())
        return self.account

    def dead(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.letters.read_text().splitlines()] if self.letters.exists() else []


def uids(workspace: Workspace, table: str = PROCESS) -> Counter[str]:
    return Counter(row["EventOriginalUid"] for row in workspace.tables.get(table, []))


def of(rows: Iterable[Row], kind: str = "process_creation") -> set[str]:
    return {row.uid for row in rows if row.kind == kind}


def test_every_row_arrives_once_in_calls_that_fit(workspace, tmp_path, log):
    account = Run(workspace, tmp_path).ship(log)
    assert workspace.violations == []
    assert uids(workspace) == Counter(of(rows_of([log])))
    assert uids(workspace, NETWORK) == Counter(of(rows_of([log]), "network_connection"))
    sizes = [request.size for request in workspace.requests]
    assert len(sizes) == account.calls > 3
    assert max(sizes) <= 20_000
    assert sum(sizes) == account.bytes
    assert account.sent == {"process_creation": 61, "network_connection": 1}
    assert (account.dead, account.doubtful, account.stopped) == (0, 0, "")


def test_a_second_run_sends_what_is_new(workspace, tmp_path, log):
    Run(workspace, tmp_path).ship(log)
    assert Run(workspace, tmp_path).ship(log).sent.total() == 0
    written(log, log.read_text() + commands(5, first=61))
    account = Run(workspace, tmp_path).ship(log)
    assert (account.known, account.sent.total()) == (62, 5)
    rows = workspace.tables[PROCESS]
    assert {row["ActingProcessName"] for row in rows[1:]} == {"/bin/bash"}
    assert set(uids(workspace).values()) == {1}


@pytest.mark.parametrize("status", [429, 503])
def test_a_storm_of_refusals_finishes(workspace, tmp_path, log, status):
    workspace.misbehave(Fault(INGEST, status=status, retry_after=0.01, times=40))
    run = Run(workspace, tmp_path, calls=3)
    account = run.ship(log)
    assert account.retries == {str(status): 40}
    assert uids(workspace) == Counter(of(rows_of([log])))
    assert len(run.waits) == 40
    assert all(seconds >= 0.01 for _, seconds in run.waits)


def test_without_retry_after_waits_grow_with_jitter(workspace, tmp_path, log, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_WAIT", 60.0)
    monkeypatch.setattr(module, "FIRST_WAIT", 0.002)
    workspace.misbehave(Fault(INGEST, status=500, times=6))
    run = Run(workspace, tmp_path)
    run.ship(log)
    waits = [seconds for _, seconds in run.waits]
    assert all(0.001 * 2**tries <= wait <= 0.002 * 2 ** (tries + 1) for tries, wait in enumerate(waits))
    assert len(set(waits)) == 6


def test_a_service_that_takes_rows_and_cuts_the_connection_gets_them_twice_with_the_same_id(workspace, tmp_path, log):
    workspace.misbehave(Fault(INGEST, kind="cut", handled=True, times=2))
    account = Run(workspace, tmp_path).ship(log)
    found = uids(workspace)
    assert found.keys() == of(rows_of([log]))
    twice = [uid for uid, count in found.items() if count > 1]
    assert twice
    assert sum(found.values()) - len(found) <= account.doubtful
    assert account.retries == {"connection cut": 2}
    same = [{**row, "_ItemId": ""} for row in workspace.tables[PROCESS] if row["EventOriginalUid"] == twice[0]]
    assert all(row["EventStartTime"] == same[0]["EventStartTime"] for row in same)
    assert "twice" in "\n".join(lines(account))


def test_a_connection_that_is_cut_before_costs_a_retry(workspace, tmp_path, log):
    workspace.misbehave(Fault(INGEST, kind="cut", times=3))
    account = Run(workspace, tmp_path).ship(log)
    assert uids(workspace) == Counter(of(rows_of([log])))
    assert account.retries.total() == 3


def strict(workspace: Workspace, *without: str) -> str:
    """A stream that refuses rows that have one of these columns."""
    types = {name: kind for name, kind in shipped().tables[PROCESS].items() if name not in without}
    workspace.declare("Custom-Strict", "Strict_CL", types)
    return "Custom-Strict"


def poisoned(folder: Path, numbers: set[int]) -> Path:
    """A log of commands of which some were started in no session."""
    parts = []
    for number in range(1, 41):
        text = commands(1, first=number)
        parts.append(text.replace(" ses=7 ", " ses=4294967295 ") if number not in numbers else text)
    return written(folder / "poison.log", "".join(parts))


def test_poison_rows_end_as_dead_letters_and_the_others_arrive(workspace, tmp_path):
    log = poisoned(tmp_path, {7, 23, 24})
    run = Run(workspace, tmp_path, stream=strict(workspace, "TargetUserSessionId", "ActorSessionId"), most=1_000_000)
    account = run.ship(log)
    arrived = uids(workspace, "Strict_CL")
    dead = run.dead()
    assert account.dead == len(dead) == 3
    assert {letter["row"]["TargetProcessCommandLine"].split()[-1] for letter in dead} == {"n7", "n23", "n24"}
    assert all("400" in letter["reason"] and letter["status"] == 400 for letter in dead)
    assert arrived == Counter(of(rows_of([log])) - {letter["uid"] for letter in dead})
    # The checkpoint is behind them: they are not tried again.
    assert Run(workspace, tmp_path, stream="Custom-Strict").ship(log).sent.total() == 0


def test_a_stream_that_takes_no_row_ends_the_run_and_buries_nothing(workspace, tmp_path, log):
    run = Run(workspace, tmp_path, stream=strict(workspace, "TargetProcessName"), most=1_000_000)
    with pytest.raises(ServiceError, match="refuses every row"):
        run.ship(log)
    assert run.dead() == []
    assert Run(workspace, tmp_path, stream="Custom-Strict").shipper.start(str(log)) == -1


def test_a_log_that_begins_with_poison_goes_on_behind_it(workspace, tmp_path):
    log = poisoned(tmp_path, set(range(1, 36)))
    # The shell before them has a session too.
    run = Run(workspace, tmp_path, stream=strict(workspace, "TargetUserSessionId", "ActorSessionId"), most=1_000_000)
    account = run.ship(log)
    assert (account.dead, account.sent["process_creation"]) == (len(run.dead()), 41 - len(run.dead()))
    assert len(run.dead()) >= 35
    assert len(uids(workspace, "Strict_CL")) == 41 - len(run.dead())


def test_patience_is_not_used_up_by_reading(workspace, tmp_path, log):
    run = Run(workspace, tmp_path, patience=0.5)
    run.sender._last -= 10_000  # the log before the checkpoint took hours to read
    workspace.misbehave(Fault(INGEST, status=429, retry_after=0.01, times=2))
    assert run.ship(log).sent.total() == 62


def test_a_row_that_fits_into_no_call_is_buried(workspace, tmp_path):
    log = written(tmp_path / "a.log", commands(2) + commands(1, first=3, text="x" * 30_000) + commands(2, first=4))
    run = Run(workspace, tmp_path, most=20_000)
    account = run.ship(log)
    assert (account.dead, account.sent.total()) == (1, 5)
    assert "more than a call" in run.dead()[0]["reason"]


@pytest.mark.parametrize("status", [401, 403])
def test_who_may_not_ship_is_told_the_role(workspace, tmp_path, log, status):
    workspace.misbehave(Fault(INGEST, status=status, times=99))
    run = Run(workspace, tmp_path, calls=3)
    with pytest.raises(ServiceError, match="Monitoring Metrics Publisher on the data collection rule"):
        run.ship(log)
    assert Run(workspace, tmp_path).shipper.start(str(log)) == -1


def test_a_rule_that_is_not_there_is_told(workspace, tmp_path, log):
    with pytest.raises(ServiceError, match="no data collection rule dcr-none"):
        Run(workspace, tmp_path, rule="dcr-none").ship(log)


def test_a_stream_that_the_rule_has_not_is_told(workspace, tmp_path, log):
    with pytest.raises(ServiceError, match="has no use for the stream Custom-Other"):
        Run(workspace, tmp_path, stream="Custom-Other").ship(log)


def test_other_answers_are_told(workspace, tmp_path, log):
    workspace.misbehave(Fault(INGEST, status=405, times=99))
    with pytest.raises(ServiceError, match="the service answers 405"):
        Run(workspace, tmp_path).ship(log)


def test_credentials_that_fail_end_the_run(workspace, tmp_path, log):
    from azure.core.exceptions import ClientAuthenticationError

    class Failing:
        def get_token(self, *_scopes: str, **_options: Any) -> Any:
            raise ClientAuthenticationError("no identity is here")

    with pytest.raises(ServiceError, match=r"does not let the caller in.*no identity is here"):
        Run(workspace, tmp_path, credential=Failing()).ship(log)


def test_patience_ends_and_what_was_acknowledged_stays(workspace, tmp_path, log):
    run = Run(workspace, tmp_path, patience=0.2)
    workspace.misbehave(Fault(f"{INGEST}.*Network", status=429, retry_after=0.05, times=10_000))
    with pytest.raises(ServiceError, match="nothing was acknowledged for"):
        run.ship(log)
    start = Run(workspace, tmp_path).shipper.start(str(log))
    held = uids(workspace)
    assert start > 0
    assert {row.uid for row in rows_of([log]) if row.offset <= start} <= held.keys()


def test_a_run_that_is_stopped_goes_on_later(workspace, tmp_path, log):
    stopped: list[bool] = []
    run = Run(workspace, tmp_path, stopped=lambda: bool(stopped))
    kept = run.checkpoint.save

    def save() -> None:
        kept()
        stopped.append(True)

    run.checkpoint.save = save  # type: ignore[method-assign] # stops after the first group
    account = run.ship(log)
    assert account.stopped == "interrupted"
    assert 0 < account.sent.total() < 61
    Run(workspace, tmp_path).ship(log)
    assert uids(workspace) == Counter(of(rows_of([log])))


def test_the_checkpoint_never_passes_a_group_that_failed(workspace, tmp_path):
    log = written(tmp_path / "audit.log", commands(200))
    for number in range(4):
        workspace.misbehave(Fault(INGEST, kind="slow", seconds=0.05, times=number))
        workspace.misbehave(Fault(INGEST, status=403))
        with pytest.raises(ServiceError):
            Run(workspace, tmp_path, calls=3, most=10_000).ship(log)
        start = Run(workspace, tmp_path).shipper.start(str(log))
        assert {row.uid for row in rows_of([log]) if row.offset <= start} <= uids(workspace).keys()
        workspace.behave()
    Run(workspace, tmp_path, calls=3).ship(log)
    assert uids(workspace).keys() == of(rows_of([log]))


def test_the_checkpoint_stays_where_a_dead_letter_can_t_be_written(workspace, tmp_path):
    log = poisoned(tmp_path, {7})
    stream = strict(workspace, "TargetUserSessionId", "ActorSessionId")
    run = Run(workspace, tmp_path, stream=stream, most=1_000_000)
    run.letters.mkdir()
    with pytest.raises(UsageError, match="can't write the dead letters"):
        run.ship(log)
    run.letters.rmdir()
    again = Run(workspace, tmp_path, stream=stream)
    assert again.shipper.start(str(log)) == -1
    again.ship(log)
    assert len(again.dead()) == 1


def test_a_stop_while_the_log_is_read_again_ends_the_reading(workspace, tmp_path, log):
    Run(workspace, tmp_path).ship(log)
    run = Run(workspace, tmp_path)
    source = Logs([str(log)], tables(), run.account, start=run.shipper.start, stopped=lambda: True)
    assert list(source.rows()) == []
    assert run.account.known == 0


def test_a_stop_while_a_call_waits_ends_at_once(workspace, tmp_path, log):
    workspace.misbehave(Fault(INGEST, status=429, retry_after=600, times=99))
    run = Run(workspace, tmp_path, patience=10_000, stopped=lambda: bool(run.waits))
    assert run.ship(log).stopped == "interrupted"
    assert run.account.sent.total() == 0


def test_a_week_old_event_keeps_its_time(workspace, tmp_path):
    old = commands(3).replace("audit(17955093", "audit(17949045")
    Run(workspace, tmp_path).ship(written(tmp_path / "old.log", old))
    rows = workspace.tables[PROCESS]
    assert {row["EventStartTime"][:16] for row in rows} == {"2026-11-17T08:35"}
    assert all(row["TimeGenerated"] > "2026-11-18" for row in rows)
    query = "imProcessCreate | where TargetProcessCommandLine endswith ' n2' | project EventStartTime, TimeGenerated"
    with workspace.connection().logs() as client:
        answer: Any = client.query_workspace(workspace.id, query, timespan=None)
    ((start, generated),) = answer.tables[0].rows
    assert start.isoformat() == "2026-11-17T08:35:32+00:00"
    assert generated > start
