"""When a log saw nothing: missing serials, whatever their order, and auditing that was stopped or changed."""

from __future__ import annotations

import datetime as dt
from importlib.resources import files
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from vedette.hunt.sight import MAX_HOLES, Sight

EVIDENCE = Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence"


def line(serial: int, time: float = 0.0, kind: str = "SYSCALL", body: str = "arch=x", node: str = "") -> bytes:
    prefix = f"node={node} " if node else ""
    return f"{prefix}type={kind} msg=audit({1_700_000_000 + time:.3f}:{serial}): {body}\n".encode()


def seen(log: bytes, size: int = 1 << 20) -> list[tuple[str, str, int | None]]:
    sight = Sight()
    chunks = [log[start : start + size] for start in range(0, len(log), size)]
    assert b"".join(sight.through(chunks)) == log
    return [(blind.host, blind.cause, blind.events) for blind in sight.blind()]


def test_missing_serials_are_told_with_their_span():
    sight = Sight()
    list(sight.through([line(5, 1), line(6, 2), line(9, 7), line(10, 8)]))
    (blind,) = sight.blind()
    assert (blind.cause, blind.events, blind.start, blind.end) == ("lost", 2, 1_700_000_002.0, 1_700_000_007.0)
    assert blind.text == "2 events are missing by their serials"


@given(st.sets(st.integers(0, 60), min_size=1), st.randoms(use_true_random=False), st.integers(1, 200))
def test_no_order_and_no_chunk_changes_what_is_missing(serials, random, size):
    order = sorted(serials)
    low, high = order[0], order[-1]
    middle = order[1:-1]
    random.shuffle(middle)
    log = b"".join(line(1000 + serial) for serial in (low, *middle, high) for _ in range(2))
    missing = set(range(low, high + 1)) - serials
    assert sum(events or 0 for _, cause, events in seen(log, size) if cause == "lost") == len(missing)


def test_nodes_count_apart_and_a_reboot_is_no_loss():
    log = b"".join(
        [line(7, node="a"), line(50_000, node="b"), line(8, node="a"), line(50_001, node="b"), line(3, node="b")]
    )
    assert seen(log) == []
    assert seen(log + line(10, node="a")) == [("a", "lost", 1)]


def test_a_stopped_daemon_is_blind_until_it_starts():
    log = line(4, 1) + line(99, 2, "DAEMON_END", "op=terminate") + line(12_345, 62, "DAEMON_START") + line(5, 63)
    assert seen(log) == [("", "stopped", None)]
    sight = Sight()
    list(sight.through([log, line(99, 70, "DAEMON_ABORT")]))
    ends = [(blind.end, blind.text) for blind in sight.blind()]
    assert ends == [
        (1_700_000_062.0, "auditd was stopped for 60 s"),
        (None, "auditd was stopped, and the log shows no start after it"),
    ]


def test_changes_of_auditing_are_told():
    log = line(1, 1, "CONFIG_CHANGE", "op=set audit_enabled=0 old=1") + line(
        2, 2, "CONFIG_CHANGE", "auid=0 op=remove_rule key=x"
    )
    assert seen(log) == [("", "disabled", None), ("", "rules", None)]
    assert seen(line(1, 1, "CONFIG_CHANGE", "op=set audit_enabled=1 old=0")) == []


def test_a_change_that_the_kernel_refused_changes_nothing():
    for body in ("op=set audit_enabled=0 old=2 auid=0 ses=1 res=0", "auid=0 op=remove_rule key=x list=4 res=0"):
        assert seen(line(1, 1, "CONFIG_CHANGE", body)) == []
        assert len(seen(line(1, 1, "CONFIG_CHANGE", body.replace("res=0", "res=1")))) == 1


def test_a_record_of_another_boot_fills_no_hole():
    first = line(20_000) + line(20_011)
    second = b"".join(line(serial, 900) for serial in (*range(3, 20_013), 20_005))
    assert seen(first) == seen(first + second) == [("", "lost", 10)]


def test_times_beyond_the_calendar_are_its_last_second():
    sight = Sight()
    list(sight.through([line(1), line(9).replace(b"1700000000", b"999999999999")]))
    (blind,) = sight.blind()
    assert dt.datetime.fromtimestamp(blind.end or 0.0, dt.UTC).year == 9999


def test_late_records_without_end_split_no_hole_without_end():
    sight = Sight()
    late = b"".join(line(serial) for base in range(1, 4) for serial in range(9_000 * base, 9_000 * base - 8_900, -2))
    list(sight.through([line(0), *(line(9_000 * base + 50) + late for base in range(1, 4))]))
    assert len(sight.blind()) <= 2 * MAX_HOLES


def test_text_inside_a_record_is_no_record():
    assert seen(line(1) + line(2, body='comm="x type=DAEMON_END msg=audit(1700000000.000:9): "') + line(3)) == []


def test_holes_without_end_are_bounded():
    log = b"".join(line(2 * number) for number in range(1500))
    found = seen(log)
    assert len(found) == 1000
    assert sum(events or 0 for _, _, events in found) >= 1499


def test_the_recordings_lost_nothing_while_they_ran():
    import gzip

    for name in ("gw-nft-01", "gw-legacy-01"):
        found = seen(gzip.decompress((EVIDENCE / f"{name}.audit.log.gz").read_bytes()))
        assert [cause for _, cause, _ in found] == ["stopped"]
