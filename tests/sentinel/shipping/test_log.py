"""Logs as rows: in order, from a point on, with the parents that a reading from the start gives."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.sentinel.shipping.logs import commands, connection, decoded, recording, rows_of, written
from tests.telemetry.carrier import writing

from vedette.sentinel.shipping.account import Account
from vedette.sentinel.shipping.checkpoint import Checkpoint, Destination
from vedette.telemetry.auditd.window import WINDOW


def test_rows_come_in_the_order_of_their_records(tmp_path):
    log = written(tmp_path / "a.log", commands(3) + connection(500) + commands(3, first=4))
    rows = rows_of([log])
    assert [row.offset for row in rows] == sorted({row.offset for row in rows})
    assert [row.kind for row in rows].index("network_connection") == 4
    text = log.read_bytes()
    assert all(text[row.offset :].startswith(b"node=gw type=SYSCALL") for row in rows)


def test_offsets_rise_through_a_recording_in_any_chunks(tmp_path):
    rows = rows_of([recording(tmp_path / "a.log", 3_000_000)])
    assert len(rows) > 1_000
    assert [row.offset for row in rows] == sorted({row.offset for row in rows})
    assert len({row.uid for row in rows}) == len(rows)


def test_what_is_acknowledged_is_not_sent_again_and_parents_stay_right(tmp_path):
    log = recording(tmp_path / "a.log", 1_500_000)
    every = rows_of([log])
    for point in (0, len(every) // 3, len(every) - 2):
        account = Account()
        left = rows_of([log], account, start=lambda _path, offset=every[point].offset: offset)
        assert left == every[point + 1 :]
        assert (account.known, account.read) == (point + 1, len(left))


def test_a_log_that_is_rotated_while_it_is_shipped_gives_the_same_rows(tmp_path):
    text = commands(40)
    middle = text.find("type=PATH", len(text) // 2)
    cut = text.rfind("\n", 0, middle) + 1
    whole = decoded(rows_of([written(tmp_path / "whole.log", text)]))
    parts = [written(tmp_path / "audit.log.1", text[:cut]), written(tmp_path / "audit.log", text[cut:])]
    rows = rows_of(parts)
    assert decoded(rows) == whole
    assert {Path(row.file).name for row in rows} == {"audit.log.1", "audit.log"}


def test_a_log_that_is_being_written_keeps_its_last_events_back(tmp_path):
    text = commands(400)
    assert len(text) > 2 * WINDOW
    fresh, account = written(tmp_path / "a.log", text, fresh=True), Account()
    rows = rows_of([fresh], account)
    assert 0 < account.held < 401
    assert len(rows) + account.held == 401
    assert rows[-1].offset < len(text) - WINDOW
    # Once nobody writes any more, the others follow.
    os.utime(fresh, (0, 0))
    assert len(rows_of([fresh], start=lambda _path: rows[-1].offset)) == account.held


def test_a_packed_log_is_not_being_written(tmp_path):
    account = Account()
    rows_of([written(tmp_path / "a.log.gz", commands(20), fresh=True)], account)
    assert (account.read, account.held) == (21, 0)


def test_problems_are_collected_and_the_rest_is_read(tmp_path):
    account = Account()
    log = written(tmp_path / "a.log", commands(2) + "no record\n")
    rows = rows_of([tmp_path / "missing.log", log], account)
    assert len(rows) == 3
    assert [problem.code for problem in account.problems] == ["not-found"]
    assert sum(account.rejected.values()) == 1


def test_a_pipe_is_read_whole(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(pipe.write_text, commands(3))
        asked: list[str] = []
        rows = rows_of([pipe], start=lambda path: asked.append(path) or 10_000)  # type: ignore[func-returns-value] # a note
    assert (len(rows), asked) == (4, [])


@pytest.mark.parametrize("carrier", ["modern", "export", "journal_json", "laurel"])
def test_records_that_others_carry_are_shipped_and_go_on(tmp_path, carrier):
    plain = written(tmp_path / "audit.log", commands(30))
    log = tmp_path / "carried"
    log.write_bytes(getattr(writing, carrier)(plain.read_bytes().splitlines()))
    os.utime(log, (0, 0))
    rows = rows_of([log])
    assert [row.uid for row in rows] == [row.uid for row in rows_of([plain])]
    assert [row.offset for row in rows] == sorted({row.offset for row in rows})
    checkpoint = Checkpoint(None, Destination("dcr-1", {}))
    known = checkpoint.log(str(log))
    known.offset, known.event = rows[20].offset, rows[20].event
    assert rows_of([log], start=lambda path: checkpoint.log(path).offset) == rows[21:]
    shutil.move(log, tmp_path / "carried.1")
    assert checkpoint.log(str(tmp_path / "carried.1")) is known


def test_logs_of_other_kinds_are_refused(tmp_path):
    account = Account()
    log = written(tmp_path / "table.csv", "time,host,Image\n1,gw,/bin/sh\n")
    assert rows_of([log], account) == []
    assert [problem.code for problem in account.problems] == ["not-audit"]
