"""The search for records: every legal form of them, chunk edges, bounds, and what must not be taken for a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.agreement import COLUMNS, RECORDS, Reading, assert_same, fast, oracle_facts, oracle_records
from tests.auditlog import execution, line, syscall
from tests.oracle_auditd import Oracle
from tests.strategies_log import deeds, mixed

from vedette.event.logsource import PROCESS_CREATION
from vedette.telemetry.auditd import anchor, reader, records, scanner
from vedette.telemetry.auditd.coalesce import Window
from vedette.telemetry.auditd.process import MAX_DEPTH, Process, ProcessTable, Program, Tail
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.auditd.window import NEAR, WINDOW

UNSET = 4294967295


def read(text: str | bytes, **options: Any) -> Reading:
    return fast(text.encode() if isinstance(text, str) else text, **options)


def values(text: str | bytes, category: str = "process_creation", **options: Any) -> list[dict[str, Any]]:
    """The columns of the events of a category."""
    return [dict(fact[4]) for fact in read(text, **options).facts if fact[0] == category]


def call(serial: int, number: int, *more: str, time: float = 1795509330.0, **options: Any) -> str:
    """A SYSCALL record of pid 9 and what follows it."""
    body = syscall(number, **{"pid": 9, "ppid": 1, "exe": "/usr/bin/nc", **options})
    parts = [text.split(" ", 1) for text in (f"SYSCALL {body}", *more)]
    return "".join(line(kind, serial, rest, time=time) for kind, rest in parts)


IPV4 = "SOCKADDR saddr=02000016C0A80105" + "0" * 16


# Legal SYSCALL records.


@pytest.mark.parametrize("personality", ["per=400000", "per=a0000", "per=a", "per=8a0", "per=ffffffffffffffff"])
def test_a_personality_in_hexadecimal_hides_nothing(personality):
    """`setarch` sets it before the exec; `per=a00000` holds an `a` before `a0=`."""
    text = "".join(execution(5, ["/bin/ls"], pid=2, ppid=1)).replace(" success=", f" {personality} success=")
    reading = read(text)
    assert [dict(fact[4])["CommandLine"] for fact in reading.facts] == ["/bin/ls"]
    assert not reading.reader.rejects.counts


@pytest.mark.parametrize("ending", ["success=yes exit=0 ", "", "success=yes exit=-1 ", "success=yes exit=3735928559 "])
def test_a_return_value_may_be_missing_or_odd(ending):
    text = "".join(execution(5, ["/bin/ls"], pid=2, ppid=1)).replace("success=yes exit=0 ", ending)
    assert len(values(text)) == 1


@pytest.mark.parametrize(
    "subject", ["unconfined", "system_u:system_r:init_t:s0", "/usr/sbin/x (enforce)", "=unconfined", "?", "a b c=d"]
)
def test_a_security_context_may_hold_blanks(subject):
    text = "".join(execution(5, ["/bin/ls"], pid=2, ppid=1)).replace(' key="exec"', f' subj={subject} key="exec"')
    (event,) = values(text)
    assert (event["Image.resolved"], event["AuditKey"]) == ("/bin/ls", "exec")


@pytest.mark.parametrize(
    ("arch", "number"),
    [
        ("c000003e", 59), ("c000003e", 322), ("40000003", 11), ("c00000b7", 221), ("c0000015", 11), ("80000016", 11),
        ("c00000f3", 221), ("40000028", 11),
        # Architectures without a table, and x32: only an exec has an EXECVE record.
        ("8", 4011), ("c0000008", 5057), ("80000002", 59), ("c000003e", 0x40000000 | 520), ("f3", 221),
    ],
)  # fmt: skip
@pytest.mark.parametrize("apart", [False, True])
def test_an_exec_is_one_on_every_architecture(arch, number, apart):
    lines = execution(5, ["/bin/ls", "-l"], pid=2, ppid=1)
    lines[0] = lines[0].replace("arch=c000003e syscall=59", f"arch={arch} syscall={number}")
    if apart:
        lines.insert(1, line("USER_CMD", 6, "pid=1 uid=0 auid=0 ses=1 msg='x'"))
    (event,) = values("".join(lines))
    assert event["CommandLine"] == "/bin/ls -l"


def test_an_unnamed_call_without_arguments_is_no_exec():
    text = call(5, 4004).replace("arch=c000003e", "arch=8")
    assert read(text).facts == []
    assert read(text + "".join(execution(6, ["/bin/ls"], pid=20, ppid=9))).facts[0][6][0][0] == 9


@pytest.mark.parametrize(
    ("number", "a0", "category"),
    [(2, "2", "network_listen"), (3, "3", "network_connection"), (4, "4", "network_listen"), (5, "5", "network_listen"),
     (18, "12", "network_listen"), (1, "1", None), (9, "9", None)],
)  # fmt: skip
def test_socketcall_is_the_call_that_it_makes(number, a0, category):
    """i386 and s390 have one system call for all; SOCKETCALL has the arguments of the call inside."""
    text = call(5, 102, "SOCKETCALL nargs=3 a0=b a1=7ffc a2=10", IPV4, a0=a0).replace("c000003e", "40000003")
    facts = read(text).facts
    if category is None:
        assert facts == []
        return
    ((found, *_, columns, _, _, _, _),) = facts
    assert found == category
    assert dict(columns)["FileDescriptor"] == 11
    assert dict(columns)["Syscall"] == {2: "bind", 3: "connect", 4: "listen", 5: "accept", 18: "accept4"}[number]


# Whose event it is.


def test_an_event_has_the_users_and_session_of_its_own_record():
    """apt drops to `_apt`, a daemon to its user; sshd gets its session after its exec."""
    text = "".join(execution(5, ["/usr/bin/apt"], pid=9, ppid=1, auid=UNSET, ses=UNSET))
    text += call(6, 42, IPV4, exe="/usr/bin/apt", euid=42, auid=1000, ses=3).replace('key="exec"', 'key="net"')
    text += "".join(execution(7, ["/bin/sh"], pid=20, ppid=9, ses=3))
    (connect,) = values(text, "network_connection")
    assert (connect["UserId"], connect["LoginUserId"], connect["LogonId"], connect["AuditKey"]) == (
        42,
        1000,
        "3",
        "net",
    )
    assert connect["CommandLine"] == "/usr/bin/apt"
    child = values(text)[1]
    assert (child["ParentUser"], child["ParentCommandLine"]) == ("42", "/usr/bin/apt")


def test_a_session_that_a_process_got_after_its_exec_tells_a_stale_parent():
    """pid 9 logged in to session 3; who forks from that pid in session 4 is another process's child."""
    text = "".join(execution(5, ["/usr/sbin/sshd"], pid=9, ppid=1, auid=UNSET, ses=UNSET))
    text += call(6, 1, exe="/usr/sbin/sshd", ses=3)
    text += "".join(execution(7, ["/bin/sh"], pid=20, ppid=9, ses=4))
    assert "ParentImage.resolved" not in values(text)[1]


def test_a_change_of_the_packet_filter_is_its_own_record_s_process():
    """The pid was another process's before; the SYSCALL record of the change itself says whose it is now."""
    text = "".join(execution(5, ["iptables", "-L"], pid=9, ppid=1, exe="/usr/sbin/iptables", ses=3))
    text += line("NETFILTER_CFG", 6, 'table=filter:7 family=2 entries=8 op=nft_unregister_rule pid=9 comm="iptables"')
    text += call(6, 46, "PROCTITLE proctitle=78", exe="/tmp/iptables", ses=4)
    (change,) = values(text, "netfilter_config")
    assert (change["Image.resolved"], change["LogonId"], change["CommandLine"]) == ("/tmp/iptables", "4", "x")


def test_the_processes_do_not_depend_on_the_kinds_that_are_asked_for():
    text = call(5, 59, 'CWD cwd="/"', exe="/usr/sbin/daemon", success="no", exit_code=-2)
    text += "".join(execution(6, ["/bin/sh"], pid=20, ppid=9))
    alone = read(text, columns={PROCESS_CREATION: COLUMNS[PROCESS_CREATION]})
    assert dict(alone.facts[0][4])["ParentImage.resolved"] == "/usr/sbin/daemon"


@pytest.mark.parametrize(("serial", "reboots"), [(60_001, False), (40, True), (49_999, True)])
def test_a_container_s_boot_is_not_the_host_s(serial, reboots):
    """A serial only ever rises while a kernel runs."""
    text = "".join(execution(50_000, ["/bin/daemon"], pid=10, ppid=1))
    text += line("SYSTEM_BOOT", serial, "pid=1 uid=0 auid=4294967295 ses=4294967295 msg=' '")
    text += "".join(execution(serial + 1, ["/bin/sh"], pid=20, ppid=10))
    assert ("ParentImage.resolved" in values(text)[1]) is not reboots


def test_a_record_without_system_call_has_the_process_of_its_moment():
    text = "".join(execution(5, ["/bin/first"], pid=9, ppid=1))
    text += line("USER_CMD", 6, "pid=9 uid=0 auid=0 ses=1 msg='op=x'")
    text += "".join(execution(7, ["/bin/second"], pid=9, ppid=1))
    text += line("USER_CMD", 8, "pid=9 uid=0 auid=0 ses=1 msg='op=x'")
    found = {
        serial: identity for _, _, serial, kind, identity in read(text, columns=RECORDS).records if kind == "USER_CMD"
    }
    assert [found[6][1], found[8][1]] == [5, 7]


# Records apart from each other.


@pytest.mark.parametrize("distance", [100, NEAR + 100, WINDOW - 3_000])
@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_records_of_one_event_are_found_far_apart(distance, place):
    lines = execution(
        5, ["/bin/sh", "/opt/s"], pid=2, ppid=1, exe="/bin/dash", name="/opt/s", interpreter="/bin/sh", cwd="/d"
    )
    filler = "".join(
        line("USER_CMD", 100 + number, "pid=1 msg='" + "x" * 60 + "'") for number in range(distance // 140)
    )
    (event,) = values("".join([*lines[:place], filler, *lines[place:]]))
    assert (event["CommandLine"], event["CurrentDirectory"], event["Script"]) == ("/bin/sh /opt/s", "/d", "/opt/s")


def test_a_static_program_has_no_second_path():
    lines = execution(5, ["/bin/static"], pid=2, ppid=1)
    alone = "".join(lines[:4] + lines[5:]).replace("items=2", "items=1")
    other = "".join(execution(6, ["/bin/sh", "/opt/s"], pid=3, ppid=1, name="/opt/s", interpreter="/bin/sh"))
    assert "Script" not in values(alone + other)[0]


def test_line_ends_of_windows_in_every_value():
    text = "".join(execution(5, ["./a b", "c d"], pid=9, ppid=1, exe="/d/a b", name="./a b", cwd="/d"))
    text += call(6, 42, IPV4, exe="/d/a b") + call(
        7, 59, 'CWD cwd="/e"', 'PATH item=0 name="x"', success="no", exe="/d/a b"
    )
    text += line("NETFILTER_CFG", 8, 'table=filter family=2 entries=8 op=xt_replace pid=9 comm="a"')
    assert read(text.replace("\n", "\r\n")).facts == read(text).facts
    assert len(read(text).facts) == 4


# Chunks.


def pieces(data: bytes, sizes: Iterable[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield data[at : at + size]
        at += size
    yield data[at:]


def assert_nothing_is_lost(data: st.DataObject) -> None:
    """A window as small as the events lets every edge fall everywhere."""
    hosts = data.draw(deeds(nodes=(b"gw",), most=40))
    log = b"\n".join(data.draw(mixed([deed.lines for deed in hosts], apart=2))) + b"\n"
    oracle = Oracle(window=Window(seconds=1e12))
    oracle.read([log])
    sizes = data.draw(st.lists(st.integers(1, 9_000), max_size=12))
    with pytest.MonkeyPatch.context() as patch:
        for module in (anchor, reader, records, scanner):
            patch.setattr(module, "WINDOW", 6_000)
        reading = Reading(columns=RECORDS)
        reading.read("log", pieces(log, sizes))
        reading.close()
    assert_same(reading.facts, oracle_facts(oracle))
    assert_same(reading.records, oracle_records(oracle))
    assert reading.reader.rejects.counts == oracle.rejects


@settings(max_examples=12)
@given(st.data())
def test_no_event_is_lost_wherever_a_chunk_ends(data):
    assert_nothing_is_lost(data)


@pytest.mark.long
@settings(max_examples=200)
@given(st.data())
def test_no_event_is_lost_wherever_many_chunks_end(data):
    assert_nothing_is_lost(data)


def test_the_records_of_an_event_are_shown_whole_at_every_chunk_edge():
    events = [execution(serial, ["/bin/x", "y" * 50], pid=serial, ppid=1) for serial in range(2, 60)]
    events.append(
        [line("NETFILTER_CFG", 99, "table=filter family=2 entries=1"), *execution(99, ["/bin/n"], pid=9, ppid=1)]
    )
    data = "".join("".join(lines) for lines in events).encode()
    known = [tuple(text.rstrip("\n") for text in lines) for lines in events]
    for size in range(400, 700, 7):
        with pytest.MonkeyPatch.context() as patch:
            for module in (anchor, reader, records, scanner):
                patch.setattr(module, "WINDOW", 2_000)
            fast_reader = AuditReader({PROCESS_CREATION: ()})
            shown = [
                fast_reader.records(happening)
                for batches in fast_reader.read("log", (data[at : at + size] for at in range(0, len(data), size)))
                for batch in batches
                for happening in batch.happenings
            ]
        assert shown == known


def test_a_record_before_the_call_has_its_process_at_every_chunk_edge():
    data = "".join(
        line("LOGIN", pid, f"pid={pid} uid=0 old-auid=4294967295 auid=1000 tty=(none) old-ses=4294967295 ses=1 res=1")
        + call(pid, 1, pid=pid)
        for pid in range(2, 80)
    ).encode()
    known = read(data, columns=RECORDS).records
    assert all(identity is not None for *_, identity in known)
    for size in range(400, 700, 7):
        with pytest.MonkeyPatch.context() as patch:
            for module in (anchor, reader, records, scanner):
                patch.setattr(module, "WINDOW", 1_000)
            assert read(data, size=size, columns=RECORDS).records == known


def test_only_records_of_the_event_itself_are_shown():
    """Whoever names another's id within a text, or within a name that the cut of the view falls into, is not shown."""
    lines = execution(5, ["/bin/ls"], pid=2, ppid=1)
    identity = "msg=audit(1795509330.000:5):"
    forged = line("USER_CMD", 4, f"pid=1 uid=0 auid=0 ses=1 {identity} msg='cmd=node=gw type=EOE {identity} x'")
    fast_reader = AuditReader({PROCESS_CREATION: ()})
    (batches,) = fast_reader.read("log", [(forged + "".join(lines) + forged).encode()])
    assert list(fast_reader.records(batches[0].happenings[0])) == [text.rstrip("\n") for text in lines]


# What is no record.


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("garbage", "not-a-record"),
        ("", "blank"),
        ("node=gw type=CWD msg=audit(17955node=gw type=CWD msg=audit(1795509330.000:7): cwd=", "bad-header"),
        ('node=gw type=CWD msg=audit(1795509330.000:7) cwd="/"', "bad-header"),
        ('node=gw type=cwd msg=audit(1795509330.000:7): cwd="/"', "bad-header"),
        ("node=gw type=SYSCALL msg=audit(oops): arch=c000003e", "bad-header"),
        ("node=gw type=SYSCALL msg=audit(1795509330.0:7): arch=c000003e", "bad-header"),
        ("node=gw type=SYSCALL msg=audit(1795509330.000:7): arch=c000003e syscall=59", "bad-syscall"),
        ("node=gw type=NETFILTER_CFG msg=audit(1795509330.000:7): table=filter", "bad-netfilter"),
        ("node=gw type=NETFILTER_CFG msg=audit(1795509330.000): table=filter", "bad-header"),
        ('Nov 24 08:35:30 gw audispd: node=gw type=CWD msg=audit(1795509330.000:7): cwd="/"', "bad-prefix"),
        ("\x00\x00\x00", "nul-bytes"),
        ('node=gw type=CWD msg=audit(1795509330.000:7): cwd="/\x00"', "nul-bytes"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 6, 12])
def test_a_line_that_is_no_record_is_counted_once_and_costs_nothing(bad, reason, place):
    lines = [*execution(5, ["/bin/ls"], pid=2, ppid=1), *execution(6, ["/bin/ps"], pid=3, ppid=1)]
    text = "".join([*lines[:place], bad + "\n", *lines[place:]])
    reading = read(text)
    assert reading.reader.rejects.counts == {reason: 1}
    assert list(reading.reader.rejects.examples.values()) == [f"log:{len(''.join(lines[:place]))}"]
    assert [dict(fact[4])["CommandLine"] for fact in reading.facts] == ["/bin/ls", "/bin/ps"]


def test_a_syscall_record_beyond_all_bounds_is_none():
    text = "".join(execution(5, ["/bin/ls"], pid=2, ppid=1)).replace('key="exec"', "key=" + "41" * 100_000)
    reading = read(text)
    assert reading.facts == []
    assert reading.reader.rejects.counts == {"bad-syscall": 1}


def test_a_log_that_ends_within_an_argument_marks_it():
    whole = "".join(execution(5, ["/bin/ls", "needle and more"], pid=2, ppid=1))
    cut = whole[: whole.index("616E64")]
    (fact,) = read(cut).facts
    assert dict(fact[4])["CommandLine"] == "/bin/ls needle "
    assert fact[7] is True
    complete = read(whole.rstrip("\n")).facts[0]
    assert complete[7] is False


# Order of time.


def test_first_and_last_hold_when_time_steps_back():
    clocks = [1795509330.0, 1795509329.0, 1795509331.0, 1795509328.0]
    text = "".join(call(serial, 1, time=clock) for serial, clock in enumerate(clocks, 5))
    node = read(text).reader.nodes[b"node=gw "]
    assert (node.first, node.last) == (1795509328.0, 1795509331.0)


# Bounds.


def named(pid: int, parent: Process | None, serial: int) -> Process:
    program = Program("/bin/x", "/bin/x", None)
    depth = 0 if parent is None else parent.depth + 1
    ppid = 0 if parent is None else parent.pid
    return Process("gw", 0, pid, ppid, parent, Tail(), program, None, "", 1.0, serial, 0, "log", True, depth)


def test_a_full_table_forgets_the_oldest_but_parents_of_the_youngest():
    table = ProcessTable()
    daemon = table.enter(named(1, None, 1))
    for pid in range(2, 100):
        table.enter(named(pid, daemon if pid > 90 else None, pid))
    assert table.trim(1_000) == 0
    assert table.trim(20) == 88
    assert set(table.by_pid) == {1, *range(90, 100)}


def test_a_pid_that_is_used_again_is_young():
    table = ProcessTable()
    for pid in range(1, 41):
        table.enter(named(pid, None, pid))
    table.enter(named(1, None, 41))
    table.trim(20)
    assert 1 in table.by_pid


def test_a_chain_of_processes_has_an_end():
    text = "".join("".join(execution(pid, ["/bin/x"], pid=pid, ppid=pid - 1)) for pid in range(2, 4 * MAX_DEPTH))
    fast_reader = AuditReader({PROCESS_CREATION: ()})
    depths = [
        happening.depth
        for batches in fast_reader.read("log", [text.encode()])
        for happening in batches[0].happenings
        if isinstance(happening, Process)
    ]
    assert len(depths) == 4 * MAX_DEPTH - 2
    assert max(depths) == MAX_DEPTH
    assert min(depths[MAX_DEPTH:]) >= 64


def test_sums_of_a_hunt_with_forgotten_memos_are_the_same(monkeypatch):
    """Emptied memos, tables of shapes and numbers cost time only."""
    from vedette.telemetry.auditd import memo, outlet

    text = "".join(
        "".join(execution(serial, ["/bin/x", str(serial % 7)], pid=serial % 50 + 2, ppid=serial % 11 + 2))
        for serial in range(2, 1_500)
    )
    known = fast(text.encode(), size=300_000).facts
    monkeypatch.setattr(memo, "MEMO_BYTES", 0)
    monkeypatch.setattr(outlet, "SHAPE_BYTES", 0)
    monkeypatch.setattr(outlet, "MAX_NUMBERS", 0)
    assert fast(text.encode(), size=300_000).facts == known
