"""Net changes of the packet filter: every rule of `docs/netfilter.md`, and its table of steps."""

from __future__ import annotations

import csv
import gzip
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.agreement import assert_same, change_facts, fast
from tests.oracle_auditd import Entry as Known
from tests.oracle_auditd import Image, Who, changes

from vedette.event.logsource import NETFILTER_CHANGE
from vedette.telemetry.auditd import ledger as ledger_module
from vedette.telemetry.auditd.columns import supplied
from vedette.telemetry.auditd.ledger import Entry, Ledger, top
from vedette.telemetry.auditd.netfilter import parse_netfilter
from vedette.telemetry.auditd.process import Process, Program, Tail

ROOT = Path(__file__).resolve().parents[3]
EVIDENCE = Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence"
NOW = 1_795_509_330.0


def process(
    pid: int, *, parent: Process | None = None, ses: int = 7, exe: str = "/usr/sbin/iptables", serial: int = 1
) -> Process:
    tail = Tail()
    tail.ses, tail.exe, tail.comm = ses, exe, exe.rpartition("/")[2]
    ppid = 0 if parent is None else parent.pid
    program = Program(exe, exe, None)
    return Process("gw", 0, pid, ppid, parent, tail, program, None, "/", NOW, serial, 0, "log", True)


class Book:
    """A ledger to which records are told as text."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.serial = 0
        self.ended: list[dict[str, Any]] = []

    def put(self, text: str, by: Process | None = None, *, at: float = 0.0, boot: int = 0, node: str = "gw") -> Book:
        """One record, such as `filter:3 2 82 nft_unregister_rule`; the last word may be left out."""
        table, family, entries, *op = text.split()
        self.serial += 1
        pid = 99 if by is None else by.pid
        comm = "kworker/u8:1" if by is None else by.tail.comm
        ending = f' op={op[0]} pid={pid} comm="{comm}"' if op else ""
        change = parse_netfilter(f"table={table} family={family} entries={entries}{ending}".encode())
        assert change is not None
        self.ledger.record(change, Entry(node, NOW + at, self.serial, self.serial * 100, "log", by), boot)
        return self

    def close(self) -> list[dict[str, Any]]:
        """Every event, those that had ended before included."""
        return self.ended + [change_facts(call) for call in self.ledger.close()]

    def over(self, at: float) -> list[dict[str, Any]]:
        """The events that have ended at a time."""
        ended = [change_facts(call) for call in self.ledger.over(NOW + at)]
        self.ended += ended
        return ended


def told(book: Book, scope: str = "process", **wanted: Any) -> list[tuple[Any, ...]]:
    """Outcome, net, before and after of each event of a scope."""
    return [
        tuple(event.get(name) for name in ("Outcome", "EntriesNet", "RulesNet", "EntriesBefore", "EntriesAfter"))
        for event in book.close()
        if event["Scope"] == scope and all(event[name] == value for name, value in wanted.items())
    ]


IPTABLES = process(20)


@pytest.mark.parametrize(
    ("records", "outcome"),
    [
        # nft: removals count in full, additions only bound the gain.
        (["filter:3 2 82 nft_unregister_rule"], ("drop", -82, -82, None, None)),
        (["filter:3 2 82 nft_unregister_rule", "filter:4 2 1 nft_unregister_rule"], ("drop", -83, -83, None, None)),
        (["filter:3 2 39 nft_unregister_chain"], ("drop", -39, None, None, None)),
        (["filter:3 2 122 nft_unregister_table"], ("drop", -122, None, None, None)),
        (["filter:3 2 1 nft_register_rule"], ("undeterminable", None, None, None, None)),
        (["filter:3 2 1 nft_register_chain"], ("undeterminable", None, None, None, None)),
        (["filter:3 2 1 nft_register_table"], ("undeterminable", None, None, None, None)),
        (["filter:3 2 0 nft_register_rule"], ("none", 0, None, None, None)),
        # A batch that deletes and lays again is a loss only if less was laid than was there.
        (["filter:3 2 122 nft_unregister_table", "filter:3 2 7 nft_register_chain"], ("drop", -115, None, None, None)),
        (
            ["filter:3 2 122 nft_unregister_table", "filter:3 2 125 nft_register_chain"],
            ("undeterminable", None, None, None, None),
        ),
        (["filter:3 2 5 nft_unregister_rule", "filter:4 2 5 nft_register_rule"], ("undeterminable",) + (None,) * 4),
        # legacy: a record tells the size before; the size after is the next record's.
        (["filter 2 158 xt_replace"], ("undeterminable", None, None, 158, None)),
        (["filter 2 158 xt_replace", "filter 2 76 xt_replace"], ("undeterminable", None, None, 158, 76)),
        (["filter 2 158 xt_replace", "filter 2 4 xt_unregister"], ("drop", -158, None, 158, 4)),
        (["filter 2 158 xt_unregister"], ("drop", -158, None, None, None)),
        # Kernels before 5.7 write no operation; a generation is nft's.
        (["filter 2 158", "filter 2 4 xt_unregister"], ("drop", -158, None, 158, 4)),
    ],
)
def test_what_the_records_of_one_process_prove(records, outcome):
    book = Book()
    for text in records:
        book.put(text, IPTABLES)
    assert told(book) == [outcome]


@pytest.mark.parametrize(
    "op",
    [
        "nft_register_setelem",
        "nft_unregister_setelem",
        "nft_register_set",
        "nft_unregister_obj",
        "nft_register_flowtable",
        "nft_reset_rule",
        "nft_invalid",
        "xt_register",
    ],
)
def test_other_operations_prove_nothing_and_make_no_event(op):
    table = "filter" if op.startswith("xt") else "filter:3"
    assert Book().put(f"{table} 2 9 {op}", IPTABLES).close() == []


def test_an_old_record_with_a_generation_is_no_legacy_replacement():
    assert Book().put("filter:3 2 9", IPTABLES).close() == []


def test_a_difference_belongs_to_the_process_of_the_record_before():
    flush, restore, other = process(20), process(21), process(22)
    book = Book()
    book.put("filter 2 158 xt_replace", flush).put("filter 2 76 xt_replace", restore)
    book.put("filter 2 158 xt_replace", other).put("filter 2 158 xt_replace", process(23))
    assert told(book) == [
        ("drop", -82, None, 158, 76),
        ("gain", 82, None, 76, 158),
        ("none", 0, None, 158, 158),
        ("undeterminable", None, None, 158, None),
    ]


def test_each_table_and_family_is_its_own_series():
    book = Book().put("filter 2 158 xt_replace", IPTABLES).put("nat 2 5 xt_replace", process(21))
    book.put("filter 10 200 xt_replace", process(22)).put("filter 2 76 xt_replace", process(23))
    assert told(book)[0] == ("drop", -82, None, 158, 76)


def test_a_process_and_its_session_are_summed_apart():
    book = Book()
    book.put("filter:3 2 5 nft_unregister_rule", process(20)).put("filter:4 2 9 nft_register_rule", process(21))
    book.put("filter:5 2 2 nft_unregister_rule", process(22, ses=8))
    assert [event[:2] for event in told(book)] == [("drop", -5), ("undeterminable", None), ("drop", -2)]
    book = (
        Book().put("filter:3 2 50 nft_unregister_rule", process(20)).put("filter:4 2 9 nft_register_rule", process(21))
    )
    assert [event[:2] for event in told(book, "job")] == [("drop", -41)]


def test_a_later_exec_in_the_same_pid_is_another_process():
    book = Book()
    book.put("filter:3 2 5 nft_unregister_rule", process(20, serial=1))
    book.put("filter:4 2 6 nft_unregister_rule", process(20, serial=9))
    assert [event[1] for event in told(book)] == [-5, -6]
    assert [event[1] for event in told(book, "job")] == []


def test_the_same_image_seen_with_other_users_is_one_process():
    first = process(20)
    again = Tail()
    again.ses, again.exe, again.comm, again.euid = 7, first.tail.exe, first.tail.comm, 33
    book = Book().put("filter:3 2 5 nft_unregister_rule", first)
    book.put("filter:4 2 6 nft_unregister_rule", first.seen_as(again))
    assert [event[1] for event in told(book)] == [-11]


@pytest.mark.parametrize(
    ("init", "job"),
    [("/usr/lib/systemd/systemd", "service"), ("/sbin/init", "service"), ("/usr/sbin/cron", "cron")],
)
def test_without_session_a_job_is_the_highest_ancestor_below_init(init, job):
    above = process(500, ses=-1, exe=init)
    service = process(600, parent=above, ses=-1, exe="/usr/sbin/dockerd")
    shell = process(601, parent=service, ses=-1, exe="/bin/sh")
    child = process(602, parent=shell, ses=-1)
    assert top(child) is (service if job == "service" else above)
    other = process(700, parent=above, ses=-1)
    book = Book().put("filter:3 2 5 nft_unregister_rule", child).put("filter:4 2 6 nft_unregister_rule", service)
    book.put("filter:5 2 7 nft_unregister_rule", other)
    assert sorted(event[1] for event in told(book, "job")) == ([-11, -7] if job == "service" else [-18])


def test_pid_one_is_init_whatever_its_name():
    child = process(5, parent=process(1, ses=-1, exe="/opt/tini"), ses=-1)
    assert top(child) is child


def test_a_systemd_of_a_session_is_no_init():
    user = process(50, ses=3, exe="/usr/lib/systemd/systemd")
    child = process(51, parent=user, ses=3)
    assert top(child) is user


def test_a_session_and_a_pid_of_the_same_number_are_two_jobs():
    book = (
        Book()
        .put("filter:3 2 5 nft_unregister_rule", process(7, ses=-1))
        .put("filter:4 2 6 nft_unregister_rule", process(20, ses=7))
    )
    assert sorted(event[1] for event in told(book, "job")) == [-6, -5]


def test_silence_of_more_than_a_minute_ends_an_event():
    book = Book().put("filter:3 2 5 nft_unregister_rule", IPTABLES)
    book.put("filter:4 2 6 nft_unregister_rule", IPTABLES, at=60.0)
    assert [event[1] for event in told(book, "job")] == [-11]
    book = Book().put("filter:3 2 5 nft_unregister_rule", IPTABLES)
    book.put("filter:4 2 6 nft_unregister_rule", IPTABLES, at=60.1)
    assert [event[1] for event in told(book, "job")] == [-5, -6]


def test_an_event_is_put_out_when_its_silence_is_known():
    book = Book().put("filter:3 2 5 nft_unregister_rule", IPTABLES)
    assert book.over(60.0) == []
    assert [event["EntriesNet"] for event in book.over(60.1)] == [-5, -5]
    assert book.ledger.close() == []


def test_a_silent_legacy_event_waits_for_the_size_after():
    book = Book().put("filter 2 158 xt_replace", IPTABLES)
    assert book.over(500.0) == []
    book.put("filter 2 4 xt_replace", process(30, ses=9), at=1000.0)
    assert [(event["Outcome"], event["EntriesNet"]) for event in book.over(1000.0)] == [("drop", -154)] * 2


def test_a_register_breaks_the_series():
    """Containers have tables of the same name: what stands behind a register is not what was before it."""
    book = Book().put("filter 2 158 xt_replace", process(20)).put("filter 2 0 xt_register", process(21, ses=9))
    book.put("filter 2 4 xt_replace", process(21, ses=9))
    assert told(book) == [("undeterminable", None, None, 158, None), ("undeterminable", None, None, 4, None)]


def test_a_broken_series_does_not_blind_the_session_for_ever():
    """Whoever makes a table in a namespace of his own must not hide all that his session does later."""
    book = Book().put("filter 2 4 xt_replace", process(20)).put("filter 2 0 xt_register", process(21))
    book.put("filter 2 158 xt_replace", process(22), at=61.0).put("filter 2 4 xt_replace", process(23), at=62.0)
    book.put("filter 2 4 xt_replace", process(24, ses=9), at=63.0)
    assert ("drop", -154, None, 158, 4) in told(book, "job")


def test_a_broken_event_is_put_out_after_its_silence():
    book = Book().put("filter 2 4 xt_replace", process(20)).put("filter 2 0 xt_register", process(21))
    assert [event["Outcome"] for event in book.over(61.0)] == ["undeterminable"] * 2


def test_an_event_that_ended_waiting_is_put_out_when_its_series_breaks():
    book = Book().put("filter 2 158 xt_replace", IPTABLES)
    book.put("filter:3 2 1 nft_unregister_rule", IPTABLES, at=100.0)  # the same table name on the other backend
    assert book.over(100.0) == []
    book.put("filter 2 0 xt_register", process(30), at=101.0)
    assert [event["Outcome"] for event in book.over(101.0)] == ["undeterminable"] * 2
    assert told(book) == [("undeterminable", None, None, 158, None), ("drop", -1, -1, None, None)]


def test_the_end_of_a_namespace_is_ignored():
    book = Book().put("filter 2 158 xt_replace", IPTABLES).put("filter 2 158 xt_unregister")
    book.put("filter 2 4 xt_replace", process(30))
    assert told(book)[0] == ("drop", -154, None, 158, 4)


def test_an_unregister_by_a_process_that_calls_itself_kworker_counts():
    posing = process(20, exe="/usr/bin/kmod")
    posing.tail.comm = "kworker/u8:1"
    assert told(Book().put("filter 2 158 xt_unregister", posing)) == [("drop", -158, None, None, None)]


def test_the_event_stands_at_the_record_with_the_largest_loss():
    book = Book()
    for entries in (1, 9, 3):
        book.put(f"filter:{entries} 2 {entries} nft_unregister_rule", IPTABLES)
    assert [event["serial"] for event in book.close()] == [2, 2]
    book = Book().put("filter:3 2 1 nft_register_rule", IPTABLES).put("filter:3 2 5 nft_register_rule", IPTABLES)
    assert [event["serial"] for event in book.close()] == [1, 1]


def test_another_boot_is_another_series():
    book = Book().put("filter 2 158 xt_replace", IPTABLES).put("filter 2 4 xt_replace", IPTABLES, boot=1)
    assert told(book) == [("undeterminable", None, None, 158, None), ("undeterminable", None, None, 4, None)]


def test_series_are_bounded_and_the_longest_untouched_goes_first(monkeypatch):
    monkeypatch.setattr(ledger_module, "MAX_SERIES", 2)
    book = Book()
    for table in ("a", "b", "a", "c"):
        book.put(f"{table} 2 10 xt_replace", process(20 + book.serial))
    # `b` was the longest untouched: its next record begins a new series.
    book.put("b 2 4 xt_replace", process(30)).put("a 2 4 xt_replace", process(31))
    assert [event[:2] for event in told(book, Table="b")] == [("undeterminable", None)] * 2
    assert [event[:2] for event in told(book, Table="a")] == []


def test_open_events_are_bounded_and_put_out_as_they_stand(monkeypatch):
    monkeypatch.setattr(ledger_module, "MAX_ACCOUNTS", 4)
    book = Book()
    for number in range(50):
        book.put(f"t{number}:{number} 2 1 nft_unregister_rule", process(number + 2, ses=number))
        assert len(book.ledger._open) <= 4
    events = book.close()
    assert len(events) == 100
    assert {event["Outcome"] for event in events} == {"drop"}


def as_image(process: Process) -> Image:
    who = Who({}, process.tail.ses, process.tail.comm, process.tail.exe)
    path = process.program.invoked
    since = (process.time, process.serial)
    return Image(0, process.pid, process.ppid, None, who, path, False, {}, None, False, "", since, path)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["filter:1", "filter:2", "nat:1", "filter", "nat"]),
            st.sampled_from(["2", "10"]),
            st.integers(0, 60),
            st.sampled_from(["nft_unregister_rule", "nft_unregister_table", "nft_register_chain", "nft_reset_rule"]),
            st.sampled_from(["xt_replace", "xt_replace", "xt_replace", "xt_register", "xt_unregister", ""]),
            st.integers(0, 3),
            st.sampled_from([0.0, 0.0, 1.0, 59.0, 61.0]),
        ),
        max_size=30,
    )
)
def test_any_records_add_up_as_with_all_of_them_at_hand(rows):
    """The ledger, which forgets each record, against the batch derivation of the oracle."""
    book = Book()
    known = []
    clock = 0.0
    for table, family, entries, nft, legacy, who, pause in rows:
        clock += pause
        by = None if who == 3 else process(20 + who, ses=who % 2)
        book.put(f"{table} {family} {entries} {nft if ':' in table else legacy}", by, at=clock)
        if clock > 100.0:
            book.over(clock)
        pid, comm = (99, "kworker/u8:1") if by is None else (by.pid, by.tail.comm)
        op = nft if ":" in table else legacy
        ending = f' op={op} pid={pid} comm="{comm}"' if op else ""
        change = parse_netfilter(f"table={table} family={family} entries={entries}{ending}".encode())
        assert change is not None
        known.append(Known("gw", 0, change, NOW + clock, book.serial, None if by is None else as_image(by)))
    assert_same(book.close(), changes(known))


# The recorded steps, as `docs/netfilter.md` has them.


def net_changes(host: str) -> list[Any]:
    data = gzip.decompress((EVIDENCE / f"{host}.audit.log.gz").read_bytes())
    return fast(data, columns={NETFILTER_CHANGE: supplied(NETFILTER_CHANGE)}).changes


def windows(host: str) -> list[tuple[str, float, float]]:
    with (EVIDENCE / f"{host}.steps.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [(row["step"], float(row["start_epoch"]), float(row["end_epoch"])) for row in rows]


def documented() -> dict[str, dict[str, tuple[int, bool, bool, bool, int]]]:
    """The table of the document by host and step: any drop, J, W, U, largest net of one process."""
    text = (ROOT / "docs" / "netfilter.md").read_text()
    table = text[text.index("| step | any drop nft/legacy |") :].split("\n\n")[0]
    found: dict[str, dict[str, tuple[int, bool, bool, bool, int]]] = {"gw-nft-01": {}, "gw-legacy-01": {}}
    for row in table.splitlines()[2:]:
        step, drops, *fired, nets = (cell.strip() for cell in row.strip("|").split("|"))
        for place, (host, short) in enumerate((("gw-nft-01", "nft"), ("gw-legacy-01", "legacy"))):
            job, wholesale, unusual = (cell in ("both", short) for cell in fired)
            row_of_host = (int(drops.split("/")[place]), job, wholesale, unusual, int(nets.split("/")[place]))
            found[host][step] = row_of_host
    return found


TOOLS = re.compile(
    r"^(?:/usr(?:/local)?)?/s?bin/(?:xtables-(?:nft-|legacy-)?multi"
    r"|(?:ip|ip6|eb|arp)tables(?:-(?:nft|legacy))?(?:-(?:save|restore))?|nft)$"
)


def is_unusual(change: dict[str, Any]) -> bool:
    """What the pack's rule says, in the two views of the program."""
    return change["process"] is not None and any(
        path.startswith("/") and not TOOLS.search(path) for path in change["process"][3:5]
    )


@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
def test_the_steps_of_the_recordings_come_out_as_documented(host):
    drops = [change for change in net_changes(host) if change["Outcome"] == "drop"]
    derived = {}
    for step, start, end in windows(host):
        inside = [change for change in drops if start - 0.0005 <= change["time"] <= end + 0.0005]
        own = [change for change in inside if change["Scope"] == "process"]
        if inside:
            largest = min(change["EntriesNet"] for change in own)
            has_job = any(change["Scope"] == "job" for change in inside)
            derived[step] = (len(own), has_job, largest <= -40, any(map(is_unusual, own)), largest)
    table = {step: row for step, row in documented()[host].items() if row[0]}
    assert len(table) > 30
    assert derived == table


@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
def test_no_drop_lies_outside_of_all_steps(host):
    for change in net_changes(host):
        if change["Outcome"] == "drop":
            assert any(start - 0.0005 <= change["time"] <= end + 0.0005 for _, start, end in windows(host))


def test_the_largest_loss_is_found_whatever_the_size_of_chunks():
    data = gzip.decompress((EVIDENCE / "gw-nft-01.audit.log.gz").read_bytes())
    columns = {NETFILTER_CHANGE: supplied(NETFILTER_CHANGE)}
    assert_same(fast(data, columns=columns, size=300_000).changes, fast(data, columns=columns).changes)


def test_one_host_s_clock_does_not_end_the_events_of_another():
    """Logs of several hosts are read one after the other: the second's clock is behind that of the first."""
    late = b"node=a type=NETFILTER_CFG msg=audit(1795599999.000:5): "
    late += b"table=nat:1 family=2 entries=1 op=nft_unregister_rule\n"
    lines = [
        b"node=b type=NETFILTER_CFG msg=audit(1795509330.%03d:%d): table=filter:%d family=2 entries=5 "
        b'op=%s pid=7 comm="nft"\n' % (number % 1000, number, number, op)
        for number in range(1, 3_000)
        for op in [(b"nft_unregister_rule", b"nft_register_rule")[number % 2]]
    ]
    columns = {NETFILTER_CHANGE: supplied(NETFILTER_CHANGE)}
    whole = fast(late + b"".join(lines), columns=columns).changes
    parts = fast(late + b"".join(lines), columns=columns, size=70_000).changes
    assert len([change for change in whole if change["node"] == "b"]) == 2
    assert_same(parts, whole)
