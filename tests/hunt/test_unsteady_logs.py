"""Logs that vanish, are cut or glued together: what is there is found, and what is not is told."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from tests.auditlog import execution
from tests.telemetry.carrier import writing

from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options

RULE = """
title: Flush
id: 5dd0ba5a-0d36-4a8a-a5a5-4b0b6a7f3d6a
logsource: {product: linux, category: process_creation}
detection: {selection: {CommandLine|contains: flush}, condition: selection}
level: high
"""
WRITERS = {
    "audit.log": lambda lines: b"".join(line + b"\n" for line in lines),
    "syslog": writing.modern,
    "journal": writing.export,
    "laurel": writing.laurel,
}


@pytest.fixture
def rule(tmp_path: Path) -> str:
    path = tmp_path / "rule.yml"
    path.write_text(RULE)
    return str(path)


def events(number: int, first: int = 1) -> list[bytes]:
    return [
        line.encode().removesuffix(b"\n")
        for serial in range(first, first + number)
        for line in execution(serial, ["/usr/sbin/nft", "flush", str(serial)], pid=100 + serial, ppid=1)
    ]


def serials(hunt: Hunt) -> list[int]:
    return [finding.origin.serial for finding in hunt.findings()]


@pytest.mark.parametrize("carrier", WRITERS)
def test_a_cut_archive_gives_what_it_holds(tmp_path: Path, rule: str, carrier: str) -> None:
    path = tmp_path / "log.gz"
    data = gzip.compress(WRITERS[carrier](events(3_000)), mtime=0)
    path.write_bytes(data[: len(data) * 2 // 3])
    hunt = Hunt(Options((str(path),), rules=(rule,)))
    found = serials(hunt)
    assert found == list(range(1, len(found) + 1))
    assert 1_000 < len(found) < 3_000
    assert [problem.code for problem in hunt.summary.log_problems] == ["truncated"]


@pytest.mark.parametrize("carrier", WRITERS)
def test_archives_one_behind_the_other_are_one_log(tmp_path: Path, rule: str, carrier: str) -> None:
    path = tmp_path / "log.gz"
    write = WRITERS[carrier]
    path.write_bytes(gzip.compress(write(events(5))) + gzip.compress(write(events(5, 6))))
    hunt = Hunt(Options((str(path),), rules=(rule,)))
    assert serials(hunt) == list(range(1, 11))
    assert hunt.summary.log_problems == []


@pytest.mark.parametrize("carrier", WRITERS)
def test_rotation_in_the_middle_of_an_event_costs_nothing(tmp_path: Path, rule: str, carrier: str) -> None:
    lines = events(10)
    middle = len(lines) // 2 + (0 if carrier == "laurel" else 2)
    parts = lines[:middle], lines[middle:]
    for name, part in zip(("a", "b"), parts, strict=True):
        (tmp_path / name).write_bytes(WRITERS[carrier](part))
    hunt = Hunt(Options((str(tmp_path / "a"), str(tmp_path / "b")), rules=(rule,)))
    assert serials(hunt) == list(range(1, 11))


def test_a_log_that_vanishes_before_it_is_read_is_told(tmp_path: Path, rule: str) -> None:
    for number, name in enumerate(("a", "b", "c")):
        (tmp_path / name).write_bytes(writing.modern(events(2, 1 + 2 * number)))
    hunt = Hunt(Options(tuple(str(tmp_path / name) for name in "abc"), rules=(rule,)))
    assert len(hunt.listing.files) == 3
    (tmp_path / "b").unlink()
    assert serials(hunt) == [1, 2, 5, 6]
    assert len(hunt.summary.log_problems) == 1
    assert hunt.summary.log_problems[0].location.path == str(tmp_path / "b")


def test_a_log_that_is_replaced_while_it_is_read_is_read_to_its_end(tmp_path: Path, rule: str) -> None:
    path = tmp_path / "syslog"
    path.write_bytes(writing.modern(events(5_000)))

    def rotate(_progress: object) -> None:
        if not (tmp_path / "syslog.1").exists() and path.exists() and hunting:
            path.rename(tmp_path / "syslog.1")
            path.write_bytes(writing.modern(events(1, 9_000)))

    hunting: list[bool] = []
    hunt = Hunt(Options((str(path),), rules=(rule,)), on_progress=rotate)
    assert hunt.listing.files
    hunting.append(True)
    assert serials(hunt) == list(range(1, 5_001))
    assert hunt.summary.log_problems == []


def test_formats_side_by_side_in_one_folder(tmp_path: Path, rule: str) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number, (name, write) in enumerate(WRITERS.items()):
        (logs / f"{number}.{name}").write_bytes(write(events(2, 1 + 2 * number)))
    (logs / "notes.txt").write_text("type=SYSCALL msg=audit( is what to look for\n")
    hunt = Hunt(Options((str(logs),), rules=(rule,)))
    assert sorted(serials(hunt)) == list(range(1, 9))
    assert {file.format for file in hunt.listing.files} == {"auditd", "syslog", "journal", "laurel"}
    assert [problem.code for problem in hunt.summary.log_problems] == ["not-a-log"]
