from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from vedette.errors import UsageError
from vedette.lake.dataset import Dataset, store
from vedette.lake.entry import Part


def rows(dataset: Path) -> int:
    return sum(entry.rows for entry in Dataset(str(dataset)).entries())


def parts(dataset: Path) -> list[Part]:
    return [part for entry in Dataset(str(dataset)).entries() for part in (*entry.parts, *entry.processes)]


def files(dataset: Path) -> set[str]:
    return {str(path.relative_to(dataset)) for path in dataset.rglob("kind=*/**/*") if path.is_file()}


def serial(line: bytes) -> bytes:
    return line.partition(b"):")[0].rpartition(b":")[2]


@pytest.fixture
def lines(recording: Path) -> list[bytes]:
    return recording.read_bytes().splitlines(keepends=True)[:3000]


def test_a_log_adds_nothing_twice_under_any_name(tmp_path, lines, ingest):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    log.write_bytes(b"".join(lines))
    first = ingest(lake, log)
    before = files(lake), rows(lake)
    rotated = tmp_path / "audit.log.1.gz"
    rotated.write_bytes(gzip.compress(log.read_bytes()))
    for name in (log, rotated):
        again = ingest(lake, name)
        assert (again.added, again.known, again.rows) == ([], [str(name)], 0)
    assert first.rows == before[1] > 0
    assert (files(lake), rows(lake)) == before


def test_a_log_that_has_grown_takes_the_place_of_what_it_was(tmp_path, lines, ingest):
    log, lake, at_once = tmp_path / "audit.log", tmp_path / "lake", tmp_path / "once"
    log.write_bytes(b"".join(lines[:1701]))
    ingest(lake, log)
    log.write_bytes(b"".join(lines))
    assert len(ingest(lake, log).added) == 1
    ingest(at_once, log)
    assert rows(lake) == rows(at_once)
    assert len(Dataset(str(lake)).entries()) == 1
    assert files(lake) == {part.path for part in parts(lake)}


def test_a_shorter_copy_adds_nothing(tmp_path, lines, ingest):
    log, copy, lake = tmp_path / "audit.log", tmp_path / "copy.log", tmp_path / "lake"
    log.write_bytes(b"".join(lines))
    ingest(lake, log, records=False)
    before = pl.scan_parquet(lake / "kind=process_creation/**/*.parquet").collect()
    cut = next(n for n in range(1000, len(lines)) if serial(lines[n]) != serial(lines[n - 1]))  # between two events
    copy.write_bytes(b"".join(lines[:cut]))
    account = ingest(lake, copy, records=False)
    assert account.twice > 0
    after = pl.scan_parquet(lake / "kind=process_creation/**/*.parquet").collect()
    assert len(after) == len(before)


def test_logs_one_after_the_other_are_as_if_read_together(tmp_path, lines, ingest):
    # Cut in the middle of an event, as rotation does.
    old, new = tmp_path / "audit.log.1", tmp_path / "audit.log"
    old.write_bytes(b"".join(lines[:1502]))
    lake, at_once = tmp_path / "lake", tmp_path / "once"
    ingest(lake, tmp_path / "audit.log.1")
    new.write_bytes(b"".join(lines[1502:]))
    ingest(lake, old, new)
    ingest(at_once, old, new)
    assert rows(lake) == rows(at_once)
    names = ["time", "serial", "pid", "CommandLine", "ParentCommandLine", "log", "offset"]
    found = [
        pl.scan_parquet(folder / "kind=process_creation/**/*.parquet").select(names).collect().sort("log", "offset")
        for folder in (lake, at_once)
    ]
    assert found[0].equals(found[1])


def test_what_a_pipe_brings_again_adds_nothing(tmp_path, lines, ingest):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    log.write_bytes(b"".join(lines[:500]))
    ingest(lake, log)
    before = files(lake)
    with log.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", "from vedette.cli.main import main; main()", "ingest", "-", "-o", str(lake)],
            stdin=file, capture_output=True, timeout=60, check=False, text=True,
        )  # fmt: skip
    assert "1 log known already" in done.stderr
    assert files(lake) == before


def test_what_a_stopped_writer_left_is_swept(tmp_path, lines, ingest):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    log.write_bytes(b"".join(lines[:500]))
    ingest(lake, log)
    left = lake / "kind=auditd/day=2026-11-24/host=gw" / f"{'a' * 24}.parquet"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"half")
    half = left.with_name(f".auditd-{'b' * 24}.parquet.tmp")
    half.write_bytes(b"half")
    with store(str(lake)):
        pass
    assert not left.exists()
    assert not half.exists()
    assert files(lake) == {part.path for part in parts(lake)}


def test_a_full_disk_leaves_what_was_whole(tmp_path, lines, ingest):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    log.write_bytes(b"".join(lines[:500]))
    ingest(lake, log)
    before = rows(lake)
    more = tmp_path / "more.log"
    more.write_bytes(b"".join(lines[500:]))
    program = (
        "import resource, sys, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "from vedette.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "ingest", str(more), "-o", str(lake)],
        capture_output=True, timeout=60, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "can't write" in done.stderr
    assert rows(lake) == before
    assert ingest(lake, more).rows > 0


def test_a_run_that_is_stopped_leaves_only_whole_logs(tmp_path, lines, ingest):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    log.write_bytes(b"".join(lines))
    from vedette.lake.ingest import Ingest

    with store(str(lake)) as opened:
        running = Ingest(opened).run([str(log)])
        next(running)
        running.close()  # type: ignore[attr-defined]
    assert rows(lake) == 0
    assert files(lake) == set()


def test_two_writers_at_once_are_refused(tmp_path):
    with (
        store(str(tmp_path / "lake")),
        pytest.raises(UsageError, match="being written to"),
        store(str(tmp_path / "lake")),
    ):
        pass


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(UsageError, match="is no dataset"), store(str(tmp_path)):
        pass


def test_hosts_can_not_write_elsewhere(tmp_path, lines, ingest):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    text = b"".join(lines[:200])
    log.write_bytes(re.sub(rb"^(node=\S+ )?", b"node=../../../x/y ", text, flags=re.MULTILINE))
    assert ingest(lake, log).rows > 0
    assert {path.name for path in tmp_path.iterdir()} == {"audit.log", "lake"}
    assert all(part.host in ("../../../x/y", "") for part in parts(lake))


def test_an_account_that_points_elsewhere_is_refused(tmp_path, lines, ingest):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    log.write_bytes(b"".join(lines[:100]))
    ingest(lake, log)
    (entry,) = (lake / "_vedette/logs").glob("*.json")
    entry.write_text(re.sub(r'"path":"[^"]*"', '"path":"../../secret.parquet"', entry.read_text(), count=1))
    with pytest.raises(UsageError, match="not written by"):
        Dataset(str(lake)).entries()


def test_numbers_beyond_all_bounds_are_kept(tmp_path, lines, ingest):
    log, lake = tmp_path / "audit.log", tmp_path / "lake"
    text = b"".join(lines[:300])
    log.write_bytes(
        re.sub(rb" inode=\d+", b" inode=99999999999999999999", re.sub(rb"audit\(\d+", b"audit(999999999999", text))
    )
    assert ingest(lake, log).rows > 0


def test_records_that_syslog_carries_are_kept_like_auditds_own(tmp_path, lines, ingest):
    log, syslog = tmp_path / "audit.log", tmp_path / "syslog"
    log.write_bytes(b"".join(lines))
    head = b"2026-11-24T08:35:30.000000+00:00 gw-nft-01 audisp-syslog: "
    syslog.write_bytes(b"".join(head + line.replace(b"\x1d", b" ") for line in lines))
    assert ingest(tmp_path / "own", log).rows == ingest(tmp_path / "carried", syslog).rows > 0


def test_a_log_of_another_kind_is_named_and_not_kept(tmp_path, lines, ingest):
    log, other = tmp_path / "audit.log", tmp_path / "events.json"
    log.write_bytes(b"".join(lines))
    other.write_text('{"Event":{"System":{"EventID":1,"Channel":"Security","Computer":"a"},"EventData":{"a":"b"}}}\n')
    account = ingest(tmp_path / "lake", log, other)
    assert account.rows == ingest(tmp_path / "alone", log).rows  # down to the last event
    assert [problem.code for problem in account.problems] == ["not-kept"]
    assert "Windows events as JSON" in str(account.problems[0])
    assert len(account.added) == 1
