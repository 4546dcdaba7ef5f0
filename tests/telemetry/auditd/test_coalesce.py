from __future__ import annotations

import gzip

from hypothesis import given
from hypothesis import strategies as st
from tests.strategies_auditd import line

from vedette.telemetry.auditd.coalesce import Window, coalesce, parse_lines
from vedette.telemetry.auditd.record import Record, Reject, parse_record


def record(serial, record_type="CWD", *, node=b"", millisecond=0, sec=None):
    raw = line(record_type, b'cwd="/"', node=node, serial=serial, millisecond=millisecond)
    if sec is not None:
        raw = raw.replace(b"1700000000.", b"%d." % sec)
    parsed = parse_record(raw)
    assert isinstance(parsed, Record)
    return parsed


def events(records, window=None):
    return list(coalesce(enumerate(records), window))


@st.composite
def interleavings(draw):
    """Events of up to three nodes, with or without EOE, their records shuffled together but each event's in order."""
    queues = []
    for serial in range(draw(st.integers(1, 6))):
        for node in draw(st.sets(st.sampled_from([b"", b"a", b"b"]), min_size=1)):
            types = ["SYSCALL", *draw(st.lists(st.sampled_from(["PATH", "CWD"]), max_size=3))]
            types += ["EOE"] if draw(st.booleans()) else []
            queues.append([record(serial, record_type, node=node) for record_type in types])
    shuffled = []
    left = [list(queue) for queue in queues]
    while any(left):
        index = draw(st.sampled_from([index for index, queue in enumerate(left) if queue]))
        shuffled.append(left[index].pop(0))
    return queues, shuffled


@given(interleavings())
def test_events_come_whole_and_in_the_order_of_their_first_records(drawn):
    queues, shuffled = drawn
    found = events(shuffled)
    assert sorted(map(tuple, queues), key=str) == sorted((event.records for event in found), key=str)
    assert [event.offset for event in found] == sorted(event.offset for event in found)
    assert all(shuffled[event.offset] == event.records[0] and not event.rest for event in found)


@given(interleavings(), st.integers(1, 4))
def test_a_small_window_loses_no_record_and_says_what_is_a_rest(drawn, records):
    _, shuffled = drawn
    found = events(shuffled, Window(records=records))
    assert sorted((r for event in found for r in event.records), key=str) == sorted(shuffled, key=str)
    seen = set()
    for event in found:
        if event.rest:
            assert event.key in seen
        seen.add(event.key)


def test_the_same_serial_of_two_nodes_is_two_events():
    assert len(events([record(1, node=b"a"), record(1, node=b"b"), record(1, node=b"a")])) == 2


def test_the_same_serial_after_a_reboot_is_another_event():
    assert len(events([record(1), record(1, sec=1700009999)])) == 2


def test_an_event_ends_when_its_nodes_clock_moves_on_but_not_anothers():
    late = record(1, "PATH", node=b"a")
    moved = events([record(1, node=b"a"), record(2, node=b"a", sec=1700000003), late])
    assert [(len(event.records), event.rest) for event in moved] == [(1, False), (1, False), (1, True)]
    other = events([record(1, node=b"a"), record(2, node=b"b", sec=1700000003), late])
    assert [(len(event.records), event.rest) for event in other] == [(2, False), (1, False)]


def test_a_clock_set_back_ends_an_event_too():
    assert len(next(iter(coalesce(enumerate([record(1), record(2, sec=1600000000)])))).records) == 1


def test_an_event_is_given_at_its_eoe():
    stream = coalesce(enumerate([record(1), record(1, "EOE"), record(2)]))
    assert [r.type for r in next(stream).records] == ["CWD", "EOE"]


def test_bytes_held_are_bounded():
    found = events([record(serial) for serial in range(10)], Window(size=200))
    assert len(found) == 10


def test_bodies_and_first_of_a_type():
    event = events([record(1, "SYSCALL"), record(1, "PATH"), record(1, "PATH")])[0]
    assert event.bodies("PATH") == (b'cwd="/"', b'cwd="/"')
    assert event.first("SYSCALL") is event.records[0]
    assert event.first("EXECVE") is None


@given(
    st.lists(st.sampled_from([b'type=CWD msg=audit(1.000:1): cwd="/"', b"junk", b""]), max_size=8), st.integers(1, 50)
)
def test_lines_are_parsed_with_their_offsets(lines, size):
    stream = b"".join(raw + b"\n" for raw in lines)
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    offset = 0
    for raw, (place, parsed) in zip(lines, parse_lines(chunks), strict=True):
        assert place == offset
        assert parsed == parse_record(raw)
        offset += len(raw) + 1


def test_the_length_of_an_endless_line_is_told():
    ((_, parsed),) = parse_lines([b"x" * (1 << 20)] * 3)
    assert isinstance(parsed, Reject)
    assert (parsed.reason, parsed.length) == ("too-long", 3 << 20)


def test_events_of_a_recording(shared):
    with gzip.open(shared / "data" / "linux-firewall" / "gw-nft-01.audit.log.gz") as log:
        parsed = [(place, r) for place, r in parse_lines([log.read()]) if isinstance(r, Record)]
    found = list(coalesce(parsed))
    assert sum(len(event.records) for event in found) == len(parsed)
    assert not any(event.rest for event in found)
    assert len({event.key for event in found}) == len(found)
    assert all(event.first("SYSCALL") for event in found if event.first("EXECVE"))
