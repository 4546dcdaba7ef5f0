"""The hunt on Spark: the same findings, with two workers of which one is killed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from vedette.cli.main import main
from vedette.errors import UsageError
from vedette.hunt.options import Options
from vedette.lake import spark, writing
from vedette.lake.retro import Retro
from vedette.lake.spark import SparkHunt

#: So small that the few rows of a test make many tasks.
SMALL = {"spark.sql.files.maxPartitionBytes": "20000", "spark.sql.files.openCostInBytes": "20000"}


def test_what_executors_import_knows_no_rules_as_written():
    program = (
        "import sys, vedette.lake.executor; print([name for name in sys.modules if name.partition('.')[0] == 'sigma'])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_without_spark_the_command_says_what_is_missing(dataset, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    result = CliRunner().invoke(main, ["hunt", str(dataset), "--engine", "spark"])
    assert result.exit_code == 3
    assert "vedette[spark]" in result.stderr


def test_without_java_the_command_says_what_is_missing(monkeypatch, tmp_path):
    pytest.importorskip("pyspark", reason="Spark is not installed; `make test-long` installs it")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UsageError, match="Java 17"):
        spark.session("local[1]", {})


def test_signs_for_patterns_stand_for_themselves():
    assert spark._address(Path("/a b/[x]*{y}/%2E.parquet")) == r"file:///a b/\[x\]\*\{y\}/%2E.parquet"


@pytest.fixture(scope="module")
def whole() -> None:
    """Skips where Spark can't run, and fails where the proof is asked to be whole."""
    lacks = [name for name in ("pyspark", "pyarrow", "pandas") if importlib.util.find_spec(name) is None]
    if shutil.which("java") is None:
        lacks.append("Java 17")
    if lacks and os.environ.get("VEDETTE_CI"):
        pytest.fail(f"{', '.join(lacks)} missing")
    if lacks:
        pytest.skip(
            f"{', '.join(lacks)} missing; `make test-long` installs the packages, openjdk-17-jre-headless is Java"
        )


@pytest.fixture(scope="module")
def pieces(recording: Path, tmp_path_factory: pytest.TempPathFactory, ingest: Any) -> Path:
    """A dataset of many row groups."""
    folder = tmp_path_factory.mktemp("spark") / "data [set]"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "ROW_GROUP", 100)
        ingest(folder, recording)
    return folder


def findings(hunt: Retro) -> list[bytes]:
    import msgspec

    return [msgspec.json.encode(finding) for finding in hunt.findings()]


def stop() -> None:
    from pyspark.sql import SparkSession

    running = SparkSession.getActiveSession()
    if running is not None:
        running.stop()


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_findings_on_spark_are_those_without(whole, pieces):
    middle = 0.0
    local = Retro(Options((str(pieces),)))
    wanted = findings(local)
    (host,) = local.summary.hosts.values()
    middle = (host.first + host.last) / 2
    try:
        for options in ({}, {"since": middle}, {"until": middle}, {"routing": False, "image": "resolved"}):
            wanted = findings(Retro(Options((str(pieces),), **options)))
            found = findings(SparkHunt(Options((str(pieces),), **options), master="local[2]", conf=SMALL))
            assert found == wanted
        assert wanted
    finally:
        stop()


def executors() -> list[int]:
    """The processes of Spark's executors below this one."""
    children: dict[int, list[int]] = {}
    commands: dict[int, bytes] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(place.joinpath("stat").read_text().rpartition(")")[2].split()[1])
            commands[int(place.name)] = place.joinpath("cmdline").read_bytes()
        except (OSError, ValueError):
            continue
        children.setdefault(parent, []).append(int(place.name))
    waiting, found = [os.getpid()], []
    while waiting:
        for pid in children.get(waiting.pop(), ()):
            waiting.append(pid)
            if b"CoarseGrainedExecutorBackend" in commands.get(pid, b"") and b"java" in commands[pid].split(b"\0")[0]:
                found.append(pid)
    return found


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_worker_that_is_killed_in_mid_job_changes_nothing(whole, pieces):
    wanted = findings(Retro(Options((str(pieces),))))
    killed: list[int] = []
    try:
        hunt = SparkHunt(Options((str(pieces),)), master="local-cluster[2,1,1024]", conf=SMALL)
        tracker = hunt._spark.sparkContext.statusTracker()
        over = threading.Event()

        def kill() -> None:
            while not over.is_set():
                for stage in tracker.getActiveStageIds():
                    info = tracker.getStageInfo(stage)
                    running = executors()
                    if info is not None and info.numCompletedTasks >= 1 and info.numActiveTasks and len(running) == 2:
                        os.kill(running[0], signal.SIGKILL)
                        killed.append(running[0])
                        return
                time.sleep(0.05)

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            found = findings(hunt)
        finally:
            over.set()
            killer.join()
    finally:
        stop()
    assert killed, "the job was over before a worker could be killed"
    assert found == wanted
