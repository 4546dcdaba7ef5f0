"""Expectations files: what each line must hold, and where each fault stands."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit.packs import HEAD

from vedette.audit.expectation import COLUMNS, Expectation, read_expectations
from vedette.audit.suite import read_suite
from vedette.errors import Location, PackError
from vedette.hunt.hunt import built_in_pack

STEPS = {"gw": frozenset({"a", "b"}), "lost": None}
RULES = {"flush", "policy"}
EXCLUSIONS = {"backup": "id-1", "id-1": "id-1"}


def read(folder: Path, *lines: str, head: str = f"{HEAD}\texclusion") -> tuple[list[Expectation], list[PackError]]:
    path = folder / "e.tsv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    found, faults = read_expectations(path, STEPS, RULES, EXCLUSIONS)
    return list(found), list(faults)


@pytest.mark.parametrize(
    ("line", "asks", "bounds"),
    [
        ("gw\ta\tflush\tmust\t1\t-\twhy\t", "must flush, 1 or more", (1, None)),
        ("gw\ta\tflush\tmust\t2\t2\twhy\t", "must flush, 2", (2, 2)),
        ("gw\ta\tflush\tmay\t0\t5\twhy\t", "may flush, 0 to 5", (0, 5)),
        ("gw\ta\tflush\tmust not\t0\t0\twhy\t", "must not flush", (0, 0)),
        ("gw\ta\t*\tmust not\t0\t0\twhy\t", "must not fire anything else", (0, 0)),
        ("gw\ta\t*\tsilence\t1\t3\twhy\tbackup", "must silence by id-1, 1 to 3", (1, 3)),
        ("gw\ta\tflush\tsilence\t1\t-\twhy\tid-1", "must silence flush by id-1, 1 or more", (1, None)),
        ("gw\ta\tflush\tsilence\t0\t0\twhy\tid-1", "must not silence flush by id-1", (0, 0)),
        ("lost\tanything\tflush\tmay\t0\t-\twhy\t", "may flush, 0 or more", (0, None)),
    ],
)
def test_a_line_says_what_is_asked(tmp_path, line, asks, bounds):
    (one,), faults = read(tmp_path, line)
    assert faults == []
    assert one.asks == asks
    assert (one.low, one.high) == bounds
    assert one.why == "why"
    assert one.location == Location(str(tmp_path / "e.tsv"), 2)


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("other\ta\tflush\tmust\t1\t-\twhy\t", "no recording 'other'; there are gw, lost"),
        ("gw\tc\tflush\tmust\t1\t-\twhy\t", "no step 'c' in gw"),
        ("gw\ta\tgone\tmust\t1\t-\twhy\t", "no rule 'gone'"),
        ("gw\ta\t*\tmust\t1\t-\twhy\t", "no rule '*'"),
        ("gw\ta\tflush\tshould\t1\t-\twhy\t", "expect is one of must, may, must not, silence, not 'should'"),
        ("gw\ta\tflush\tdetect\t1\t-\twhy\t", "not 'detect'"),
        ("gw\ta\tflush\tmust\t0\t-\twhy\t", "min of 1"),
        ("gw\ta\tflush\tmust\t-\t-\twhy\t", "min is a number"),
        ("gw\ta\tflush\tmust\t1\t\twhy\t", "max a number or -"),
        ("gw\ta\tflush\tmust\t1\t9999999999\twhy\t", "max a number or -"),
        ("gw\ta\tflush\tmust\t\u0661\t-\twhy\t", "min is a number"),
        ("gw\ta\tflush\tmust\t2\t1\twhy\t", "max 1 is below min 2"),
        ("gw\ta\tflush\tmay\t1\t2\twhy\t", "may needs a min of 0"),
        ("gw\ta\tflush\tmay\t0\t0\twhy\t", "a max above it"),
        ("gw\ta\tflush\tmust not\t0\t1\twhy\t", "min 0 and max 0"),
        ("gw\ta\tflush\tmust\t1\t-\t\t", "no reason"),
        ("gw\ta\tflush\tmust\t1\t-\twhy\tbackup", "must names no exclusion"),
        ("gw\ta\tflush\tsilence\t1\t-\twhy\t", "silence needs the exclusion's"),
        ("gw\ta\tflush\tsilence\t1\t-\twhy\tgone", "no exclusion 'gone'"),
        ("gw\ta\tflush\tmust\t1", "more or fewer cells"),
        ("gw\ta\tflush\tmust\t1\t-\twhy\t\tmore", "more or fewer cells"),
    ],
)
def test_a_fault_is_told_with_its_line_and_costs_no_other_line(tmp_path, line, cause):
    good = "gw\tb\tflush\tmay\t0\t1\twhy\t"
    found, (fault,) = read(tmp_path, good, line)
    assert cause in fault.cause
    assert fault.location == Location(str(tmp_path / "e.tsv"), 3)
    assert [one.step for one in found] == ["b"]


def test_a_rule_is_asked_once_a_step_apart_from_what_silences_it(tmp_path):
    must, silence = "gw\ta\tflush\tmust\t1\t-\twhy\t", "gw\ta\tflush\tsilence\t1\t-\twhy\tbackup"
    found, (fault,) = read(tmp_path, must, silence, must.replace("must\t1", "may\t0"))
    assert len(found) == 2
    assert fault.location.line == 4
    assert "line 2 speaks of the same" in fault.cause


@pytest.mark.parametrize(
    ("head", "cause"),
    [
        ("host\tstep\trule\texpect\tmin\tmax", "no column why"),
        (f"{HEAD}\texclusoin", "no column is called 'exclusoin'"),
        (f"{HEAD}\twhy", "a column stands twice"),
        ("", "no column host"),
    ],
)
def test_the_columns_are_known(tmp_path, head, cause):
    found, (fault,) = read(tmp_path, head=head)
    assert (found, fault.location.line) == ([], 1)
    assert cause in fault.cause


def test_the_column_of_exclusions_may_be_missing(tmp_path):
    found, faults = read(tmp_path, "gw\ta\tflush\tmust\t1\t-\twhy", head=HEAD)
    assert (len(found), faults) == (1, [])


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a\t" * (3 << 20), b'host\t"step\n' + b"x" * 200_000])
def test_a_file_that_can_t_be_read_is_one_fault(tmp_path, content):
    path = tmp_path / "e.tsv"
    path.write_bytes(content)
    found, faults = read_expectations(path, STEPS, RULES, EXCLUSIONS)
    assert found == ()
    assert len(faults) == 1
    assert read_expectations(tmp_path / "gone", STEPS, RULES, EXCLUSIONS)[1][0].location.path.endswith("gone")


def test_faults_are_bounded(tmp_path):
    found, faults = read(tmp_path, *["nonsense"] * 1000)
    assert found == []
    assert len(faults) == 101
    assert "not read" in faults[-1].cause


@given(content=st.binary(max_size=300) | st.text('\t\n\r"*-019 must\x00\u2028', max_size=200).map(str.encode))
def test_no_bytes_break_it(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("e") / "e.tsv"
    path.write_bytes("\t".join(COLUMNS).encode() + b"\n" + content)
    found, faults = read_expectations(path, STEPS, RULES, EXCLUSIONS)
    assert all(isinstance(fault, PackError) for fault in faults)
    assert all(one.recording in STEPS for one in found)


def test_the_built_in_pack_s_lines_are_all_read():
    suite = read_suite(built_in_pack("linux-firewall"))
    path = Path(suite.folder) / "expectations.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))[1:]
    lines = {
        one.location.line
        for expectations in suite.expectations.values()
        for one in expectations
        if one.location and one.location.path == str(path)
    }
    assert lines == set(range(2, len(rows) + 2))
