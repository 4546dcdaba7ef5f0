from __future__ import annotations

import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vedette.errors import UsageError
from vedette.sentinel.hunting.journal import FORM, Done, Head, Journal
from vedette.sentinel.hunting.seen import Seen
from vedette.sentinel.hunting.window import Window

WINDOW = Window(0, 1000)
HEAD = Head(FORM, "digest", WINDOW, 100.0, None)


def seen(number: int) -> Seen:
    return Seen(f"row {number}", "T", 5.0, "gw", {"CommandLine": "iptables -F \u2028 é", "ProcessId": number}, serial=3)


def written(path, *pieces):
    journal = Journal(str(path), HEAD)
    for ask, window, rows in pieces:
        journal.write(ask, window, rows)
    journal.close()


def test_what_was_put_down_is_read_again(tmp_path):
    path = tmp_path / "journal"
    rows = [seen(1), seen(2)]
    written(path, ("a", Window(0, 500), rows), ("b", WINDOW, []))
    journal = Journal(str(path), HEAD)
    assert journal.done == [Done("a", Window(0, 500), tuple(rows)), Done("b", WINDOW, ())]
    assert journal.notes == []
    journal.write("a", Window(500, 1000), [seen(3)])
    journal.close()
    again = Journal(str(path), HEAD)
    assert len(again.done) == 3
    again.close()


def test_many_rows_are_one_piece(tmp_path, monkeypatch):
    monkeypatch.setattr("vedette.sentinel.hunting.journal._ROWS", 2)
    rows = [seen(number) for number in range(5)]
    written(tmp_path / "journal", ("a", WINDOW, rows))
    assert len((tmp_path / "journal").read_bytes().splitlines()) == 4
    journal = Journal(str(tmp_path / "journal"), HEAD)
    assert journal.done == [Done("a", WINDOW, tuple(rows))]
    journal.close()


def test_only_its_owner_may_read_it(tmp_path):
    written(tmp_path / "journal")
    assert stat.S_IMODE((tmp_path / "journal").stat().st_mode) == 0o600


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_whatever_is_damaged_is_asked_again_and_nothing_is_made_up(tmp_path, data):
    path = tmp_path / "journal"
    path.unlink(missing_ok=True)
    pieces = [(f"ask {number}", WINDOW, [seen(number)]) for number in range(4)]
    written(path, *pieces)
    head, *lines = path.read_bytes().splitlines(keepends=True)
    body = b"".join(lines)
    place = data.draw(st.integers(0, len(body) - 1))
    if data.draw(st.booleans()):
        damaged = body[:place]  # as a crash leaves it
    else:
        damaged = body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    path.write_bytes(head + damaged)
    journal = Journal(str(path), HEAD)
    whole = [Done(ask, window, tuple(rows)) for ask, window, rows in pieces]
    assert all(done in whole for done in journal.done)
    lost = len(whole) - len(journal.done)
    assert bool(journal.notes) == (damaged not in {body, b"".join(lines[: len(journal.done)])})
    assert lost == 0 or damaged != body
    journal.write("more", WINDOW, [])
    journal.close()
    again = Journal(str(path), HEAD)
    assert again.done[-1] == Done("more", WINDOW, ())
    again.close()


def test_one_that_was_not_written_to_its_end_is_told(tmp_path):
    path = tmp_path / "journal"
    written(path, ("a", WINDOW, [seen(1)]), ("b", WINDOW, [seen(2)]))
    os.truncate(path, path.stat().st_size - 5)
    journal = Journal(str(path), HEAD)
    assert [done.ask for done in journal.done] == ["a"]
    assert "was not written to its end; it is asked for again" in journal.notes[0]
    journal.close()


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (Head(FORM, "other", WINDOW, 100.0, None), "of another workspace or of other queries"),
        (Head(FORM, "digest", WINDOW, 500.0, None), "of another time"),
        (Head(FORM, "digest", WINDOW, 100.0, 900.0), "of another time"),
    ],
)
def test_a_journal_of_another_hunt_is_refused(tmp_path, head, message):
    written(tmp_path / "journal")
    with pytest.raises(UsageError, match=message):
        Journal(str(tmp_path / "journal"), head)


def test_a_time_that_moves_with_the_clock_goes_on_as_it_began(tmp_path):
    written(tmp_path / "journal")
    later = Head(FORM, "digest", Window(60, 1060), 160.0, None)
    journal = Journal(str(tmp_path / "journal"), later)
    assert journal.head == HEAD
    journal.close()


@pytest.mark.parametrize("content", [b"x", b"{}\n", b"\xff\xfe\n", b'{"crc":1,"say":{}}\n', b"[" * 5000 + b"\n"])
def test_what_is_no_journal_is_left_alone(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no journal"):
        Journal(str(path), HEAD)
    assert path.read_bytes() == content


def test_two_hunts_do_not_share_one(tmp_path):
    first = Journal(str(tmp_path / "journal"), HEAD)
    with pytest.raises(UsageError, match="another hunt writes"):
        Journal(str(tmp_path / "journal"), HEAD)
    first.close()
    Journal(str(tmp_path / "journal"), HEAD).close()


def test_a_folder_a_pipe_and_a_place_that_is_not_there_are_none(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nowhere" / "journal"):
        with pytest.raises(UsageError):
            Journal(str(path), HEAD)


def test_a_full_disk_is_told(tmp_path):
    journal = Journal(str(tmp_path / "journal"), HEAD)

    class Full:
        def write(self, _: bytes) -> int:
            raise OSError(28, "No space left on device")

    stream, journal._stream = journal._stream, Full()  # type: ignore[assignment]
    with pytest.raises(UsageError, match="No space left"):
        journal.write("a", WINDOW, [])
    stream.close()
