"""A shipper that is killed at any point: no row is missing before its checkpoint, and few arrive twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.sentinel.shipping.logs import PROCESS, commands, rows_of, written
from tests.sentinel.workspace import Fault, Workspace

PROGRAM = [sys.executable, "-c", "from vedette.cli.main import main; main()"]
#: Groups under way, and bytes of a call: some fifteen rows.
CALLS, SIZE = 3, 20_000


def start(workspace: Workspace, log: Path) -> subprocess.Popen[bytes]:
    arguments = ["ship", str(log), "--dce", workspace.url, "--dcr", workspace.dcr, "--calls", str(CALLS)]
    arguments += ["--call-size", str(SIZE), "--checkpoint", str(log.with_name("ship.json")), *workspace.arguments()]
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        env={**os.environ, **workspace.environment()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def acknowledged(checkpoint: Path) -> int:
    """Up to where the checkpoint says that everything arrived."""
    if not checkpoint.exists():
        return -1
    return max(int(log["offset"]) for log in json.loads(checkpoint.read_bytes())["logs"])


def killed(workspace: Workspace, log: Path, rounds: int, seed: int) -> None:
    """Kill so many shippers at random points, then let one finish; hold what arrived to the log."""
    rows = rows_of([log])
    offsets = {row.uid: row.offset for row in rows}
    moments = random.Random(seed)
    ended = 0
    for number in range(rounds):
        # Some answers come late, so that rows are there which the shipper does not know of.
        workspace.misbehave(Fault("POST /dataCollectionRules", kind="slow", seconds=0.02, times=2))
        if number % 3 == 0:
            workspace.misbehave(Fault("POST /dataCollectionRules", kind="cut", handled=True, times=1))
        before = len(workspace.requests)
        shipper = start(workspace, log)
        awaited = moments.choice([0, 1, 1, 2, 3])
        while len(workspace.requests) < before + awaited and shipper.poll() is None:
            time.sleep(0.002)
        time.sleep(moments.random() * (0.05 if awaited else 1.0))
        shipper.kill()
        shipper.communicate(timeout=60)
        ended += shipper.returncode == 0
        there = {row["EventOriginalUid"] for row in workspace.tables.get(PROCESS, [])}
        done = acknowledged(log.with_name("ship.json"))
        assert {uid for uid, offset in offsets.items() if offset <= done} <= there
    workspace.behave()
    last = start(workspace, log)
    _, said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    # A shipper that was killed in the middle of a request leaves the service with half of it.
    assert [said for said in workspace.violations if "None is not of type 'array'" not in said] == []
    found = Counter(row["EventOriginalUid"] for row in workspace.tables[PROCESS])
    assert found.keys() == offsets.keys()
    most = max(len(request.body or ()) for request in workspace.requests)
    assert most < 30
    cuts = (rounds + 2) // 3
    assert sum(found.values()) - len(found) <= (rounds * CALLS + cuts) * most
    # A row that arrived twice says the same both times, parents included.
    told: dict[str, object] = {}
    for row in workspace.tables[PROCESS]:
        own = {name: value for name, value in row.items() if name not in {"_ItemId", "_TimeReceived"}}
        assert told.setdefault(row["EventOriginalUid"], own) == own
    assert ended < rounds


def test_a_killed_shipper_loses_nothing(workspace, tmp_path):
    killed(workspace, written(tmp_path / "audit.log", commands(300)), 3, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2))
def test_shippers_killed_at_fifty_points_lose_nothing(workspace, tmp_path, seed):
    killed(workspace, written(tmp_path / "audit.log", commands(4_000)), 50, seed=seed)


@pytest.mark.long
def test_two_shippers_of_one_checkpoint_are_kept_apart(workspace, tmp_path):
    log = written(tmp_path / "audit.log", commands(300))
    workspace.misbehave(Fault("POST /dataCollectionRules", kind="slow", seconds=3, times=1))
    first = start(workspace, log)
    while not (tmp_path / "ship.json.lock").exists():
        time.sleep(0.01)
    time.sleep(0.3)
    second = start(workspace, log)
    _, said = second.communicate(timeout=60)
    assert (second.returncode, b"another shipper holds the checkpoint" in said) == (3, True)
    first.communicate(timeout=60)
    assert first.returncode == 0


def test_a_signal_ends_a_run_behind_the_call_under_way(workspace, tmp_path):
    log = written(tmp_path / "audit.log", commands(300))
    workspace.misbehave(Fault("POST /dataCollectionRules", kind="slow", seconds=0.3, times=10_000))
    shipper = start(workspace, log)
    while len(workspace.requests) < 2:
        time.sleep(0.01)
    shipper.terminate()
    _, said = shipper.communicate(timeout=60)
    assert shipper.returncode == 130
    assert b"interrupted: what was acknowledged is in the checkpoint" in said
    there = Counter(row["EventOriginalUid"] for row in workspace.tables[PROCESS])
    done = acknowledged(tmp_path / "ship.json")
    # What was under way was finished, so nothing beyond the checkpoint has arrived.
    assert there == Counter(row.uid for row in rows_of([log]) if row.offset <= done)
    assert 0 < len(there) < 301
