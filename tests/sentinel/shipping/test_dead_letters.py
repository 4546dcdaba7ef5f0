"""Dead letters: whole lines, whatever interrupted the run before."""

from __future__ import annotations

import json

import pytest

from vedette.errors import UsageError
from vedette.sentinel.shipping.dead_letters import Dead, DeadLetters
from vedette.sentinel.shipping.row import Row

ROW = Row("process_creation", b'{"EventCount":1}', "u1", "1.000:1", "audit.log", 7, 0.0)


def test_a_letter_tells_reason_place_and_row(tmp_path):
    letters = DeadLetters(tmp_path / "dead.ndjson")
    letters.bury([])
    assert not (tmp_path / "dead.ndjson").exists()
    letters.bury([Dead(ROW, "400 no", 400), Dead(ROW, "too big")])
    first, second = map(json.loads, (tmp_path / "dead.ndjson").read_text().splitlines())
    assert first == {
        "reason": "400 no", "status": 400, "kind": "process_creation", "uid": "u1", "file": "audit.log", "offset": 7,
        "row": {"EventCount": 1},
    }  # fmt: skip
    assert (second["reason"], second["status"]) == ("too big", 0)
    assert letters.written == 2
    assert (tmp_path / "dead.ndjson").stat().st_mode & 0o777 == 0o600


def test_a_torn_line_does_not_swallow_the_next(tmp_path):
    path = tmp_path / "dead.ndjson"
    path.write_bytes(b'{"reason": "to')
    DeadLetters(path).bury([Dead(ROW, "again")])
    DeadLetters(path).bury([Dead(ROW, "more")])
    assert [json.loads(line)["reason"] for line in path.read_text().splitlines()[1:]] == ["again", "more"]


def test_a_file_that_can_t_be_written_is_told(tmp_path):
    with pytest.raises(UsageError, match="can't write the dead letters"):
        DeadLetters(tmp_path / "nowhere" / "dead").bury([Dead(ROW, "x")])
