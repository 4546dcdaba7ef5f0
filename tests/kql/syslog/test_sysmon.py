"""Events of Sysmon for Linux: what the generated parser reads, and that rules select what the law selects."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.instances import instances
from tests.kql.probe import item, probe
from tests.kql.rows import canonical
from tests.kql.syslog.messages import read, rows, sysmon, table

from vedette.kql import Query, convert, read_target
from vedette.predicate import Value, evaluate
from vedette.predicate.fold import DISPUTED
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

#: Event of each category, and its fields in the order in which Sysmon writes them.
PROCESS = (
    "RuleName UtcTime ProcessGuid ProcessId Image FileVersion Description Product Company OriginalFileName"
    " CommandLine CurrentDirectory User LogonGuid LogonId TerminalSessionId IntegrityLevel Hashes ParentProcessGuid"
    " ParentProcessId ParentImage ParentCommandLine ParentUser"
)
CONNECTION = (
    "RuleName UtcTime ProcessGuid ProcessId Image User Protocol Initiated SourceIsIpv6 SourceIp SourceHostname"
    " SourcePort SourcePortName DestinationIsIpv6 DestinationIp DestinationHostname DestinationPort"
    " DestinationPortName"
)
FILE = "RuleName UtcTime ProcessGuid ProcessId Image TargetFilename CreationUtcTime User"
EVENTS = {
    "process_creation": (1, tuple(PROCESS.split())),
    "network_connection": (3, tuple(CONNECTION.split())),
    "file_event": (11, tuple(FILE.split())),
}
#: What makes an entity, poses as one, or would end an element.
HOSTILE = [
    *(
        "&",
        "<",
        ">",
        '"',
        "'",
        "&lt;",
        "&amp;",
        "&amp;lt;",
        "&#13;",
        "amp;",
        ";",
        "\r",
        "\n",
        "\t",
        " ",
        "-",
        "é",
        "\u202e",
    ),
    *(
        '</Data><Data Name="Image">/bin/evil',
        "</EventData></Event>",
        "<EventID>3</EventID>",
        "]]>",
        "<![CDATA[",
        "x",
        "é",
    ),
]


def message(category: str, row: dict[str, Value]) -> str:
    """The event with these fields."""
    event, fields = EVENTS[category]
    return sysmon(event, row, fields=fields)


def compare(category: str, queries: Sequence[Query], given_rows: Sequence[dict[str, Value]]) -> int:
    """Every query over every row; how many were selected."""
    held = rows([message(category, row) for row in given_rows], ProcessName="sysmon")
    selected = 0
    for query in queries:
        assert isinstance(query.rule, Rule)
        law = [place for place, row in enumerate(given_rows) if evaluate(query.rule.predicate, row)]
        answer = held.ids(query.text)
        assert answer == law, (query.rule.location, [given_rows[place] for place in set(answer) ^ set(law)][:1])
        selected += len(answer)
    return selected


def made(rule: Rule, chance: random.Random, count: int) -> list[dict[str, Value]]:
    """Rows as Sysmon can hold them: matches and near misses; no `-` alone, which stands for nothing there."""
    found = []
    known = set(EVENTS[rule.logsource.category][1])
    for built in instances(rule.predicate, chance, count):
        row = {name.partition(".")[0]: value for name, value in built.items() if not name.endswith(".invoked")}
        row = {
            name: value
            for name, value in row.items()
            if name in known and value != "-" and not {"\0", *DISPUTED} & set(str(value))
        }
        if canonical(row):
            found.append(row)
    return found


@given(st.lists(st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join), min_size=1, max_size=12))
@settings(max_examples=20)
def test_a_value_is_read_as_it_was_and_never_as_another_field(values):
    fields = ["Image", "CommandLine", "ParentCommandLine", "User", "ProcessId"]
    given_rows: list[dict[str, Value]] = [
        {"Image": "/bin/sh", "CommandLine": value, "ParentCommandLine": value[::-1], "User": "root", "ProcessId": 7}
        for value in values
    ]
    told = read([message("process_creation", row) for row in given_rows], fields, table("process_creation"))
    for row, part in zip(given_rows, told, strict=True):
        assert part == {name: str(value) for name, value in row.items() if value not in ("", "-")}


def test_what_sysmon_does_not_know_is_absent():
    fields = EVENTS["process_creation"][1]
    known = [field for field in fields if field in table("process_creation").names]
    assert read([message("process_creation", {})], known, table("process_creation")) == [{}]


def test_what_a_cut_message_holds_of_a_value_is_its_value():
    whole = message("process_creation", {"Image": "/bin/sh", "CommandLine": "sh -c 'a & b'", "User": "eve"})
    told = read([whole[: whole.index(" &amp;") + 1]], ["Image", "CommandLine", "User"], table("process_creation"))
    assert told == [{"Image": "/bin/sh", "CommandLine": "sh -c 'a "}]


def test_only_events_of_the_category_that_sysmon_wrote_are_asked(tmp_path):
    query = probe(tmp_path, item("Image: /bin/sh"), "syslog")
    row: dict[str, Value] = {"Image": "/bin/sh", "CommandLine": "<EventID>1</EventID>"}
    sent = [message("process_creation", row), message("network_connection", row), message("file_event", row)]
    assert rows(sent, ProcessName="sysmon").ids(query.text) == [0]
    assert rows(sent, ProcessName="httpd").ids(query.text) == []


@pytest.mark.parametrize(
    "line",
    [
        "CommandLine|contains: '>&'",
        "CommandLine|contains: '&lt;'",
        "CommandLine|contains: '<'",
        "CommandLine|endswith: '\"'",
        "CommandLine: 'a?b'",
        "CommandLine|re: '[<>]'",
        "CommandLine|cased|contains: '&GT;'",
        "CommandLine: null",
    ],
)
def test_text_patterns_mean_what_they_say_of_the_text_before_it_was_escaped(tmp_path, line):
    texts = ["bash -i >& /dev/tcp", "&lt;", "<", 'say "', "a&b", "a<b", "a&amp;b", "&GT;", ">", "", "amp;"]
    query = probe(tmp_path, item(line), "syslog")
    given_rows: list[dict[str, Value]] = [{"CommandLine": text} if text else {} for text in texts]
    assert 0 < compare("process_creation", [query], given_rows) < len(texts)


@pytest.mark.parametrize("field", ["OriginalFileName", "Description", "Product", "Company", "FileVersion", "Tty", "a0"])
def test_a_field_that_sysmon_never_fills_refuses_the_rule(tmp_path, field):
    (error,) = probe(tmp_path, item(f"Image: x\n{field}: y"), "syslog").errors
    assert (error.code, error.location.line) == ("no-column", 8)
    assert f"{field} has no column in syslog (Syslog)" in error.cause


def test_windows_is_elsewhere(tmp_path):
    (error,) = probe(tmp_path, item("Image: x"), "syslog", product="windows").errors
    assert error.code == "no-table"


@pytest.mark.parametrize("category", EVENTS)
@pytest.mark.parametrize("every", [pytest.param(5), pytest.param(1, marks=pytest.mark.long)])
def test_public_rules_select_what_the_law_selects(category, every, sigmahq):
    chance = random.Random(3)
    rules = load([sigmahq / "rules" / "linux" / category]).rules[:: every if category == "process_creation" else 1]
    selected = 0
    for start in range(0, len(rules), 20):
        some = rules[start : start + 20]
        queries = [convert(rule, read_target("syslog")) for rule in some]
        assert all(query.text for query in queries)
        selected += compare(category, queries, [row for rule in some for row in made(rule, chance, 3)])
    assert selected > 2 * len(rules)
