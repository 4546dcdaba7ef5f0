"""Correlations in hunts: over the recordings as the reference says, and case by case over logs made by hand."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path

import pytest
from tests.auditlog import execution, line
from tests.correlate.documents import FLUSH, REACH, SUDO, correlation, write

from vedette.correlate.hunting import Correlating, correlating
from vedette.correlate.reference import Group, Row, correlated
from vedette.correlate.stream import Match
from vedette.event import VIEWS, Event
from vedette.hunt.finding import Finding, Joint, Session
from vedette.hunt.hunt import Hunt
from vedette.hunt.options import Options
from vedette.hunt.summary import Summary
from vedette.predicate import evaluate
from vedette.sigma.correlation import Correlation
from vedette.sigma.references import Directory, resolve
from vedette.sigma.ruleset import RuleSet

EVIDENCE = Path(str(files("vedette"))) / "packs" / "linux-firewall" / "evidence"
START = 1_795_509_330.0


def hunted(*logs: object, rules: str, **options: object) -> tuple[list[Finding], Summary]:
    asked = Options(tuple(map(str, logs)), rules=(rules,), **options)  # type: ignore[arg-type]
    hunt = Hunt(asked, joining=correlating)
    return list(hunt.findings()), hunt.summary


def joints(findings: Iterable[Finding]) -> list[Joint]:
    return [finding.correlation for finding in findings if finding.correlation is not None]


# Over the recordings, against the reference


def value(event: Event, row: Mapping[str, object], field: str) -> object:
    """The reference's own reading of a field: no boot in it, as the recordings hold one each."""
    if field in ("Computer", "Hostname"):
        return event.host
    found = row.get(field, "")
    return (event.host, str(found)) if field == "LogonId" and found else str(found)


def plain(group: Group) -> Group:
    """A group of the engine in the form of the reference."""
    return tuple((part.node, str(part.ses)) if isinstance(part, Session) else part for part in group)


def rows_of(log: Path, hunt: Hunt, correlation: Correlation, directory: Directory) -> list[Row]:
    """The events that a correlation joins, by the reference evaluator and the reference correlation."""
    parts = resolve(correlation, directory)
    rows = []
    for place, part in enumerate(parts):
        if isinstance(part.source, Correlation):
            below = part.source
            for group, end in reference(log, hunt, below, directory):
                values = dict(zip(below.group_by, group, strict=True))
                rows.append(Row(end, place, tuple(values[field] for field in part.group)))
            continue
        kinds = [one.source for one in hunt.assignments if part.source in one.rules]
        for event in Hunt(hunt.options).events():
            if event.source not in kinds:
                continue
            view = next((view for view in VIEWS if evaluate(part.source.predicate, event.row(view), "")), None)
            if view is not None:
                row = event.row(view)
                group = tuple(value(event, row, field) for field in part.group)
                rows.append(Row(event.time, place, group, tuple(value(event, row, field) for field in part.fields)))
    return rows


def reference(log: Path, hunt: Hunt, correlation: Correlation, directory: Directory) -> frozenset[tuple[Group, float]]:
    rows = rows_of(log, hunt, correlation, directory)
    if correlation.kind in ("value_sum", "value_avg"):
        rows = [row._replace(values=(int(row.values[0]),)) for row in rows if row.values[0]]  # type: ignore[call-overload]
    return correlated(
        correlation.kind,
        rows,
        span=correlation.timespan,
        rules=len(correlation.rules),
        condition=[(part.order, part.number) for part in correlation.condition],
    )


SECTIONS = [
    "type: event_count, rules: flush, group-by: LogonId, timespan: 1m, condition: {gte: 20}",
    "type: event_count, rules: [flush, reach], group-by: [], timespan: 10s, condition: {gt: 3, lte: 5}",
    "type: value_count, rules: flush, group-by: [Hostname, User], timespan: 1m, condition: {field: Image, gte: 2}",
    "type: value_count, rules: reach, group-by: User, timespan: 1m, condition: {field: DestinationPort, gte: 3}",
    "type: temporal, rules: [reach, flush], group-by: LogonId, timespan: 30s",
    "type: temporal_ordered, rules: [flush, reach], group-by: LogonId, timespan: 10s",
    "type: temporal_ordered, rules: [reach, flush], group-by: Computer, timespan: 3s",
    "type: value_sum, rules: reach, group-by: [], timespan: 5s, condition: {field: DestinationPort, gt: 10000}",
    "type: value_avg, rules: reach, group-by: LogonId, timespan: 5s, condition: {field: DestinationPort, lt: 500}",
]


@pytest.mark.parametrize("host", ["gw-nft-01", "gw-legacy-01"])
def test_the_recordings_hold_what_the_reference_finds(host, tmp_path):
    log = EVIDENCE / f"{host}.audit.log.gz"
    many = correlation(
        90, "type: event_count, rules: flush, group-by: LogonId, timespan: 1m, condition: {gte: 5}", name="many"
    )
    chain = correlation(91, "type: temporal_ordered, rules: [many, reach], group-by: LogonId, timespan: 1m")
    sections = [correlation(number, section) for number, section in enumerate(SECTIONS)]
    path = write(tmp_path, FLUSH, REACH, many, chain, *sections)
    found: dict[str, set[tuple[Group, float]]] = {}
    told: Counter[str] = Counter()

    def note(one: Correlation, match: Match) -> None:
        found.setdefault(one.title, set()).add((plain(match.group), match.end))
        told[one.title] += 1

    hunt = Hunt(
        Options((str(log),), rules=(path,)), joining=lambda rules, options: Correlating(rules, options, on_match=note)
    )
    findings = list(hunt.findings())
    directory = Directory(hunt.rules.rules, hunt.rules.correlations)
    for one in hunt.rules.correlations:
        assert found.get(one.title, set()) == reference(log, hunt, one, directory), one.title
        assert told[one.title] == len(found.get(one.title, ()))
    assert all(len(ends) > 1 for ends in found.values())
    assert len(found) == len(SECTIONS) + 2
    # Each finding is a burst of windows: together they are all windows.
    windows: Counter[str] = Counter()
    for finding in findings:
        assert finding.correlation is not None
        windows[finding.rule.title] += finding.correlation.windows
    assert windows == {title: number for title, number in told.items() if title != "Correlation 90"}
    assert not [note for note in hunt.summary.notes if "correlation" in note]


# By hand


@dataclasses.dataclass
class Log:
    """A log that grows by flushes, connections and sudo calls."""

    path: Path
    lines: list[str] = dataclasses.field(default_factory=list)
    serial: int = 100

    def flush(self, second: float, *, ses: int = 7, node: str = "gw", chain: str = "INPUT", auid: int = 1000) -> Log:
        self.serial += 1
        args = ["/usr/sbin/iptables", "-F", chain]
        self.lines += execution(
            self.serial, args, pid=self.serial, ppid=50, time=START + second, ses=ses, node=node, auid=auid
        )
        return self

    def reach(self, second: float, port: int = 22, *, ses: int = 7) -> Log:
        self.serial += 1
        body = (
            f"arch=c000003e syscall=42 success=yes exit=0 a0=3 items=0 ppid=50 pid=60 auid=1000 uid=0 euid=0 "
            f'tty=pts0 ses={ses} comm="ssh" exe="/usr/bin/ssh" key="net"'
        )
        address = f"saddr=0200{port:04X}0A4D000C0000000000000000"
        for kind, text in (("SYSCALL", body), ("SOCKADDR", address), ("EOE", "")):
            self.lines.append(line(kind, self.serial, text, time=START + second))
        return self

    def sudo(self, second: float, *, ses: int = 7, auid: int = 1000) -> Log:
        self.serial += 1
        body = f'pid=60 uid=1000 auid={auid} ses={ses} msg=\'cwd="/" cmd="id" exe="/usr/bin/sudo" res=success\''
        self.lines.append(line("USER_CMD", self.serial, body, time=START + second))
        return self

    def boot(self, second: float) -> Log:
        self.serial = 1
        self.lines.append(
            line("SYSTEM_BOOT", 1, "pid=1 uid=0 auid=4294967295 ses=4294967295 msg=''", time=START + second)
        )
        return self

    def write(self) -> Path:
        self.path.write_text("".join(self.lines))
        return self.path


@pytest.fixture
def log(tmp_path) -> Log:
    return Log(tmp_path / "audit.log")


THREE = "type: event_count, rules: flush, group-by: LogonId, timespan: 1m, condition: {gte: 3}"
THEN = "type: temporal_ordered, rules: [flush, reach], group-by: LogonId, timespan: 1m"


def test_a_long_burst_is_one_finding(log, tmp_path):
    for second in (0, 1, 2, 30, 89, 300):
        log.flush(second)
    findings, summary = hunted(log.write(), rules=write(tmp_path, FLUSH, correlation(1, THREE)))
    (finding,) = findings
    joint = finding.correlation
    assert joint is not None
    assert (finding.kind, finding.category, finding.time) == ("correlation", "correlation", "2026-11-24T08:35:32.000Z")
    assert (joint.first, joint.last) == ("2026-11-24T08:35:30.000Z", "2026-11-24T08:36:00.000Z")
    assert (joint.windows, joint.count, joint.excluded, joint.group) == (2, 4, 0, {"LogonId": "7"})
    assert (finding.host, finding.user, finding.session) == ("gw", "root", Session("gw", 0, 7))
    assert (finding.rule.author, [part.rule.author for part in joint.rules]) == ("Mallory", ["Eve"])
    assert finding.origin == joint.parts[2].origin
    assert [part.rule for part in joint.parts] == ["11111111-1111-4111-8111-111111111111"] * 4
    assert (summary.alerts, summary.correlations, summary.joined.total()) == (Counter(high=1), 1, 6)
    assert not [note for note in summary.notes if "correlation" in note]


def test_bursts_apart_are_findings_apart(log, tmp_path):
    for second in (0, 1, 2, 63, 64, 65, 66):
        log.flush(second)
    findings, _ = hunted(log.write(), rules=write(tmp_path, FLUSH, correlation(1, THREE)))
    assert [(joint.windows, joint.count) for joint in joints(findings)] == [(1, 3), (2, 4)]


def test_sessions_of_two_hosts_and_of_two_boots_are_apart(log, tmp_path):
    rules = write(tmp_path, FLUSH, correlation(1, THREE))
    log.flush(0).flush(1).flush(2, node="other")
    assert hunted(log.write(), rules=rules)[0] == []
    log.boot(3).flush(4).flush(5)
    assert hunted(log.write(), rules=rules)[0] == []
    log.flush(6)
    (finding,) = hunted(log.write(), rules=rules)[0]
    assert finding.session == Session("gw", 1, 7)


def test_an_unset_session_or_login_is_no_group(log, tmp_path):
    for second in range(4):
        log.flush(second, ses=4294967295, auid=4294967295).sudo(second, ses=4294967295, auid=4294967295)
    by_record = "type: event_count, rules: sudo, group-by: {0}, timespan: 1m, condition: {{gte: 3}}"
    more = [correlation(number, by_record.format(field)) for number, field in enumerate(("ses", "auid"), 2)]
    every = correlation(9, by_record.format("[]"))
    findings, _ = hunted(log.write(), rules=write(tmp_path, FLUSH, SUDO, correlation(1, THREE), *more, every))
    assert [finding.rule.title for finding in findings] == ["Correlation 9"]


def test_an_alias_ties_a_record_s_session_to_a_process_s(log, tmp_path):
    section = (
        "type: temporal, rules: [flush, sudo], group-by: session, timespan: 1m, "
        "aliases: {session: {flush: LogonId, sudo: ses}}"
    )
    log.flush(0).sudo(1).sudo(2, ses=8)
    (joint,) = joints(hunted(log.write(), rules=write(tmp_path, FLUSH, SUDO, correlation(1, section)))[0])
    assert (joint.group, joint.count) == ({"session": "7"}, 2)


def test_what_is_only_part_of_correlations_gives_no_finding_unless_asked(log, tmp_path):
    log.flush(0).reach(1)
    titles = {"Flush", "Connection", "Correlation 1"}
    rules = write(tmp_path, FLUSH, REACH, correlation(1, THEN))
    findings, summary = hunted(log.write(), rules=rules)
    assert {finding.rule.title for finding in findings} == {"Correlation 1"}
    assert summary.joined.total() == 2
    assert summary.alerts == Counter(high=1)
    findings, summary = hunted(log.path, rules=rules, show_joined=True)
    assert {finding.rule.title for finding in findings} == titles
    assert not summary.joined
    rules = write(tmp_path, FLUSH, REACH, correlation(1, THEN + ", generate: true"))
    assert {finding.rule.title for finding in hunted(log.path, rules=rules)[0]} == titles


def test_a_chain_sees_matches_as_events_and_names_the_authors_below(log, tmp_path):
    log.flush(0).flush(1).flush(2).reach(40).flush(500).reach(510)
    chain = "type: temporal_ordered, rules: [many, reach], group-by: LogonId, timespan: 1m"
    rules = write(tmp_path, FLUSH, REACH, correlation(1, THREE, name="many"), correlation(2, chain))
    findings, summary = hunted(log.write(), rules=rules)
    (finding,) = findings
    (joint,) = joints(findings)
    assert (finding.rule.title, joint.first, joint.count) == ("Correlation 2", "2026-11-24T08:35:32.000Z", 2)
    assert [(part.rule.title, part.rule.author, part.count) for part in joint.rules] == [
        *[("Correlation 1", "Mallory", 1), ("Flush", "Eve", None), ("Connection", "Bob", 1)]
    ]
    assert summary.joined["44444444-4444-4444-8444-000000000001"] == 1


def test_rules_below_the_level_run_for_correlations_and_say_nothing_else(log, tmp_path):
    log.flush(0).reach(1).sudo(1)
    low = correlation(2, THREE.replace("gte: 3", "gte: 1"), level="low")
    rules = write(tmp_path, FLUSH, REACH, SUDO, correlation(1, THEN + ", generate: true"), low)
    findings, summary = hunted(log.write(), rules=rules, level="high")
    assert [finding.rule.title for finding in findings] == ["Correlation 1"]
    assert "1 correlation below level high did not run" in summary.notes
    assert "1 rules below level high did not run" in summary.notes


EXCLUDE = """title: Ours
id: 55555555-5555-4555-8555-555555555555
logsource: {product: linux, category: process_creation}
filter:
  rules: [11111111-1111-4111-8111-111111111111]
  ours: {CommandLine|endswith: OURS}
  condition: not ours
"""


def test_an_excluded_flush_before_a_pivot_is_raised_with_both_facts(log, tmp_path):
    log.flush(0, chain="OURS").reach(1)
    rules = write(tmp_path, FLUSH, REACH, EXCLUDE, correlation(1, THEN))
    (finding,) = hunted(log.write(), rules=rules)[0]
    (joint,) = joints([finding])
    assert finding.verdict.decision == "alert"
    assert (joint.count, joint.excluded) == (2, 1)
    assert [(part.count, part.excluded) for part in joint.rules] == [(1, 1), (1, 0)]
    assert joint.parts[0].excluded_by is not None
    assert joint.parts[1].excluded_by is None


def test_a_correlation_of_nothing_but_excluded_matches_is_excluded(log, tmp_path):
    for second in range(3):
        log.flush(second, chain="OURS")
    rules = write(tmp_path, FLUSH, EXCLUDE, correlation(1, THREE))
    findings, summary = hunted(log.write(), rules=rules)
    assert findings == []
    assert (summary.alerts.total(), summary.excluded.total()) == (0, 1)
    (finding,) = hunted(log.path, rules=rules, show_excluded=True)[0]
    assert finding.verdict.decision == "excluded"
    assert finding.verdict.by == joints([finding])[0].parts[0].excluded_by


def test_windows_reach_back_before_since_but_findings_do_not(log, tmp_path):
    rules = write(tmp_path, FLUSH, correlation(1, THREE))
    log.flush(0).flush(1).flush(2).flush(200).flush(201).flush(202)
    times = [finding.time for finding in hunted(log.write(), rules=rules, since=START + 201.5)[0]]
    assert times == ["2026-11-24T08:38:52.000Z"]
    assert hunted(log.path, rules=rules, until=START + 2)[0] == []


def test_logs_of_two_hosts_are_put_in_order(tmp_path):
    section = "type: value_count, rules: flush, group-by: LoginUser, timespan: 1m, condition: {field: Computer, gte: 2}"
    rules = write(tmp_path, FLUSH, correlation(1, section))
    one, other = Log(tmp_path / "one.log"), Log(tmp_path / "other.log")
    for second in range(0, 1000, 100):
        one.flush(second)
    other.flush(430, node="other")
    findings, summary = hunted(one.write(), other.write(), rules=rules)
    (finding,) = findings
    assert (finding.host, finding.time) == ("", "2026-11-24T08:42:40.000Z")
    assert [(part.host, part.time[14:19]) for part in joints(findings)[0].parts] == [
        ("gw", "42:10"),
        ("other", "42:40"),
    ]
    assert not [note for note in summary.notes if "match" in note]


def test_a_record_in_two_logs_counts_once_and_is_told(log, tmp_path):
    log.flush(0).flush(1).write()
    (tmp_path / "copy.log").write_text(log.path.read_text() + execution(900, ["id"], pid=9, ppid=1, time=START + 2)[0])
    findings, summary = hunted(log.path, tmp_path / "copy.log", rules=write(tmp_path, FLUSH, correlation(1, THREE)))
    assert findings == []
    assert "2 matches had been read before, and counted once for correlations" in summary.notes


def test_what_comes_late_counts_and_is_told(log, tmp_path):
    log.flush(0).flush(40).flush(35, ses=8).flush(5, ses=9).flush(1)
    findings, summary = hunted(log.write(), rules=write(tmp_path, FLUSH, correlation(1, THREE)))
    assert [joint.count for joint in joints(findings)] == [3]
    (note,) = [note for note in summary.notes if "late" in note]
    assert note.startswith("2 matches came late")


def test_long_values_are_told_apart_and_kept_short(log, tmp_path):
    section = "type: event_count, rules: flush, group-by: CommandLine, timespan: 1m, condition: {gte: 2}"
    for second, end in enumerate(("same", "same", "other")):
        log.flush(second, chain="x" * 5_000 + end)
    (joint,) = joints(hunted(log.write(), rules=write(tmp_path, FLUSH, correlation(1, section)))[0])
    assert joint.count == 2
    assert len(joint.group["CommandLine"]) < 600


def test_a_hunt_that_stops_says_what_is_missing(log, tmp_path):
    log.flush(0).flush(1).flush(2).reach(3).sudo(4).write()
    rules = write(tmp_path, FLUSH, SUDO, correlation(1, THREE))
    hunt = Hunt(Options((str(log.path),), rules=(rules,)), joining=correlating)
    findings = hunt.findings()
    assert next(findings).rule.title == "Sudo"
    findings.close()  # type: ignore[attr-defined]
    assert any(note.startswith("the hunt stopped before its correlations were complete") for note in hunt.summary.notes)


def test_a_correlation_of_what_can_never_match_says_so(log, tmp_path):
    log.flush(0)
    findings, summary = hunted(log.write(), rules=write(tmp_path, FLUSH, REACH, correlation(1, THEN)))
    assert findings == []
    assert "the correlation 'Correlation 1' joins what can never match this log: Connection" in summary.notes


def test_without_correlations_nothing_joins(log, tmp_path):
    asked: list[Sequence[Correlation]] = []

    def make(rules: RuleSet, options: Options) -> Correlating | None:
        asked.append(rules.correlations)
        return correlating(rules, options)

    log.flush(0).write()
    hunt = Hunt(Options((str(log.path),), rules=(write(tmp_path, FLUSH),)), joining=make)
    assert [finding.kind for finding in hunt.findings()] == ["finding"]
    assert asked == []


def test_a_hunt_that_joins_nothing_says_what_it_left(log, tmp_path):
    log.flush(0).write()
    hunt = Hunt(Options((str(log.path),), rules=(write(tmp_path, FLUSH, correlation(1, THREE)),)))
    assert [finding.rule.title for finding in hunt.findings()] == ["Flush"]
    assert "1 correlation read and not applied" in hunt.summary.notes
