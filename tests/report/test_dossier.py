from __future__ import annotations

import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.html.samples import make_incident, make_summary
from tests.report.samples import make_finding

from vedette.report import dossier as subject
from vedette.report.dossier import Dossier, Reading, moment
from vedette.report.ndjson import encode


def read(*lines: bytes, ending: bytes = b"\n") -> Dossier:
    reading = Reading()
    reading.read(io.BytesIO(b"".join(line + ending for line in lines)), "f.ndjson")
    return reading.dossier()


def test_every_kind_of_line_comes_back_as_it_was_written():
    correlated = make_finding(kind="correlation")
    found = read(*map(encode, (make_finding(), correlated, make_incident(), make_summary())))
    assert found.findings == (make_finding(), correlated)
    assert found.incidents == (make_incident(),)
    assert found.summaries == (make_summary(),)
    assert (found.unread, found.lines) == ({}, 4)


def test_findings_come_in_the_order_of_time():
    times = ["2026-11-24T08:00:02.000Z", "2026-11-24T08:00:01.000Z"]
    assert [f.time for f in read(*(encode(make_finding(time=time)) for time in times)).findings] == sorted(times)


def test_of_two_incidents_with_one_id_the_last_stands():
    found = read(encode(make_incident(level="low")), encode(make_incident(level="high")))
    assert [incident.level for incident in found.incidents] == ["high"]


def broken(**changes: object) -> bytes:
    return json.dumps({**msgspec.to_builtins(make_finding()), **changes}).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nope", "no JSON object"),
        (b"[1]", "no JSON object"),
        (b'{"kind": "finding"}', "no JSON object"),
        (b"\xff\xfe", "no JSON object"),
        (b'{"schema": "x", "kind": "strange\\u001b"}', "of the unknown kind 'strange"),
        (broken(schema="vedette.finding/2"), "unknown form 'vedette.finding/2'"),
        (broken(time="yesterday"), "not RFC 3339"),
        (broken(time="2026-11-24T08:00:00"), "not RFC 3339"),
        (broken(rule=None), "not of its form"),
        (broken(event={"a": {"b": 1}}), "not of its form"),
        (b'{"schema": "s", "kind": "finding", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "no JSON object"),
        (encode(make_finding())[:200], "no JSON object"),
    ],
)
def test_what_can_t_be_read_is_counted_and_named(line, reason):
    found = read(encode(make_finding()), line, encode(make_finding()))
    assert len(found.findings) == 2
    ((why, count),) = found.unread.items()
    assert reason in why
    assert (count, found.examples[why], found.lines) == (1, "f.ndjson:2", 3)


def test_fields_that_are_new_are_no_harm():
    assert len(read(broken(news=[1, {"a": None}])).findings) == 1


def test_a_line_that_is_too_long_is_skipped_to_its_end(monkeypatch):
    monkeypatch.setattr(subject, "MAX_LINE", 5000)
    found = read(encode(make_finding("x" * 50_000)), encode(make_finding()))
    assert len(found.findings) == 1
    assert len(found.unread) == 1


def test_what_is_beyond_the_bounds_is_counted(monkeypatch):
    monkeypatch.setattr(subject, "MAX_FINDINGS", 2)
    monkeypatch.setattr(subject, "MAX_INCIDENTS", 1)
    lines = [encode(make_finding())] * 5 + [encode(make_incident(id=name)) for name in "aab"]
    found = read(*lines)
    assert (len(found.findings), len(found.incidents)) == (2, 1)
    assert sorted(found.unread.values()) == [1, 3]


def test_reasons_are_not_endless():
    found = read(*(b'{"schema": "s", "kind": "k%d"}' % number for number in range(200)))
    assert len(found.unread) <= 51
    assert sum(found.unread.values()) == 200


def test_a_file_that_is_too_large_is_read_in_part(monkeypatch):
    monkeypatch.setattr(subject, "MAX_BYTES", 3000)
    assert len(read(*[encode(make_finding())] * 9).findings) < 9


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_are_read_or_counted(lines):
    found = read(*lines)
    kept = len(found.findings) + len(found.incidents) + len(found.summaries)
    assert kept + sum(found.unread.values()) == found.lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1970-01-01T00:00:01.500Z", 1500.0), ("1970-01-01T01:00:00.000+01:00", 0.0), ("1970-01-01", None), ("", None),
     ("0001-01-01T00:00:00.000+14:00", None), ("9999-99-99T00:00:00.000Z", None)],
)  # fmt: skip
def test_a_time_is_utc_milliseconds(text, expected):
    got = moment(text)
    assert got == expected or (expected is None and got is not None and got < 0)
