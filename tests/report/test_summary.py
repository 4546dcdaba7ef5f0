from __future__ import annotations

import io
from collections import Counter
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from vedette.errors import Location, RuleError, TelemetryError
from vedette.hunt.summary import DeadRule, HostCoverage, Summary
from vedette.report import summary as report
from vedette.report.line import show
from vedette.report.summary import instant, percent, period, size
from vedette.report.terminal import visible


def test_correlations_are_told_and_so_is_what_they_keep_back():
    text = flat(
        Summary(
            hosts={"gw": coverage()},
            rules_loaded=3,
            rules_live=3,
            correlations=1,
            joined=Counter(a=1_200, b=3),
        )
    )
    assert "3 rules and 1 correlation loaded, all can match this log" in text
    assert "joined 1,203 matches of 2 rules that are only part of correlations: shown with --show-joined" in text


START = 1795509330.164  # 2026-11-24 08:35:30 UTC


def shown(summary, width=120):
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    show(lambda cells, glyphs: report.lines(summary, cells, glyphs), console)
    return out.getvalue()


def flat(summary):
    return " ".join(shown(summary, 200).split())


def coverage(**more: Any) -> HostCoverage:
    values: dict[str, Any] = {
        "first": START,
        "last": START + 11_000,
        "events": Counter(process_creation=100),
        "parents_known": 99,
    }
    return HostCoverage(**(values | {"covered_hours": 4} | more))


def good(**more: Any) -> Summary:
    values: dict[str, Any] = {"rules_loaded": 12, "rules_live": 12, "hosts": {"gw": coverage()}}
    return Summary(**(values | more))


def test_a_good_hunt_says_what_was_covered():
    text = flat(good(alerts=Counter(medium=240, high=3), bytes_read=59_300_000, seconds=0.5, cpu_seconds=0.4))
    assert "gw 2026-11-24 08:35:30 to 11:38:50 UTC, records in 4 of 4 hours; 100 process_creation" in text
    assert "parents known for 99.0 % of process starts" in text
    assert "12 rules loaded, all can match this log" in text
    assert "59.3 MB in 0.5 s (118.6 MB/s), 0.4 s of CPU" in text
    assert "found 243 findings: 3 high, 240 medium" in text


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (good(), "nothing in what was covered: 12 rules over 4 hours of 1 host"),
        (
            good(dead=[DeadRule("1", "A", "why")], rule_problems=[RuleError("x", Location("y"))]),
            "12 rules over 4 hours of 1 host; what 2 other rules would find was not looked for",
        ),
        (Summary(), "nothing, and nothing could have been found: no rule can match this log"),
        (
            good(hosts={"gw": coverage(events=Counter())}),
            "nothing, and nothing could have been found: the log holds no event that rules read",
        ),
        (good(hosts={}), "covered nothing: no record of any host was read"),
    ],
)
def test_nothing_found_says_what_that_is_worth(summary, said):
    assert said in flat(summary)


def test_rules_that_cannot_match_are_grouped_by_reason():
    dead = [DeadRule(str(n), f"File {n}", "no file_event event in this log") for n in range(1200)]
    dead += [DeadRule(str(n), f"Hash {n}", "needs Hashes") for n in range(2)]
    text = flat(good(rules_loaded=1214, dead=dead))
    assert "1,214 rules loaded: 12 can match this log, 1,202 never can" in text
    assert "1,200 no file_event event in this log: File 0, File 1, File 2 and 1,197 more" in text
    assert "2 needs Hashes: Hash 0, Hash 1" in text
    many = [DeadRule(str(n), str(n), f"needs F{n}") for n in range(50)]
    assert "42 for 42 other reasons" in flat(good(dead=many))


def test_refused_rules_and_unread_logs_have_their_place_and_remedy():
    text = flat(
        good(
            rule_problems=[RuleError("unknown modifier", Location("x.yml", 3, 5), remedy="use contains")] * 10,
            log_problems=[TelemetryError("gzip stream ends early", Location("b.gz"))],
        )
    )
    assert "refused 10 rules: x.yml:3:5: unknown modifier (use contains)" in text
    assert "and 2 more (`vedette rules` lists all)" in text
    assert "unread 1 log, in whole or in part: b.gz: gzip stream ends early" in text


def test_rejected_lines_are_counted_with_an_example():
    text = flat(good(rejected=Counter({"no prefix": 12, "too long": 1}), rejected_examples={"no prefix": "a.log:77"}))
    assert "rejected 13 lines that are no records: 12 no prefix (first at a.log:77) 1 too long" in text


def test_exclusions_notes_and_interruption_are_told():
    text = flat(good(excluded=Counter(mf_x=3), notes=["5 events outside"], interrupted=True))
    assert "excluded 3 findings: 3 by mf_x" in text
    assert "note 5 events outside" in text
    assert "stopped interrupted: the rest of the log was not hunted" in text


def test_few_known_parents_are_a_warning():
    text = flat(good(hosts={"gw": coverage(parents_known=50)}))
    assert "gw: parents known for 50.0 % of process starts; rules on parents are blind for the others" in text
    assert "blind" not in flat(good())


def test_many_hosts_are_bounded():
    assert "and 92 more hosts" in flat(good(hosts={f"h{n:03d}": coverage() for n in range(100)}))


@pytest.mark.parametrize("width", [40, 80, 120])
def test_hostile_names_have_no_power_and_lines_fit(width):
    evil = "[red]x\x1b[2J\u202e" + "y" * 200
    text = shown(
        good(
            hosts={evil: coverage(parents_known=1)},
            dead=[DeadRule(evil, evil, evil)],
            rule_problems=[RuleError(evil, Location(evil))],
            rejected=Counter({evil: 1}),
            rejected_examples={evil: evil},
            excluded=Counter({evil: 1}),
            notes=[evil],
            alerts=Counter({evil: 1}),
        ),
        width,
    )
    assert all(visible(character) for line in text.splitlines() for character in line)
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "[red]x" in text


def test_in_a_file_nothing_is_wrapped():
    out = io.StringIO()
    long = "/".join(["folder"] * 100)
    report.write(good(notes=[long]), Console(file=out, width=40))
    assert long in out.getvalue()


def test_numbers_in_words():
    assert [size(n) for n in (0, 999, 1500, 2_500_000, 3_100_000_000, 4e12, 5e15)] == [
        "0 bytes", "999 bytes", "1.5 kB", "2.5 MB", "3.1 GB", "4.0 TB", "5000.0 TB",
    ]  # fmt: skip
    assert [percent(share) for share in (0.0, 0.00001, 0.5, 0.99999, 1.0)] == [
        "0 %",
        "0.1 %",
        "50.0 %",
        "99.9 %",
        "100 %",
    ]
    assert period(START, START + 86400) == "2026-11-24 08:35:30 to 2026-11-25 08:35:30 UTC"
    assert instant(1e18) == "1000000000000000000"
