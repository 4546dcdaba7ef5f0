"""Pieces of recordings, named after what breaks in them, and the lines that auditd itself wrote of the same events."""

from __future__ import annotations

from pathlib import Path

import pytest

from vedette.telemetry.carrier.carried import Carried
from vedette.telemetry.format import detect

FOLDER = Path(__file__).parents[2] / "fixtures" / "carrier"
FORMATS = {".syslog": "syslog", ".export": "journal", ".ndjson": "laurel"}
PIECES = sorted(path for path in FOLDER.iterdir() if path.suffix in FORMATS)


@pytest.mark.parametrize("path", PIECES, ids=lambda path: path.name)
def test_the_records_are_those_of_the_audit_log(path: Path) -> None:
    data = path.read_bytes()
    form = detect(data)
    assert form is not None
    assert form.name == FORMATS[path.suffix]
    for size in (1, 100, len(data)):
        chunks = (data[at : at + size] for at in range(0, len(data), size))
        assert b"".join(Carried(form.name, chunks).chunks) == path.with_suffix(".audit").read_bytes()


def test_all_pieces_are_here() -> None:
    assert len(PIECES) == 8


def test_an_event_of_which_a_record_is_lost_is_told() -> None:
    lost = Carried("syslog", [(FOLDER / "syslog-record-lost.syslog").read_bytes()])
    assert list(lost.chunks)
    assert any("lack records" in remark for remark in lost.remarks())
    whole = Carried("journal", [(FOLDER / "journal-syslog-raw.export").read_bytes()])
    assert list(whole.chunks)
    assert not any("lack records" in remark for remark in whole.remarks())
