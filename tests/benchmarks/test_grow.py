"""The grower: the same bytes for the same call, and the knobs do what they say."""

from __future__ import annotations

import io
import re

import pytest
from benchmarks.grow import RECORDING, Grown, grow, read_recording

IDENTITY = re.compile(rb"^node=\S+ type=(\S+) msg=audit\((\d+)\.\d+:(\d+)\): ", re.MULTILINE)


@pytest.fixture(scope="module")
def recording() -> bytes:
    """The first part of the pack's recording, up to a line end."""
    part = read_recording(RECORDING)[:1_000_000]
    return part[: part.rfind(b"\n") + 1]


def grown(recording: bytes, size: int, **knobs: float) -> tuple[bytes, Grown]:
    out = io.BytesIO()
    made = grow(recording, out, size, **knobs)  # type: ignore[arg-type]
    return out.getvalue(), made


def kinds_by_event(log: bytes) -> dict[tuple[bytes, bytes], list[bytes]]:
    events: dict[tuple[bytes, bytes], list[bytes]] = {}
    for kind, second, serial in IDENTITY.findall(log):
        events.setdefault((second, serial), []).append(kind)
    return events


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others(recording):
    first, again, other = (grown(recording, 2_000_000, seed=seed) for seed in (7, 7, 8))
    assert first == again
    assert first[0] != other[0]
    assert first[1].digest != other[1].digest


def test_without_knobs_the_first_copy_is_the_recording(recording):
    log, made = grown(recording, len(recording), distinct=0, swapped=0)
    assert log == recording
    assert (made.size, made.swapped) == (len(recording), 0)


def test_the_account_is_that_of_the_log(recording):
    log, made = grown(recording, 3_000_000)
    assert made.size == len(log) >= 3_000_000
    assert made.lines == log.count(b"\n")
    bodies = re.findall(rb"^node=\S+ type=EXECVE msg=audit\([^)]*\): (.*)$", log, re.MULTILINE)
    assert (made.execs, made.distinct) == (len(bodies), len(set(bodies)))
    assert made.swapped > 0


@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_so_many_command_lines_are_distinct_as_asked(recording, share):
    _, made = grown(recording, 4_000_000, distinct=share)
    assert abs(made.share - share) < 0.03


def test_every_copy_moves_time_and_serial_on(recording):
    log, _ = grown(recording, 2 * len(recording), distinct=0, swapped=0)
    once = [(int(second), int(serial)) for _, second, serial in IDENTITY.findall(recording)]
    events = [(int(second), int(serial)) for _, second, serial in IDENTITY.findall(log)]
    second_copy = events[len(once) :]
    seconds, serials = (
        {after[place] - before[place] for before, after in zip(once, second_copy, strict=False)} for place in (0, 1)
    )
    assert len(second_copy) > len(once) * 0.9
    assert seconds == {max(second for second, _ in once) - min(second for second, _ in once) + 1}
    assert serials == {max(serial for _, serial in once) - min(serial for _, serial in once) + 1}


def test_neighbours_of_one_event_keep_their_order(recording):
    log, made = grown(recording, len(recording), distinct=0, swapped=1)
    assert made.swapped > 100
    assert log != recording
    assert sorted(log.splitlines()) == sorted(recording.splitlines())
    assert kinds_by_event(log) == kinds_by_event(recording)


def test_what_is_no_audit_log_is_refused():
    with pytest.raises(ValueError, match="no audit record"):
        grow(b"hello\n", io.BytesIO(), 10)
