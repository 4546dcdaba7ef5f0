"""JUnit XML: what build servers ask of it, and whatever a log holds."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st
from tests.audit.packs import MET, pack
from tests.report.samples import FLUSH, make_finding

from vedette.audit.trial import Attempt, Case, Trial, try_pack
from vedette.errors import Location, PackError
from vedette.report.junit import write

#: What XML 1.0 holds, without the controls beyond ASCII that it discourages.
HELD = re.compile("[\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")
COUNTS = ("tests", "failures", "errors", "skipped")
#: What the schema of Jenkins' xUnit plugin (junit-10.xsd) has of it, and we write.
ATTRIBUTES = {
    "testsuites": {"name", "time", *COUNTS[:3]},
    "testsuite": {"name", "time", *COUNTS},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
}


def written(*trials: Trial) -> bytes:
    out = io.BytesIO()
    write(trials, out)
    return out.getvalue()


def read(document: bytes) -> ET.Element:
    """The document, held to what its readers agree on."""
    assert document.startswith(b"<?xml version='1.0' encoding='utf-8'?>\n<testsuites ")
    assert HELD.fullmatch(document.decode())
    top = ET.fromstring(document)
    for element in top.iter():
        assert set(element.attrib) == ATTRIBUTES[element.tag]
        for count in set(element.attrib) & set(COUNTS):
            tag = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}[count]
            assert int(element.attrib[count]) == len(list(element.iter(tag)))
        if "time" in element.attrib:
            assert re.fullmatch(r"\d+\.\d{3}", element.attrib["time"])
    return top


def of(case: Case, *, problem: PackError | None = None, pack: str = "p") -> Trial:
    problems = (problem,) if problem else ()
    return Trial(pack, (Attempt(case.recording, (case,)),), problems, (), (), {FLUSH.id: "flush"})


def test_a_suite_a_recording_and_a_case_an_expectation(tmp_path: Path) -> None:
    folder = pack(tmp_path, "gw\tbackup\tflush\tmust\t3\t-\tit flushes\t", *MET[1:])
    found = try_pack(folder)
    (suite,) = read(written(found))
    assert suite.get("name") == "sample.gw"
    cases = [case.get("name") for case in suite]
    assert len(cases) == len(set(cases)) == len(found.cases)
    assert "flush: must be detected" in cases
    (failure,) = suite.iter("failure")
    assert failure.get("message") == "must flush, 3 or more: found 2"
    assert failure.text
    assert failure.text.splitlines() == [
        "it flushes",
        f"{folder}/expectations.tsv:2",
        "2026-11-24T08:33:21.000Z  flush  /sbin/iptables -F backup",
        "2026-11-24T08:33:22.000Z  flush  /sbin/iptables -F backup",
    ]


def test_what_can_t_be_read_is_an_error_of_the_pack() -> None:
    case = Case("gw", "s", "flush", "must", 1, 2, "why", found=1, alerts=1, passed=True)
    top = read(written(of(case, problem=PackError("no rule", Location("e.tsv", 3), code="expectation"))))
    assert [suite.get("name") for suite in top] == ["p.gw", "p"]
    (error,) = top.iter("error")
    assert (error.get("type"), error.get("message"), error.text) == ("expectation", "no rule", "e.tsv:3: no rule")


def test_several_packs_are_one_document(tmp_path: Path) -> None:
    trials = [try_pack(pack(tmp_path / name)) for name in ("a", "b")]
    assert read(written(*trials)).get("tests") == "22"


def test_no_pack_is_an_empty_document() -> None:
    assert read(written()).get("tests") == "0"


def test_every_character_can_be_written() -> None:
    planes = [*range(0x10000), *range(0x10000, sys.maxunicode + 1, 251), *range(sys.maxunicode - 9, sys.maxunicode + 1)]
    everything = "".join(map(chr, planes))
    for start in range(0, len(everything), 4000):
        text = everything[start : start + 4000]
        case = Case(
            text, text, text, "must", 1, 2, text, found=3, alerts=3, passed=False, examples=(make_finding(text),)
        )
        read(written(of(case, problem=PackError(text, Location(text), code=text), pack=text)))


@given(text=st.text(max_size=50))
def test_text_is_held_as_the_terminal_would_show_it(text: str) -> None:
    case = Case("gw", text, "flush", "must", 1, 2, f"why {text}", found=3, alerts=3, passed=False)
    (suite,) = read(written(of(case)))
    assert len(suite) == 1
