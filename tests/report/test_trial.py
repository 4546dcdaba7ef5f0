"""The report of trials: failures first with what was found, one line of account, and the same as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from tests.audit.packs import DESCRIPTION, EXCLUSION, MET, pack
from tests.report.samples import FLUSH, make_finding

from vedette.audit.trial import Attempt, Case, Trial, try_pack
from vedette.errors import Location, PackError
from vedette.report.line import Glyphs
from vedette.report.trial import account, content, lines, unsound, write, write_json

HOSTILE = "a\x1b[2J\x00\u202e\ud800\ufffe"


def printed(*trials: Trial, width: int = 200) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines(trials, width, Glyphs("utf-8"))]


def case(*, passed: bool = False, found: int = 5, step: str = "s", why: str = "why", examples: int = 3) -> Case:
    shown = tuple(make_finding(f"iptables -F {number}") for number in range(examples))
    return Case("gw", step, "flush", "must", 1, 2, why, found=found, alerts=found, passed=passed, examples=shown)


def trial(*cases: Case, problem: PackError | None = None, notes: tuple[str, ...] = ()) -> Trial:
    problems = (problem,) if problem else ()
    return Trial("p", (Attempt("gw", cases),), problems, (), notes, {FLUSH.id: "flush"})


def test_a_pack_that_passes_is_one_line(tmp_path: Path) -> None:
    assert printed(try_pack(pack(tmp_path))) == ["sample: 11 cases on 1 recording: all passed"]


def test_failures_come_first_with_what_was_found(tmp_path: Path) -> None:
    found = printed(try_pack(pack(tmp_path, "gw\tbackup\tflush\tmust\t3\t-\tit flushes\t", *MET[1:])))
    assert found == [
        "FAILED · gw · backup · must flush, 3 or more · found 2",
        f"  it flushes · {tmp_path}/expectations.tsv:2",
        "    2026-11-24T08:33:21.000Z  flush  /sbin/iptables -F backup",
        "    2026-11-24T08:33:22.000Z  flush  /sbin/iptables -F backup",
        "sample: 11 cases on 1 recording: 1 failed",
    ]


def test_more_than_is_shown_is_counted() -> None:
    assert "    and 2 more" in printed(trial(case()))
    assert not any("more" in line for line in printed(trial(case(found=3))))
    assert "outside all steps" in printed(trial(case(step="")))[0]


def test_problems_and_notes_are_told_before_the_account() -> None:
    problem = PackError("no rule 'x'", Location("e.tsv", 3))
    assert printed(trial(case(passed=True), problem=problem, notes=("mind this",))) == [
        "evidence that can't be read:",
        "  e.tsv:3: no rule 'x'",
        "note: mind this",
        "p: 1 case on 1 recording: all passed; 1 problem",
    ]


@pytest.mark.parametrize(
    ("of", "bad"),
    [
        (trial(case(passed=True)), False),
        (trial(case()), True),
        (trial(), True),
        (trial(case(passed=True), problem=PackError("x", Location("y"))), True),
    ],
)
def test_what_is_unsound(of: Trial, bad: bool) -> None:
    assert unsound(of) is bad


def test_nothing_asked_is_not_passed() -> None:
    assert account(trial()) == "p: 0 cases on 1 recording: nothing was asked"


def test_nothing_of_a_log_reaches_the_terminal_raw() -> None:
    hostile = Case(HOSTILE, HOSTILE, HOSTILE, "must", 1, 2, HOSTILE, found=3, alerts=3, passed=False,
                   examples=(make_finding(HOSTILE),))  # fmt: skip
    problem = PackError(HOSTILE, Location(HOSTILE))
    for width in (40, 200):
        text = "\n".join(printed(trial(hostile, problem=problem, notes=(HOSTILE,)), width=width))
        assert not set(text) & {"\x1b", "\x00", "\u202e", "\ud800", "\ufffe"}
    out = io.BytesIO()
    write_json([trial(hostile, problem=problem, notes=(HOSTILE,))], out)
    assert json.loads(out.getvalue())["packs"][0]["failed"] == 1


@pytest.mark.parametrize("width", [10, 40, 79])
def test_no_line_is_wider_than_the_console(tmp_path: Path, width: int) -> None:
    found = try_pack(pack(tmp_path, exclusion=EXCLUSION.replace("backup", "-F")))
    text = io.StringIO()
    write([found], Console(file=text, width=width, highlight=False))
    assert max(map(len, text.getvalue().splitlines())) <= max(40, width)


def test_benign_steps_that_still_alert_are_listed_if_asked_for(tmp_path: Path) -> None:
    nothing = EXCLUSION.replace("endswith: backup", "endswith: nothing")
    found = try_pack(pack(tmp_path / "a", MET[0], *MET[2:], exclusion=nothing))
    text = ["".join(part for part, _ in line) for line in lines([found], 200, Glyphs("utf-8"), alerts=True)]
    assert text == [
        "gw · backup",
        "  flush · 2 alerts of 2 matches · it flushes",
        "sample: 10 cases on 1 recording: all passed",
    ]
    assert len(printed(found)) == 1
    # All of them are covered here, and attacks are meant to alert.
    covered = try_pack(pack(tmp_path / "b"))
    assert [attempt.alerting for attempt in covered.attempts] == [()]
    assert [case.alerts for case in covered.cases if (case.step, case.rule) == ("backup", "flush")] == [0]


def test_json_says_all_of_it(tmp_path: Path) -> None:
    found = try_pack(pack(tmp_path, "gw\tbackup\tflush\tmust\t3\t-\tit flushes\t", *MET[1:]))
    told = content([found])
    (one,) = told["packs"]
    assert (told["kind"], one["pack"], one["cases"], one["failed"]) == ("test", "sample", 11, 1)
    (missed,) = [case for case in one["recordings"][0]["cases"] if not case["passed"]]
    assert {key: missed[key] for key in ("step", "rule", "expect", "min", "max", "found", "line")} == {
        "step": "backup",
        "rule": "flush",
        "expect": "must",
        "min": 3,
        "max": None,
        "found": 2,
        "line": 2,
    }
    assert missed["examples"][0] == {
        "time": "2026-11-24T08:33:21.000Z",
        "rule": "flush",
        "author": "Eve",
        "did": "/sbin/iptables -F backup",
        "login_user": "1000",
        "decision": "excluded",
    }


def test_json_of_a_problem_has_its_place(tmp_path: Path) -> None:
    folder = pack(tmp_path, "gw\tgone\tflush\tmust\t3\t-\tx\t", description=DESCRIPTION)
    (problem,) = content([try_pack(folder)])["packs"][0]["problems"]
    assert (problem["code"], problem["line"]) == ("expectation", 2)
