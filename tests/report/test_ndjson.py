from __future__ import annotations

import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.samples import make_finding

from vedette.hunt.finding import Finding
from vedette.report import json as array
from vedette.report import ndjson

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def written(findings, write=ndjson.write):
    out = io.BytesIO()
    write(findings, out)
    return out.getvalue()


def test_one_finding_is_one_line():
    lines = written([make_finding("a\nb"), make_finding("c")]).splitlines()
    assert [json.loads(line)["process"]["command_line"] for line in lines] == ["a\nb", "c"]


def test_every_finding_is_written_whatever_the_batch():
    many = [make_finding(str(number)) for number in range(2 * ndjson.BATCH + 3)]
    lines = written(iter(many)).splitlines()
    assert [json.loads(line)["process"]["command_line"] for line in lines] == [str(n) for n in range(len(many))]


def test_nothing_is_written_for_nothing():
    assert written([]) == b""


@given(TEXT, TEXT)
def test_a_line_reads_back_as_the_same_finding(command_line, host):
    finding = make_finding(command_line, host=host)
    (line,) = written([finding]).splitlines()
    assert msgspec.json.decode(line, type=Finding) == finding
    assert json.loads(line) == json.loads(ndjson.encode(finding))


@given(TEXT)
def test_a_line_is_safe_on_a_terminal(text):
    from vedette.report.terminal import visible

    line = ndjson.encode(make_finding(text)).decode()
    assert [character for character in line if not visible(character)] == []


def test_hostile_characters_are_json_escapes():
    line = ndjson.encode(make_finding("\x1b\x7f\x9b\u202e\U000e0041é"))
    assert rb"\u001b\u007f\u009b\u202e\udb40\udc41" + "é".encode() in line


def test_lone_surrogates_do_not_stop_the_rest():
    lines = written([make_finding("a\udc80b"), make_finding("c")]).splitlines()
    assert [json.loads(line)["process"]["command_line"] for line in lines] == ["a\ufffdb", "c"]


def test_what_was_found_before_an_error_is_written():
    def broken():
        yield make_finding("first")
        raise RuntimeError

    out = io.BytesIO()
    with pytest.raises(RuntimeError):
        ndjson.write(broken(), out)
    assert len(out.getvalue().splitlines()) == 1
    out = io.BytesIO()
    with pytest.raises(RuntimeError):
        array.write(broken(), out)
    assert len(json.loads(out.getvalue())) == 1


def test_slow_findings_are_written_at_once(monkeypatch):
    monkeypatch.setattr(ndjson, "PATIENCE", 0.0)
    out = io.BytesIO()
    seen = []

    def slow():
        for number in range(3):
            yield make_finding(str(number))
            seen.append(len(out.getvalue().splitlines()))

    ndjson.write(slow(), out)
    assert seen == [1, 2, 3]


def test_an_array_is_one_document_of_the_same_objects():
    findings = [make_finding("\u202e"), make_finding("b")]
    assert written([], array.write) == b"[]\n"
    text = written(findings, array.write)
    assert json.loads(text) == [json.loads(line) for line in written(findings).splitlines()]
    assert "\u202e".encode() not in text
