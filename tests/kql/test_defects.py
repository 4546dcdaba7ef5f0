"""What a converter gets wrong in silence: each construct on a rule of our own, its KQL, and rows that tell."""

from __future__ import annotations

import pytest
from tests.kql.oracle import Rows
from tests.kql.probe import item, probe
from tests.kql.rows import column_row, types_of
from tests.sigma.samples import write_rule

from vedette.kql import read_target
from vedette.predicate import evaluate
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

C = "TargetProcessCommandLine"

#: Name, what the rule says, the condition, and rows: fields to values, true where the rule must match.
TEXTS = [
    (
        "a cased list stays cased",
        "CommandLine|contains|cased: [AbC, D]",
        f'{C} contains_cs "AbC" or {C} contains_cs "D"',
        [({"CommandLine": "x AbC"}, True), ({"CommandLine": "x abc"}, False), ({"CommandLine": "d"}, False)],
    ),
    (
        "a cased value",
        "CommandLine|cased: Ufw",
        f'{C} == "Ufw"',
        [({"CommandLine": "Ufw"}, True), ({"CommandLine": "ufw"}, False)],
    ),
    (
        "cased values",
        "CommandLine|cased: [Ufw, Nft]",
        f'{C} in ("Ufw", "Nft")',
        [({"CommandLine": "Nft"}, True), ({"CommandLine": "nft"}, False)],
    ),
    (
        "a wildcard in a list keeps order and anchors",
        "CommandLine: ['cat*passwd', x]",
        f'{C} matches regex "(?is)^cat.*passwd$" or {C} =~ "x"',
        [
            ({"CommandLine": "CAT /etc\n/passwd"}, True),
            ({"CommandLine": "X"}, True),
            ({"CommandLine": "passwd cat"}, False),
            ({"CommandLine": "zcat passwd"}, False),
            ({"CommandLine": "cat passwd -"}, False),
        ],
    ),
    (
        "a wildcard alone ignores case and crosses lines",
        "CommandLine: 'cat*passwd'",
        f'{C} matches regex "(?is)^cat.*passwd$"',
        [({"CommandLine": "Cat\nPasswd"}, True), ({"CommandLine": "cat passwd\n"}, False)],
    ),
    (
        "a cased wildcard",
        "CommandLine|cased: 'cat*passwd'",
        f'{C} matches regex "(?s)^cat.*passwd$"',
        [({"CommandLine": "cat passwd"}, True), ({"CommandLine": "Cat passwd"}, False)],
    ),
    (
        "a question mark is one letter",
        "CommandLine|contains: ['a?c', d]",
        f'{C} matches regex "(?is)a.c" or {C} contains "d"',
        [
            ({"CommandLine": "xa\ncx"}, True),
            ({"CommandLine": "a😀c"}, True),
            ({"CommandLine": "ac"}, False),
            ({"CommandLine": "abbc"}, False),
        ],
    ),
    (
        "what is plain to Sigma is plain in the expression",
        "CommandLine: 'a.b(*[x]$+'",
        f'{C} matches regex "(?is)^a\\\\.b\\\\(.*\\\\[x\\\\]\\\\$\\\\+$"',
        [({"CommandLine": "a.b(1[x]$+"}, True), ({"CommandLine": "aXb(1[x]$+"}, False)],
    ),
    (
        "null is empty",
        "CommandLine: null",
        f"isempty({C})",
        [({}, True), ({"CommandLine": " "}, False)],
    ),
    (
        "null among values",
        "CommandLine: [null, x]",
        f'isempty({C}) or {C} =~ "x"',
        [({}, True), ({"CommandLine": "X"}, True), ({"CommandLine": "y"}, False)],
    ),
    (
        "a star alone is presence",
        "CommandLine: '*'",
        f"isnotempty({C})",
        [({}, False), ({"CommandLine": "x"}, True)],
    ),
    (
        "all of some values is equality, not words",
        "CommandLine|all: ['a b*', '*b c']",
        f'{C} startswith "a b" and {C} endswith "b c"',
        [({"CommandLine": "a b c"}, True), ({"CommandLine": "b c a b"}, False)],
    ),
    (
        "a newline stays inside the literal",
        'CommandLine|contains: "a\\nb"',
        f'{C} contains "a\\nb"',
        [({"CommandLine": "xa\nbx"}, True), ({"CommandLine": "a b"}, False)],
    ),
    (
        "backslashes before a quote",
        "CommandLine|contains: '\":\\\\*'",
        f'{C} contains "\\":\\\\"',
        [({"CommandLine": 'x":\\'}, True), ({"CommandLine": 'x":'}, False)],
    ),
    (
        "an escaped star is a star",
        "CommandLine|contains: '\\*:'",
        f'{C} contains "*:"',
        [({"CommandLine": "a *:b"}, True), ({"CommandLine": "a :b"}, False)],
    ),
    (
        "a value can't end its literal",
        "CommandLine: '\" or true //'",
        f'{C} =~ "\\" or true //"',
        [({"CommandLine": '" or true //'}, True), ({"CommandLine": "x"}, False), ({}, False)],
    ),
    (
        "controls are shown",
        'CommandLine|contains: "a\\u202eb\\u0007"',
        f'{C} contains "a\\u202eb\\u0007"',
        [({"CommandLine": "a\u202eb\u0007"}, True), ({"CommandLine": "ab"}, False)],
    ),
    (
        "the parent is the acting process",
        "ParentImage|endswith: /sh",
        'ActingProcessName endswith "/sh"',
        [({"ParentImage": "/bin/sh"}, True), ({"GrandParentImage": "/bin/sh"}, False)],
    ),
    (
        "the original name has a column",
        "OriginalFileName: ufw",
        'TargetProcessFileOriginalName =~ "ufw"',
        [({"OriginalFileName": "UFW"}, True), ({}, False)],
    ),
    (
        "a number on a column of text is text",
        "LogonId: 0",
        'TargetUserSessionId =~ "0"',
        [({"LogonId": "0"}, True), ({"LogonId": "00"}, False), ({}, False)],
    ),
    (
        "order on a column of text",
        "LogonId|gt: 9",
        (
            '(TargetUserSessionId matches regex "^[+-]?[0-9]{1,40}$" and TargetUserSessionId matches regex '
            '"^(?:[+]?0*(?:10|[2-9][0-9]|1[1-9]|[1-9][0-9]{2,}))$")'
        ),
        [({"LogonId": "10"}, True), ({"LogonId": "9"}, False), ({"LogonId": "ten"}, False), ({}, False)],
    ),
    (
        "a reference",
        "CommandLine|fieldref|startswith: Image",
        f"(isnotempty({C}) and isnotempty(TargetProcessName) and {C} startswith TargetProcessName)",
        [
            ({"CommandLine": "/bin/A -x", "Image": "/bin/a"}, True),
            ({"CommandLine": "a", "Image": "/bin/a"}, False),
            ({"CommandLine": "a"}, False),
        ],
    ),
    (
        "a regular expression, its classes in ASCII",
        "CommandLine|re: '^\\d\\w$'",
        f'{C} matches regex "^[0-9][0-9A-Za-z_]$"',
        [({"CommandLine": "1a"}, True), ({"CommandLine": "\u0661a"}, False), ({"CommandLine": "1é"}, False)],
    ),
    (
        "flags",
        "CommandLine|re|i|m|s: '^a.b$'",
        f'{C} matches regex "(?ims)^a.b$"',
        [({"CommandLine": "x\nA\nB\nx"}, True), ({"CommandLine": "xa\nb"}, False)],
    ),
    (
        "both signs of an option",
        "CommandLine|windash|contains: ' -F'",
        f'{C} contains " -F" or {C} contains " /F" or {C} contains " –F" or {C} contains " —F" or {C} contains " ―F"',  # noqa: RUF001 (meant)
        [({"CommandLine": "x /f"}, True), ({"CommandLine": "x –F"}, True), ({"CommandLine": "x F"}, False)],  # noqa: RUF001 (meant)
    ),
    (
        "a text in Base64 at its three offsets",
        "CommandLine|base64offset|contains: nft -f",
        f'{C} contains "bmZ0IC1m" or {C} contains "5mdCAtZ" or {C} contains "uZnQgLW"',
        [
            ({"CommandLine": "echo bmZ0IC1m|base64 -d"}, True),
            ({"CommandLine": "echo eG5mdCAtZg=="}, True),
            ({"CommandLine": "echo nft -f"}, False),
        ],
    ),
    (
        "a text in UTF-16 in Base64",
        "CommandLine|wide|base64|contains|cased: ufw",
        f'{C} contains_cs "dQBmAHcA"',
        [({"CommandLine": "x dQBmAHcA"}, True), ({"CommandLine": "x dqbmahca"}, False)],
    ),
    (
        "a field that is there",
        "ParentCommandLine|exists: true",
        "isnotempty(ActingProcessCommandLine)",
        [({"ParentCommandLine": "x"}, True), ({}, False)],
    ),
    (
        "a field that is not there",
        "ParentCommandLine|exists: false",
        "isempty(ActingProcessCommandLine)",
        [({"ParentCommandLine": "x"}, False), ({}, True)],
    ),
    (
        "hashes are columns",
        "Hashes|contains: ['MD5=0123456789abcdef0123456789abcdef', 'SHA1=0123456789abcdef0123456789abcdef01234567']",
        (
            'TargetProcessMD5 =~ "0123456789abcdef0123456789abcdef" or '
            'TargetProcessSHA1 =~ "0123456789abcdef0123456789abcdef01234567"'
        ),
        [
            ({"Hashes": "MD5=0123456789ABCDEF0123456789ABCDEF"}, True),
            ({"Hashes": "SHA1=0123456789ABCDEF0123456789ABCDEF01234568"}, False),
        ],
    ),
]

NETWORK = [
    (
        "numbers on a column of numbers",
        "DestinationPort: [22, 4444]",
        "DstPortNumber in (22, 4444)",
        [({"DestinationPort": 22}, True), ({"DestinationPort": 222}, False), ({}, False)],
    ),
    (
        "part of a number",
        "DestinationPort|startswith: 44",
        'tostring(DstPortNumber) startswith "44"',
        [({"DestinationPort": 4444}, True), ({"DestinationPort": 22}, False), ({}, False)],
    ),
    (
        "no number",
        "DestinationPort: null",
        "isnull(DstPortNumber)",
        [({}, True), ({"DestinationPort": 0}, False)],
    ),
    (
        "order on a column of numbers",
        "DestinationPort|lt: 1024",
        "(isnotnull(DstPortNumber) and DstPortNumber < 1024)",
        [({"DestinationPort": 22}, True), ({"DestinationPort": 1024}, False), ({}, False)],
    ),
    (
        "networks of both families",
        "DestinationIp|cidr: [10.0.0.0/8, 192.168.0.0/16, 'fe80::/10']",
        (
            '(coalesce(ipv4_is_in_any_range(DstIpAddr, "10.0.0.0/8", "192.168.0.0/16"), false) or '
            '(DstIpAddr contains ":" and coalesce(ipv6_is_in_range(DstIpAddr, "fe80::/10"), false)))'
        ),
        [
            ({"DestinationIp": "10.255.0.1"}, True),
            ({"DestinationIp": "192.168.3.4"}, True),
            ({"DestinationIp": "fe80::1"}, True),
            ({"DestinationIp": "2001:db8::1"}, False),
            ({"DestinationIp": "11.0.0.1"}, False),
            ({"DestinationIp": "gateway"}, False),
            ({}, False),
        ],
    ),
    (
        "a network of IPv6 alone",
        "DestinationIp|cidr: fe80::/10",
        '(DstIpAddr contains ":" and coalesce(ipv6_is_in_range(DstIpAddr, "fe80::/10"), false))',
        [
            ({"DestinationIp": "fe80::1"}, True),
            ({"DestinationIp": "2001:db8::1"}, False),
            ({"DestinationIp": "10.0.0.1"}, False),
            ({}, False),
        ],
    ),
    (
        "who began",
        "Initiated: 'true'",
        'NetworkDirection == "Outbound"',
        [({"Initiated": "true"}, True), ({"Initiated": "false"}, False), ({}, False)],
    ),
    (
        "hours",
        "EventTime|hour|lt: 6",
        "(isnotnull(TimeGenerated) and hourofday(TimeGenerated) < 6)",
        [({"EventTime": 1795492800}, True), ({"EventTime": 1795520000}, False), ({}, False)],
    ),
    (
        "weeks",
        "EventTime|week: 48",
        "(isnotnull(TimeGenerated) and week_of_year(TimeGenerated) == 48)",
        [({"EventTime": 1795509330}, True), ({"EventTime": 1767225600}, False), ({}, False)],
    ),
]

CASES = [("process_creation", *case) for case in TEXTS] + [("network_connection", *case) for case in NETWORK]


@pytest.mark.parametrize(("category", "name", "line", "condition", "rows"), CASES, ids=[case[1] for case in CASES])
def test_construct(tmp_path, category, name, line, condition, rows):
    query = probe(tmp_path, item(line), category=category)
    assert query.errors == ()
    assert query.text.rsplit("\n| where ", 1)[1] == condition
    assert isinstance(query.rule, Rule)
    assert [evaluate(query.rule.predicate, row) for row, _ in rows] == [expected for _, expected in rows]


@pytest.mark.parametrize("negated", [False, True], ids=["as it is", "negated"])
@pytest.mark.parametrize(("category", "name", "line", "condition", "rows"), CASES, ids=[case[1] for case in CASES])
def test_construct_executed(tmp_path, category, name, line, condition, rows, negated):
    query = probe(
        tmp_path,
        item(line).replace("condition: s", "condition: not s" if negated else "condition: s"),
        category=category,
    )
    table = next(table for table in read_target("asim").tables if table.category == category)
    filled = [column_row(table, "linux", row) for row, _ in rows]
    answer = Rows(table.name, types_of(table, "linux"), filled).ids(query.text)
    assert answer == [place for place, (_, expected) in enumerate(rows) if expected is not negated]


@pytest.mark.parametrize(
    ("detection", "code", "cause"),
    [
        (item("EventID: 1"), "no-column", "EventID has no column"),
        (item("EventID: 1\nImage: /bin/sh"), "no-column", "EventID has no column"),
        ("keywords: [foo, bar]\ncondition: keywords", "keyword", "raw event"),
    ],
    ids=["a field alone", "a field beside others", "keywords"],
)
@pytest.mark.parametrize("target", ["asim", "xdr"])
def test_nothing_is_dropped(tmp_path, target, detection, code, cause):
    query = probe(tmp_path, detection, target)
    assert query.text == ""
    assert [error.code for error in query.errors] == [code]
    assert cause in query.errors[0].cause


@pytest.mark.parametrize("line", ["CommandLine|re: 'a(?!b)'", "CommandLine|re: '(?<=a)b'"])
def test_an_expression_that_kusto_has_not_is_no_rule(tmp_path, line):
    path = write_rule(tmp_path, "look.yml", item(line))
    assert [problem.code for problem in load([path], cache=False).problems] == ["regex-unsupported"]
