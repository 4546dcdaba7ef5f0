"""The fast reader: joins, readings, parents, scripts, interleaving, injection, rejects."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.auditlog import execution, line, quoted, syscall
from tests.strategies_auditd import hostile_line

from vedette.event.logsource import (
    AUDIT_RECORD,
    NETFILTER_CONFIG,
    NETWORK_CONNECTION,
    NETWORK_FAILED,
    NETWORK_LISTEN,
    PROCESS_CREATION,
    PROCESS_FAILED,
)
from vedette.telemetry.auditd.columns import process_values, supplied
from vedette.telemetry.auditd.reader import AuditReader
from vedette.telemetry.auditd.window import WINDOW

ALL = {
    kind: supplied(kind)
    for kind in (
        PROCESS_CREATION,
        PROCESS_FAILED,
        NETWORK_CONNECTION,
        NETWORK_FAILED,
        NETWORK_LISTEN,
        NETFILTER_CONFIG,
    )
}


def read(text: str | bytes, *, size: int = 1 << 20, columns=ALL, **options):
    """Every event of a log as (kind, values), and the reader."""
    data = text.encode() if isinstance(text, str) else text
    reader = AuditReader(columns, **options)
    events = []
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    for batches in reader.read("log", chunks):
        for batch in batches:
            for number, happening in zip(batch.numbers, batch.happenings, strict=True):
                values = process_values(happening.process) if happening.process else {}
                values |= getattr(happening, "fields", {})
                shape = batch.shapes.values(number)
                assert all(values[column] == value for column, value in shape.items())
                assert set(batch.shapes.columns) & set(values) == set(shape)
                events.append((happening.offset, batch.source.category, values, happening))
    return [event[1:] for event in sorted(events, key=lambda event: event[0])], reader


def processes(text, **options):
    return [values for kind, values, _ in read(text, **options)[0] if kind == "process_creation"]


def test_the_records_of_an_exec_become_one_event():
    (event,) = processes(
        "".join(
            execution(
                5, ["iptables", "-F"], pid=20, ppid=10, exe="/usr/sbin/xtables-nft-multi", name="/usr/sbin/iptables"
            )
        )
    )
    assert event["Image.resolved"] == "/usr/sbin/xtables-nft-multi"
    assert event["Image.invoked"] == "/usr/sbin/iptables"
    assert event["CommandLine"] == "iptables -F"
    assert event["CurrentDirectory"] == "/root"
    assert (event["ProcessId"], event["ParentProcessId"]) == (20, 10)
    assert (event["LogonId"], event["LoginUserId"], event["User"]) == ("7", 1000, "root")
    assert "Script" not in event


def test_a_relative_path_is_made_absolute_by_the_working_directory():
    (event,) = processes("".join(execution(5, ["./x"], pid=2, ppid=1, exe="/tmp/d/x", name="./x", cwd="/tmp/d")))
    assert event["Image.invoked"] == "/tmp/d/x"


def test_without_path_records_an_absolute_argv0_is_the_invoked_path():
    lines = [
        text
        for text in execution(5, ["/sbin/ufw", "reset"], pid=2, ppid=1, exe="/usr/bin/python3")
        if "type=PATH" not in text
    ]
    ((_, event, happening),) = read("".join(lines))[0]
    assert event["Image.invoked"] == "/sbin/ufw"
    assert happening.program.guessed


def test_a_script_is_told_from_its_interpreter():
    text = "".join(
        execution(
            5,
            ["/usr/bin/python3", "/usr/sbin/ufw", "reset"],
            pid=20,
            ppid=10,
            exe="/usr/bin/python3.11",
            name="/usr/sbin/ufw",
            interpreter="/usr/bin/python3",
        )
        + execution(6, ["/sbin/iptables", "-F"], pid=21, ppid=20)
    )
    script, child = processes(text)
    assert script["Script"] == "/usr/sbin/ufw"
    assert (script["ScriptInode"], script["ScriptDevice"], script["ScriptOwnerId"]) == (11, "07:00", 0)
    assert child["ParentScript"] == "/usr/sbin/ufw"
    assert child["ParentCommandLine"] == "/usr/bin/python3 /usr/sbin/ufw reset"


def test_a_file_named_like_the_loader_that_runs_a_script_is_still_an_interpreter():
    (event,) = processes(
        "".join(
            execution(
                5,
                ["/tmp/ld-x.so.2", "/tmp/s"],
                pid=2,
                ppid=1,
                exe="/tmp/ld-x.so.2",
                name="/tmp/s",
                interpreter="/tmp/ld-x.so.2",
            )
        )
    )
    assert event["Script"] == "/tmp/s"


@pytest.mark.parametrize("node", ["", "gw", "host.example.org"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_prefixes_and_line_ends(node, ending):
    text = "".join(execution(5, ["/bin/ls", "a b"], pid=2, ppid=1, node=node)).replace("\n", ending)
    events, reader = read(text)
    assert events[0][1]["CommandLine"] == "/bin/ls a b"
    assert events[0][2].node == node
    assert not reader.rejects.counts


def test_enriched_names_come_from_the_tail():
    tail = '\x1dARCH=x86_64 SYSCALL=execve AUID="ops" UID="root" EUID="www-data"'
    (event,) = processes("".join(execution(5, ["/bin/ls"], pid=2, ppid=1, tail=tail)))
    assert (event["LoginUser"], event["User"]) == ("ops", "www-data")


def test_unset_session_and_login_user_are_absent():
    (event,) = processes("".join(execution(5, ["/bin/ls"], pid=2, ppid=1, auid=4294967295, ses=4294967295)))
    assert not {"LogonId", "LoginUser", "LoginUserId"} & set(event)


def test_a_parent_of_another_session_is_a_stale_entry():
    old = execution(5, ["/bin/cat"], pid=10, ppid=1, ses=3)
    new = execution(6, ["/bin/ls"], pid=20, ppid=10, ses=9)
    assert "ParentImage.resolved" not in processes("".join(old + new))[1]


def test_pid_reuse_takes_the_later_process_and_old_children_keep_theirs():
    text = "".join(
        execution(5, ["/bin/first"], pid=10, ppid=1)
        + execution(6, ["/bin/child"], pid=20, ppid=10)
        + execution(7, ["/bin/second"], pid=10, ppid=1)
        + execution(8, ["/bin/child"], pid=21, ppid=10)
    )
    events = [happening for _, _, happening in read(text)[0]]
    assert events[1].parent.command.text == "/bin/first"
    assert events[3].parent.command.text == "/bin/second"


@pytest.mark.parametrize("marker", [line("SYSTEM_BOOT", 1, "pid=1 uid=0 auid=4294967295 ses=4294967295 msg=' '"), None])
def test_a_reboot_forgets_all_processes(marker):
    before = execution(50_000, ["/bin/old"], pid=10, ppid=1)
    after = execution(8, ["/bin/ls"], pid=20, ppid=10, time=1795509999.0)
    events = [happening for _, _, happening in read("".join([*before, *([marker] if marker else []), *after]))[0]]
    assert events[1].parent is None
    assert events[1].boot == 1


def test_a_process_known_from_another_syscall_is_a_parent():
    text = line("SYSCALL", 4, syscall(1, pid=10, ppid=1, exe="/usr/sbin/daemon")) + line(
        "PROCTITLE", 4, "proctitle=" + b"daemon\0--serve".hex()
    )
    (event,) = processes(text + "".join(execution(5, ["/bin/sh"], pid=20, ppid=10)))
    assert event["ParentImage.resolved"] == "/usr/sbin/daemon"
    assert event["ParentCommandLine"] == "daemon --serve"


def test_a_failed_exec_is_an_event_of_its_own_kind():
    text = "".join(
        [
            *execution(5, ["/bin/bash"], pid=20, ppid=10),
            line("SYSCALL", 6, syscall(59, pid=20, ppid=10, exe="/bin/bash", success="no", exit_code=-2)),
            line("CWD", 6, 'cwd="/"'),
            line("PATH", 6, 'item=0 name="/usr/local/sbin/iptables" nametype=UNKNOWN'),
        ]
    )
    events, reader = read(text)
    assert [kind for kind, _, _ in events] == ["process_creation", "process_failed"]
    failed = events[1][1]
    assert failed["Image.invoked"] == "/usr/local/sbin/iptables"
    assert failed["ExitCode"] == -2
    assert failed["ParentImage.resolved"] == "/bin/bash"
    assert reader.nodes[b"node=gw "].execs == 1


def test_an_exec_whose_arguments_were_lost_shows_its_title_as_cut():
    lines = [text for text in execution(5, ["/bin/ls", "x"], pid=2, ppid=1) if "EXECVE" not in text]
    ((_, event, happening),) = read("".join(lines))[0]
    assert event["CommandLine"] == "/bin/ls x"
    assert happening.executed


def test_an_argc_larger_than_what_was_recorded_is_marked():
    text = "".join(execution(5, ["/bin/ls", "x"], pid=2, ppid=1)).replace("argc=2", "argc=3")
    ((_, _, happening),) = read(text)[0]
    assert happening.command.cut


def long_execution(serial: int, length: int, *, pid: int = 2) -> list[str]:
    head, *rest = execution(serial, ["/bin/sh", "-c", "X"], pid=pid, ppid=1)
    data = ("echo " + "y" * length).encode().hex().upper()
    pieces = [data[start : start + 7000] for start in range(0, len(data), 7000)]
    records = [line("EXECVE", serial, f'argc=3 a0="/bin/sh" a1="-c" a2_len={len(data)} a2[0]={pieces[0]}')]
    records += [line("EXECVE", serial, f"a2[{place}]={piece}") for place, piece in enumerate(pieces[1:], 1)]
    return [head, *records, *rest[1:]]


@pytest.mark.parametrize("size", [1000, 300_000, 1 << 22])
def test_a_huge_argument_in_many_records_is_whole(size):
    text = "".join(long_execution(5, 700_000) + execution(6, ["/bin/ls"], pid=3, ppid=1))
    events = processes(text, size=size)
    assert len(events) == 2
    assert events[0]["CommandLine"] == "/bin/sh -c echo " + "y" * 700_000


def test_network_calls_become_connections_failures_and_listeners():
    ipv4, loopback = "02000016C0A80105" + "0" * 16, "020000507F000001" + "0" * 16
    anywhere = "02001F90" + "0" * 24

    def call(serial, number, address, code, success="yes"):
        text = line(
            "SYSCALL",
            serial,
            syscall(number, pid=9, ppid=1, exe="/usr/bin/nc", exit_code=code, success=success, a0="4"),
        )
        return text + (line("SOCKADDR", serial, f"saddr={address}") if address else "")

    text = (
        call(1, 42, ipv4, 0)
        + call(2, 42, ipv4, -115, "no")
        + call(3, 42, ipv4, -111, "no")
        + call(4, 42, loopback, 0)
        + call(5, 49, anywhere, 0)
        + call(6, 50, "", 0)
        + call(7, 43, ipv4, 5)
    )
    events = read(text)[0]
    assert [kind for kind, _, _ in events] == [
        "network_connection",
        "network_connection",
        "network_failed",
        "network_listen",
        "network_listen",
        "network_listen",
    ]
    assert (events[0][1]["DestinationIp"], events[0][1]["DestinationPort"]) == ("192.168.1.5", 22)
    assert events[0][1]["Image.resolved"] == "/usr/bin/nc"
    assert (events[3][1]["SourcePort"], events[3][1]["FileDescriptor"]) == (8080, 4)


def test_netfilter_records_are_joined_to_their_process():
    text = "".join(
        execution(5, ["iptables", "-F"], pid=20, ppid=10, exe="/usr/sbin/xtables-nft-multi", name="/usr/sbin/iptables")
    ).replace('comm="xtables-nft-mul"', 'comm="iptables"')
    text += line("NETFILTER_CFG", 6, 'table=filter:7 family=2 entries=82 op=nft_unregister_rule pid=20 comm="iptables"')
    text += line("NETFILTER_CFG", 7, 'table=filter:8 family=2 entries=1 op=nft_register_rule pid=20 comm="other"')
    events = read(text)[0]
    change = events[1][1]
    assert (change["Table"], change["Operation"], change["Entries"]) == ("filter", "nft_unregister_rule", 82)
    assert change["Image.invoked"] == "/usr/sbin/iptables"
    assert "Image.invoked" not in events[2][1], "comm says that the pid is another process"


def test_single_records_keep_registers_and_arguments_apart():
    columns = {AUDIT_RECORD: ("type", "a0", "exe", "name", "raw")}
    text = "".join(execution(5, ["/bin/chmod", "x y"], pid=2, ppid=1, exe="/bin/chmod"))
    events = read(text, columns=columns, record_types=frozenset({"SYSCALL", "EXECVE", "PATH"}))[0]
    by_type: dict[str, dict[str, Any]] = {}
    for _, _, happening in events:
        by_type.setdefault(happening.fields["type"], happening.fields)
    assert by_type["SYSCALL"]["a0"] == "3"
    assert by_type["EXECVE"]["a0"] == "/bin/chmod"
    assert by_type["EXECVE"]["a1"] == "x y"
    assert by_type["PATH"]["name"] == "/bin/chmod"
    assert by_type["EXECVE"]["raw"].startswith('type=EXECVE argc=2 a0="/bin/chmod"')


def recorded() -> bytes:
    import gzip
    from importlib.resources import files

    path = Path(str(files("vedette"))) / "packs/linux-firewall/evidence/gw-nft-01.audit.log.gz"
    return gzip.decompress(path.read_bytes())[:900_000].rpartition(b"\n")[0] + b"\n"


def simple(events):
    return [(kind, dict(values), happening.offset) for kind, values, happening in events]


def test_the_size_of_chunks_changes_nothing():
    data = recorded()
    whole, reader = read(data)
    assert len(whole) > 400
    for size in (3 * WINDOW, 4 * WINDOW + 1, 333_333):
        parts, other = read(data, size=size)
        assert simple(parts) == simple(whole)
        assert other.nodes[b"node=gw-nft-01 "].execs == reader.nodes[b"node=gw-nft-01 "].execs


def test_interleaved_records_give_the_same_events():
    data = recorded()
    whole = [values for kind, values, _ in read(data)[0] if kind == "process_creation"]
    lines = data.decode("utf-8", "surrogateescape").split("\n")[:-1]
    chance = random.Random(5)
    for place in range(0, len(lines) - 4, 3):
        # Within an event the kernel keeps its order, so only neighbours of two events change places.
        first, second = lines[place], lines[place + 1]
        if first.split(": ")[0].split("(")[1] != second.split(": ")[0].split("(")[1] and chance.random() < 0.9:
            lines[place], lines[place + 1] = second, first
    mixed = "".join(text + "\n" for text in lines).encode("utf-8", "surrogateescape")
    again = [values for kind, values, _ in read(mixed)[0] if kind == "process_creation"]
    assert sorted(map(repr, again)) == sorted(map(repr, whole))


def test_eoe_records_change_nothing():
    lines = execution(5, ["/bin/ls"], pid=2, ppid=1)
    with_eoe = "".join([*lines, line("EOE", 5, "").replace("): ", "): ")])
    assert processes(with_eoe) == processes("".join(lines))


@given(hostile_line, st.booleans())
def test_text_in_a_user_record_never_becomes_an_event(text, enriched):
    message = b"node=gw type=USER_CMD msg=audit(1795509330.000:5): pid=1 uid=0 auid=0 ses=1 msg='cmd=" + text + b"'"
    message += b'\x1dUID="root"' if enriched else b""
    real = "".join(execution(5, ["/bin/ls"], pid=2, ppid=1)).encode()
    events, _ = read(message + b"\n" + real)
    assert [values["CommandLine"] for _, values, _ in events] == ["/bin/ls"]
    assert events[0][1]["User"] == "root"


@given(st.lists(hostile_line, min_size=1, max_size=4))
def test_arguments_of_any_text_stay_arguments(texts):
    args = [text.decode("utf-8", "replace") for text in texts]
    events = processes("".join(execution(5, args, pid=2, ppid=1, exe="/bin/x")))
    assert [event.get("CommandLine", "") for event in events] == [" ".join(args)]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_a_crash(data):
    real = "".join(execution(5, ["/bin/ls"], pid=2, ppid=1)).encode()
    events, _ = read(real + data + b"\n" + real.replace(b":5)", b":6)"))
    assert len(events) >= 2


def test_lines_that_are_no_records_are_counted_by_reason():
    real = "".join(execution(5, ["/bin/ls"], pid=2, ppid=1))
    text = real + "garbage\n" + "node=gw type=SYSCALL msg=audit(oops): x\n" + "\x00\x00\n" + real
    events, reader = read(text)
    assert len(events) == 2
    assert sum(reader.rejects.counts.values()) == 3
    offset = len(real)
    assert f"log:{offset}" in reader.rejects.examples.values()


def test_a_line_of_a_hundred_megabytes_is_dropped_and_counted():
    real = "".join(execution(5, ["/bin/ls"], pid=2, ppid=1)).encode()
    reader = AuditReader(ALL)

    def chunks():
        yield real
        for _ in range(100):
            yield b"A" * 1_000_000
        yield b"\n" + real

    found = [number for batches in reader.read("log", chunks()) for batch in batches for number in batch.numbers]
    assert len(found) == 2
    assert reader.rejects.counts["too-long"] == 1


def test_records_of_an_event_can_be_shown_as_they_stand():
    lines = execution(5, ["/bin/ls"], pid=2, ppid=1)
    text = "".join([*lines[:2], *execution(6, ["/bin/cat"], pid=3, ppid=1), *lines[2:]])
    reader = AuditReader(ALL)
    for batches in reader.read("log", [text.encode()]):
        (batch,) = batches
        first = next(h for h in batch.happenings if h.serial == 5)
        assert list(reader.records(first)) == [text.rstrip("\n") for text in lines]


def test_quoting_in_this_test_is_the_kernels():
    assert quoted("a b") == "612062"
    assert quoted("ab") == '"ab"'
