"""Damaged and hostile logs, hunted for real: each is named in the account, and costs no finding of the others."""

from __future__ import annotations

import gzip
import os
import random
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.auditlog import execution, line, syscall

from vedette.hunt.finding import Finding
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options, Progress
from vedette.hunt.summary import Summary

RULE = """
title: Probe
id: 11111111-2222-4333-8444-555555555555
status: test
author: Vedette
logsource: {product: linux, category: process_creation}
detection:
    selection: {CommandLine|contains: needle}
    condition: selection
level: high
"""


@pytest.fixture
def rule(tmp_path: Path) -> str:
    path = tmp_path / "probe.yml"
    path.write_text(RULE)
    return str(path)


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def event(serial: int, argument: str = "needle", **options) -> bytes:
    return "".join(execution(serial, ["/bin/x", argument], pid=serial, ppid=1, **options)).encode()


def hunted(rule: str, *paths: object, **options) -> tuple[list[Finding], Summary]:
    on_progress = options.pop("on_progress", None)
    hunt = Hunt(Options(tuple(map(str, paths)), rules=(rule,), **options), on_progress=on_progress)
    return list(hunt.findings()), hunt.summary


def serials(findings: list[Finding]) -> list[int]:
    return [finding.origin.serial for finding in findings]


def problems(summary: Summary) -> dict[str, str]:
    """What is said of each log, by the last part of its path."""
    return {Path(str(problem.location.path)).name: problem.code for problem in summary.log_problems if problem.location}


def bulk(path: Path) -> Path:
    """A log of more than one chunk, every event of which matches."""
    path.write_bytes(b"".join(event(serial, "needle" * 300) for serial in range(1, 4_000)))
    assert path.stat().st_size > 9 << 20
    return path


def during(act: Callable[[], object]) -> Callable[[Progress], None]:
    """Progress that acts once, when the first chunk of the first log is read."""
    done: list[bool] = []

    def on_progress(progress: Progress) -> None:
        if progress.phase == "log" and not done:
            done.append(True)
            act()

    return on_progress


def good(logs: Path, name: str = "good.log", serial: int = 5) -> Path:
    path = logs / name
    path.write_bytes(event(serial))
    return path


def test_an_empty_log_is_named(rule, logs):
    empty = logs / "empty.log"
    empty.touch()
    findings, summary = hunted(rule, empty, good(logs))
    assert serials(findings) == [5]
    assert summary.notes == [f"{empty} is empty"]


def test_an_empty_log_in_a_folder_is_named(rule, logs):
    (logs / "empty.log").touch()
    good(logs)
    findings, summary = hunted(rule, logs)
    assert serials(findings) == [5]
    assert problems(summary) == {"empty.log": "not-a-log"}


def test_random_bytes_are_counted_and_cost_nothing_else(rule, logs):
    noise = random.Random(1).randbytes(500_000)
    path = logs / "binary.log"
    path.write_bytes(event(5) + noise + b"\n" + event(6))
    findings, summary = hunted(rule, path)
    assert serials(findings) == [5, 6]
    assert sum(summary.rejected.values()) == noise.count(b"\n") + 1
    assert all(place.startswith(f"{path}:") for place in summary.rejected_examples.values())


def test_a_binary_that_is_no_log_at_all_is_said_to_be_none(rule, logs):
    path = logs / "binary"
    path.write_bytes(random.Random(2).randbytes(300_000))
    findings, summary = hunted(rule, path, good(logs))
    assert serials(findings) == [5]
    assert sum(summary.rejected.values()) > 100
    assert list(summary.hosts) == ["gw"]


def test_a_truncated_gzip_gives_all_that_came_before(rule, logs):
    text = b"".join(event(serial, f"needle{random.Random(serial).random()}") for serial in range(1, 400))
    path = logs / "cut.log.gz"
    path.write_bytes(gzip.compress(text)[:-3_000])
    findings, summary = hunted(rule, path, good(logs, serial=999))
    assert 999 in serials(findings)
    before = [serial for serial in serials(findings) if serial != 999]
    assert len(before) > 50
    assert before == list(range(1, len(before) + 1))
    assert problems(summary) == {"cut.log.gz": "truncated"}


def test_a_corrupt_gzip_gives_all_that_came_before(rule, logs):
    packed = bytearray(gzip.compress(b"".join(event(serial, f"needle{serial}") for serial in range(1, 4_000))))
    packed[len(packed) // 2] ^= 0xFF
    path = logs / "bad.log.gz"
    path.write_bytes(packed)
    findings, summary = hunted(rule, path, good(logs, serial=9_999))
    assert 9_999 in serials(findings)
    assert len(findings) > 100
    assert problems(summary) == {"bad.log.gz": "corrupt"}


def test_a_line_of_a_hundred_megabytes_is_dropped_alone(rule, logs):
    path = logs / "long.log"
    with path.open("wb") as file:
        file.write(event(5))
        file.write(b"node=gw type=USER_CMD msg=audit(1795509330.000:6): ")
        for _ in range(100):
            file.write(b"A" * 1_000_000)
        file.write(b"\n" + event(7))
    findings, summary = hunted(rule, path)
    assert serials(findings) == [5, 7]
    assert summary.rejected == {"too-long": 1}
    assert list(summary.rejected_examples.values()) == [f"{path}:{len(event(5))}"]


def test_a_log_that_is_one_endless_line_is_counted_once(rule, logs):
    path = logs / "endless.log"
    path.write_bytes(b"type=SYSCALL " + b"B" * 20_000_000)
    findings, summary = hunted(rule, path, good(logs))
    assert serials(findings) == [5]
    assert summary.rejected == {"too-long": 1}


def test_invalid_utf8_is_shown_as_such(rule, logs):
    path = logs / "latin1.log"
    user = (
        b"node=gw type=USER_CMD msg=audit(1795509330.000:4): pid=1 uid=0 auid=0 ses=1 msg='cmd=\xff\xfe\xed\xa0\x80'\n"
    )
    argument = b'a1="needle"'
    hexed = b"a1=" + b"needle\xff\xc3(".hex().upper().encode()
    path.write_bytes(user + event(5).replace(argument, hexed))
    findings, summary = hunted(rule, path)
    assert serials(findings) == [5]
    assert findings[0].process is not None
    assert findings[0].process.command_line == "/bin/x needle\ufffd\ufffd("
    assert not summary.rejected


def test_nul_bytes_of_a_crash_are_counted(rule, logs):
    path = logs / "crash.log"
    path.write_bytes(event(5) + b"\0" * 4096 + b"\n" + event(6) + b"\0" * 100 + event(7) + event(8))
    findings, summary = hunted(rule, path)
    # The line behind the NULs is lost with them; its event is the only one.
    assert serials(findings) == [5, 6, 8]
    assert summary.rejected == {"nul-bytes": 2}


def test_a_utf16_log_is_loudly_nothing(rule, logs):
    path = logs / "utf16.log"
    path.write_bytes(event(5).decode().encode("utf-16"))
    findings, summary = hunted(rule, path, good(logs, serial=6))
    assert serials(findings) == [6]
    assert summary.rejected["nul-bytes"] >= 5


def test_a_fifo_is_read_to_its_end(rule, logs):
    path = logs / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_bytes(event(7)), daemon=True)
    writer.start()
    findings, summary = hunted(rule, path, good(logs))
    writer.join(10)
    assert sorted(serials(findings)) == [5, 7]
    assert not summary.log_problems


def test_a_fifo_in_a_folder_is_named_and_not_waited_for(rule, logs):
    os.mkfifo(logs / "fifo")
    good(logs)
    findings, summary = hunted(rule, logs)
    assert serials(findings) == [5]
    assert problems(summary) == {"fifo": "not-a-log"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_without_permission_is_named(rule, logs):
    closed = logs / "closed"
    closed.mkdir()
    good(closed)
    closed.chmod(0)
    try:
        findings, summary = hunted(rule, closed, good(logs))
    finally:
        closed.chmod(0o700)
    assert serials(findings) == [5]
    assert problems(summary) == {"closed": "permission"}


def test_a_folder_that_the_system_denies_is_named(rule, logs, monkeypatch):
    """The same for root, who is denied nothing: the system's answer is made up."""
    closed = logs / "closed"
    closed.mkdir()
    scan = os.scandir

    def denied(path: str = "."):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)
    findings, summary = hunted(rule, closed, good(logs))
    assert serials(findings) == [5]
    assert problems(summary) == {"closed": "permission"}


def test_a_file_that_the_system_denies_is_named(rule, logs, monkeypatch):
    closed = good(logs, "closed.log", 6)
    real = os.open

    def denied(path, *options, **others):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *options, **others)

    monkeypatch.setattr(os, "open", denied)
    findings, summary = hunted(rule, closed, good(logs))
    assert serials(findings) == [5]
    assert problems(summary) == {"closed.log": "permission"}


def test_a_log_that_grows_while_it_is_read_says_so(rule, logs):
    path = bulk(logs / "big.log")

    def write_on():
        with path.open("ab") as file:
            file.write(event(9_998))

    findings, summary = hunted(rule, path, good(logs, serial=9_999), on_progress=during(write_on))
    assert sorted(serials(findings)) == [*range(1, 4_000), 9_999]
    assert problems(summary) == {"big.log": "grew"}


def test_a_log_that_is_truncated_while_it_is_read_says_so(rule, logs):
    path = bulk(logs / "big.log")
    other = good(logs, serial=9_999)
    findings, summary = hunted(rule, path, other, on_progress=during(lambda: os.truncate(path, 100)))
    assert serials(findings)[:1_000] == list(range(1, 1_001))
    assert serials(findings)[-1] == 9_999
    assert problems(summary) == {"big.log": "shrank"}


def test_links_in_a_circle_are_named(rule, logs):
    (logs / "a").symlink_to(logs / "b")
    (logs / "b").symlink_to(logs / "a")
    (logs / "up").symlink_to(logs)
    good(logs)
    findings, summary = hunted(rule, logs, logs / "a")
    assert serials(findings) == [5]
    assert set(problems(summary)) == {"a", "b"}


def test_a_log_given_twice_is_read_once(rule, logs):
    path = good(logs)
    (logs / "link.log").symlink_to(path)
    os.link(path, logs / "hard.log")
    findings, summary = hunted(rule, path, logs / "link.log", path, logs)
    assert serials(findings) == [5]
    assert {problem.code for problem in summary.log_problems} == {"named-twice"}


def test_a_copy_of_a_log_is_named(rule, logs):
    path = good(logs)
    (logs / "copy.log").write_bytes(path.read_bytes())
    _, summary = hunted(rule, logs)
    assert problems(summary) == {"good.log": "same-beginning"} or problems(summary) == {"copy.log": "same-beginning"}


def test_a_log_that_vanishes_before_its_turn_is_named(rule, logs):
    first, second, third = bulk(logs / "first.log"), logs / "second.log", logs / "third.log"
    second.write_bytes(event(9_998, time=1795509400.0))
    third.write_bytes(event(9_999, time=1795509500.0))
    findings, summary = hunted(rule, first, second, third, on_progress=during(second.unlink))
    assert problems(summary) == {"second.log": "not-found"}
    assert serials(findings) == [*range(1, 4_000), 9_999]


def test_the_last_log_can_vanish_too(rule, logs):
    """The events of the log before it wait for its beginning; they come all the same."""
    first, second = good(logs), logs / "second.log"
    second.write_bytes(event(6, time=1795509400.0))
    findings, summary = hunted(rule, first, logs / "absent.log", second)
    assert serials(findings) == [5, 6]
    assert problems(summary) == {"absent.log": "not-found"}


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero"])
def test_devices_are_refused(rule, logs, path):
    findings, summary = hunted(rule, path, good(logs))
    assert serials(findings) == [5]
    assert [problem.code for problem in summary.log_problems] == ["is-a-device"]


def test_times_beyond_any_calendar_are_read(rule, logs):
    path = logs / "time.log"
    late = event(5).replace(b"1795509330.000", b"999999999999.999")
    early = event(6).replace(b"1795509330.000", b"0.000")
    path.write_bytes(late + early + event(7))
    findings, summary = hunted(rule, path)
    assert sorted(serials(findings)) == [5, 6, 7]
    assert summary.hosts["gw"].covered_hours == 3


def test_a_serial_beyond_any_kernel_s_is_rejected(rule, logs):
    path = logs / "serial.log"
    path.write_bytes(event(5).replace(b":5)", b":99999999999)") + event(6))
    findings, summary = hunted(rule, path)
    assert serials(findings) == [6]
    assert summary.rejected == {"bad-header": 6}


def test_a_process_that_respawns_itself_for_ever_is_bounded(rule, logs):
    path = logs / "chain.log"
    steps = 3_000
    chain = [
        "".join(execution(pid, ["/bin/x", "needle" if pid == steps else "x"], pid=pid, ppid=pid - 1))
        for pid in range(2, steps + 1)
    ]
    path.write_text("".join(chain))
    (finding,), _ = hunted(rule, path)
    assert finding.process is not None
    assert 60 < len(finding.process.ancestors) <= 64


def test_a_log_of_thousands_of_hosts_is_bounded(rule, logs, monkeypatch):
    from vedette.telemetry.auditd import reader, scanner

    monkeypatch.setattr(scanner, "MAX_NODES", 20)
    monkeypatch.setattr(reader, "MAX_NODES", 20)
    path = logs / "fleet.log"
    path.write_bytes(b"".join(event(5, node=f"host{number}") for number in range(30)))
    findings, summary = hunted(rule, path)
    assert len(findings) == 20
    assert summary.rejected == {"too-many-nodes": 10}


def test_a_log_cut_within_an_argument_is_marked(rule, logs):
    path = logs / "cut.log"
    whole = event(5, "needle and more")
    path.write_bytes(whole[: whole.index(b"616E64")])
    (finding,), _ = hunted(rule, path)
    assert finding.process is not None
    assert finding.process.command_line == "/bin/x needle "
    assert finding.process.cut


def test_text_of_strangers_can_hide_nothing(rule, logs):
    """A user-space record with whole records in it, and a process that names itself like fields."""
    path = logs / "forged.log"
    forged = b"node=gw type=USER_CMD msg=audit(1795509330.000:4): pid=1 uid=0 auid=0 ses=1 msg='cmd=" + b" ".join(
        event(4, "needle").split(b"\n")
    )
    call = syscall(59, pid=9, ppid=1, exe="/bin/x", comm='x" auid=0 exe="/bin/y')
    posing = line("SYSCALL", 6, call).encode() + event(6).split(b"\n", 1)[1]
    path.write_bytes(forged + b"'\n" + event(5, "haystack") + posing)
    findings, summary = hunted(rule, path)
    assert serials(findings) == [6]
    assert findings[0].process is not None
    assert findings[0].process.image == "/bin/x"
    assert findings[0].login_user == "1000"
    assert not summary.rejected


def test_many_bad_logs_cost_one_good_one_nothing(rule, logs):
    (logs / "empty").touch()
    (logs / "noise").write_bytes(random.Random(3).randbytes(70_000))
    (logs / "cut.gz").write_bytes(gzip.compress(event(9) * 50)[:-10])
    (logs / "no.gz").write_bytes(b"\x1f\x8b\x08")
    (logs / "no.xz").write_bytes(b"\xfd7zXZ\0" + b"x" * 100)
    (logs / "no.zst").write_bytes(b"\x28\xb5\x2f\xfd" + b"x" * 100)
    (logs / "text").write_text("hello\n" * 100)
    good(logs)
    findings, summary = hunted(rule, logs)
    assert 5 in serials(findings)
    assert set(problems(summary)) >= {"empty", "noise", "cut.gz", "no.gz", "no.xz", "no.zst", "text"}
