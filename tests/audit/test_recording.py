"""Recordings: what a steps file says, and to which step an event belongs."""

from __future__ import annotations

import pytest

from vedette.audit.recording import Recording, Step, folder_recordings, pack_recordings, read_steps
from vedette.errors import PackError
from vedette.hunt.hunt import built_in_pack

HEAD = "step\tlabel\tstart_epoch\tend_epoch"


@pytest.fixture
def steps(tmp_path):
    def steps(*rows: str, head: str = HEAD) -> tuple[Step, ...]:
        path = tmp_path / "x.steps.tsv"
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        return read_steps(path)

    return steps


def test_steps_are_read_in_the_order_of_their_start(steps):
    found = steps("b\tattack\t20\t30.5", "a\tbenign\t1\t2")
    assert [(step.name, step.label, step.scenario, step.start, step.end) for step in found] == [
        ("a", "benign", "a", 1.0, 2.0),
        ("b", "attack", "b", 20.0, 30.5),
    ]


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ("\tbenign\t1\t2", "no name of its own"),
        ("a\tgood\t1\t2", "label must be benign or attack"),
        ("a\tbenign\tx\t2", "epoch seconds"),
        ("a\tbenign\t3\t2", "epoch seconds"),
        ("a\tbenign\tnan\t2", "epoch seconds"),
        ("a\tbenign\t1", "epoch seconds"),
    ],
)
def test_a_wrong_line_is_named(steps, row, cause):
    with pytest.raises(PackError, match=cause) as error:
        steps("ok\tbenign\t1\t2", row)
    assert error.value.location.line == 3


def test_a_name_twice_and_a_missing_column_are_told(steps):
    with pytest.raises(PackError, match="no name of its own"):
        steps("a\tbenign\t1\t2", "a\tbenign\t1\t2")
    with pytest.raises(PackError, match="no column label"):
        steps(head="step\tstart_epoch\tend_epoch")


def test_a_head_that_is_no_table_is_told(steps):
    with pytest.raises(PackError, match=r"x\.steps\.tsv:\d: unexpected end of data"):
        steps(head='"step\tlabel')


def test_other_ends_of_lines_stand_in_cells(steps):
    (one,) = steps("a\u2028b\tbenign\t1\t2\r")
    assert (one.name, one.end) == ("a\u2028b", 2.0)


def test_overlapping_steps_are_told_apart_by_their_login():
    first = Step("first", "benign", "s", 0, 10, login="ops")
    second = Step("second", "attack", "s", 5, 15, login="deploy")
    recording = Recording("host", "log", (first, second))
    assert recording.step_of(1, "anyone") is first
    assert recording.step_of(7, "deploy") is second
    assert recording.step_of(7, "ops") is first
    assert recording.step_of(7, "") is None
    assert recording.step_of(15.001, "") is second
    assert recording.step_of(16, "deploy") is None


def test_the_recordings_of_a_pack():
    found, problems = pack_recordings(built_in_pack("linux-firewall"))
    assert not problems
    assert [recording.name for recording in found] == ["gw-nft-01", "gw-legacy-01"]
    assert [sum(step.label == "attack" for step in recording.steps) for recording in found] == [17, 17]


def test_a_pack_that_names_what_is_not_there_or_outside(tmp_path):
    (tmp_path / "pack.yml").write_text(
        "evidence:\n  recordings:\n    - {log: a.log, steps: a.tsv}\n    - {log: ../../etc/passwd, steps: x}\n    - 1",
        encoding="utf-8",
    )
    found, problems = pack_recordings(tmp_path)
    assert not found
    assert [problem.cause for problem in problems] == [
        "no recording a.log",
        *["a recording names no log or no steps"] * 2,
    ]


def test_any_folder_of_logs(tmp_path):
    (tmp_path / "a.audit.log").write_text("")
    (tmp_path / "a.steps.tsv").write_text(HEAD + "\nx\tbenign\t1\t2\n")
    (tmp_path / "b.log.gz").write_bytes(b"")
    (tmp_path / "c.audit.log").write_text("")
    (tmp_path / "c.steps.tsv").write_text("nothing\n")
    (tmp_path / "notes.txt").write_text("")
    found, problems = folder_recordings(tmp_path)
    assert [(recording.name, len(recording.steps)) for recording in found] == [("a", 1), ("b", 0)]
    assert [problem.location.path.rpartition("/")[2] for problem in problems] == ["c.steps.tsv"]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert folder_recordings(empty)[1][0].cause == "no recording in it"
    with pytest.raises(PackError, match="can't be read"):
        folder_recordings(tmp_path / "none")
