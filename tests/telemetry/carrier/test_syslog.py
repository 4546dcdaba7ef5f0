from __future__ import annotations

import tracemalloc

import pytest

from vedette.telemetry.block import MAX_LINE
from vedette.telemetry.carrier.separator import restored, unescaped
from vedette.telemetry.carrier.syslog import Syslog, first_record, recognise

CWD = b'type=CWD msg=audit(1795509330.159:7): cwd="/"'
STAMP = b"Nov 24 08:35:30 gw "


def read(data: bytes, size: int = 1 << 20) -> tuple[list[bytes], Syslog]:
    syslog = Syslog()
    out = b"".join(syslog.stream(data[at : at + size] for at in range(0, len(data), size)))
    return out.split(b"\n")[:-1] if out.endswith(b"\n") else out.split(b"\n"), syslog


@pytest.mark.parametrize(
    "prefix",
    [
        b"Nov 24 08:35:30 gw audispd: ",
        b"Nov  4 08:35:30 gw audisp-syslog[77]: ",
        b"<182>Nov 24 08:35:30 gw audispd: ",
        b"Nov 24 2026 08:35:30.123 gw auditd[1]: ",
        b"2026-11-24T08:35:30.159Z gw tag_audit_log: ",
        b"2026-11-24T08:35:30+0100 gw audispd: ",
        b"<182>1 2026-11-24T08:35:30.159+01:00 gw audispd 77 - - ",
        b'<182>1 2026-11-24T08:35:30.159+01:00 gw audispd - ID [x@1 a="\\"]"][y@1 b="2"] \xef\xbb\xbf',
    ],
)
def test_prefixes(prefix: bytes) -> None:
    lines, syslog = read((prefix + CWD + b"\n") * 3)
    assert lines == [b"node=gw " + CWD] * 3
    assert [syslog.places.in_file(start) for start in (0, len(lines[0]) + 1)] == [0, len(prefix + CWD) + 1]
    assert recognise(prefix + CWD + b"\n")
    assert first_record(prefix + CWD + b"\n") == ("gw", 1795509330.159)


def test_the_node_that_a_record_names_is_kept() -> None:
    assert read(STAMP + b"audispd: node=other " + CWD + b"\n")[0] == [b"node=other " + CWD]


@pytest.mark.parametrize(
    "line",
    [
        b"sshd[1]: Invalid user " + CWD,
        b"sshd[1]: " + CWD,
        b"mallory: audispd: " + CWD,
        b"audispd-x: " + CWD,
        b"audispd: Invalid " + CWD,
        b"sshd[1]: x\rNov 24 08:35:30 gw audispd: " + CWD,
        b"kernel: mallory: audit: type=1307 audit(1795509330.159:7): cwd=1",
        b"kernel: audit: type=1307 audit(x)",
        b"auditd[1]: Init complete",
    ],
)
def test_text_of_other_programs_never_poses_as_a_record(line: bytes) -> None:
    lines, syslog = read(STAMP + line + b"\n")
    assert lines == [b""]
    assert syslog.others == 1
    assert not recognise(STAMP + line + b"\n")


def test_lines_that_only_look_like_a_known_prefix_are_looked_at_by_themselves() -> None:
    good = STAMP + b"audispd: " + CWD + b"\n"
    for other in (STAMP + b"audisqd: " + CWD, b"Nov 24 08:35:30 gx audispd: " + CWD, STAMP + b"audispd: typo=CWD"):
        lines, _ = read(good * 3 + other + b"\n" + good)
        assert lines.count(b"node=gw " + CWD) == 4
        assert (b"node=gx " + CWD in lines) == (b"gx" in other)


def test_what_the_kernel_printed_gets_its_names() -> None:
    lines, _ = read(
        STAMP
        + b'kernel: [   12.345678] audit: type=1307 audit(1795509330.159:7): cwd="/"\n'
        + STAMP
        + b"kernel: audit: type=1999 audit(1795509330.159:8): a=1\n"
    )
    assert lines == [b"node=gw " + CWD, b"node=gw type=UNKNOWN[1999] msg=audit(1795509330.159:8): a=1"]


def test_order_is_kept_whatever_the_prefixes() -> None:
    prefixes = [b"audispd: ", b"audisp-syslog[7]: ", b"x: ", b"auditd: "]
    records = [b"type=CWD msg=audit(1795509330.159:%d): cwd=1" % number for number in range(200)]
    data = b"".join(STAMP + prefixes[n * n % 4] + record + b"\n" for n, record in enumerate(records))
    lines, _ = read(data, 1_000)
    kept = [b"node=gw " + record for n, record in enumerate(records) if n * n % 4 != 2]
    assert lines == kept


def test_more_prefixes_than_are_remembered() -> None:
    data = b"".join(STAMP + b"audispd[%d]: " % number + CWD + b"\n" for number in range(100, 200))
    assert read(data)[0] == [b"node=gw " + CWD] * 100


def test_a_torn_last_line_stays_torn() -> None:
    assert read(STAMP + b"audispd: " + CWD[:-4])[1].records == 1
    assert b"".join(Syslog().stream([STAMP + b"audispd: " + CWD[:-4]])) == b"node=gw " + CWD[:-4]
    assert b"".join(Syslog().stream([STAMP + b"audispd: " + CWD + b"\nNov 24"])) == b"node=gw " + CWD + b"\n"


def test_an_endless_line_is_dropped_and_told() -> None:
    good = STAMP + b"audispd: " + CWD + b"\n"
    endless = STAMP + b"audispd: " + CWD + b"x" * (3 * MAX_LINE) + b"\n"
    for size in (1_000, 1 << 22):
        lines, syslog = read(good + endless + good, size)
        assert lines.count(b"node=gw " + CWD) == 2
        if size == 1_000:
            assert syslog.too_long == 1
            assert any("too long" in remark for remark in syslog.remarks())


TAILS = [
    (b"type=SYSCALL msg=audit(1.000:1): arch=1 key=(null)", b"ARCH=x86_64 SYSCALL=execve"),
    (b'type=PATH msg=audit(1.000:1): item=0 name="/a"', b'OUID="root" OGID="root"'),
    (b"type=USER_CMD msg=audit(1.000:1): pid=1 msg='op=x UID=\"0\"  ARCH=y' res=' UID=\"x\"'", b'UID="ops" AUID="ops"'),
    (b"type=LOGIN msg=audit(1.000:1): pid=1 res=1", b'UID="root" OLD-AUID="unset" AUID="ops"'),
    (b"type=USER_ACCT msg=audit(1.000:1): pid=1 msg='op=x ARCH=y'", b""),
    (b'type=EXECVE msg=audit(1.000:1): argc=1 a0="x"', b""),
]


@pytest.mark.parametrize(("own", "tail"), TAILS)
def test_the_separator_is_put_back_where_auditd_had_it(own: bytes, tail: bytes) -> None:
    whole = own + b"\x1d" + tail if tail else own
    assert restored(b"\n" + whole.replace(b"\x1d", b" ")) == b"\n" + whole
    other = b'\ntype=LOGIN msg=audit(1.000:2): res=1\x1dUID="a"'
    assert restored(b"\n" + whole.replace(b"\x1d", b" ") + other) == b"\n" + whole + other, "kept on one line"


def test_an_octal_separator_inside_a_strangers_text_is_text() -> None:
    assert unescaped(b'type=PATH name="/a#035OUID=" x') == b'type=PATH name="/a#035OUID=" x'
    assert unescaped(b'type=PATH name="/a#035OUID=b"#035OUID="root"') == b'type=PATH name="/a#035OUID=b"\x1dOUID="root"'
    assert unescaped(b"type=PATH name=#035") == b"type=PATH name=#035"


def test_lines_as_short_as_can_be_take_no_more_memory_than_others() -> None:
    good = STAMP + b"audispd: " + CWD + b"\n"
    data = good + b"\n" * (1 << 19) + good
    syslog = Syslog()
    tracemalloc.start()
    try:
        out = b"".join(syslog.stream([data]))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert out == (b"node=gw " + CWD + b"\n") * 2
    assert (syslog.records, syslog.others) == (2, 1 << 19)
    assert syslog.places.in_file(len(out) // 2) == len(data) - len(good)
    assert peak < 48 << 20
