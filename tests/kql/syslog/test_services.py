"""Rules of the system log's services, and those that name no log source but Linux: keywords in the message."""

from __future__ import annotations

import random

import pytest
from tests.kql.probe import item, probe
from tests.kql.syslog.messages import rows

from vedette.kql import convert, read_target
from vedette.predicate import Glob, Keyword, Regex, atoms, evaluate
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import load

#: What a line of each service comes as, and one that is another's.
LINES = {
    "syslog": ({"ProcessName": "named", "Facility": "daemon"}, None),
    "auth": ({"ProcessName": "login", "Facility": "AUTHPRIV"}, {"ProcessName": "login", "Facility": "daemon"}),
    "sshd": ({"ProcessName": "sshd-session", "Facility": "auth"}, {"ProcessName": "ssh", "Facility": "auth"}),
    "sudo": ({"ProcessName": "sudo", "Facility": "authpriv"}, {"ProcessName": "su", "Facility": "authpriv"}),
    "cron": ({"ProcessName": "crontab", "Facility": "cron"}, {"ProcessName": "crontabs", "Facility": "user"}),
    "clamav": ({"ProcessName": "clamd", "Facility": "local6"}, {"ProcessName": "amavis", "Facility": "mail"}),
    "vsftpd": ({"ProcessName": "vsftpd", "Facility": "ftp"}, {"ProcessName": "proftpd", "Facility": "ftp"}),
    "guacamole": ({"ProcessName": "guacd", "Facility": "daemon"}, {"ProcessName": "tomcat", "Facility": "daemon"}),
    "": ({"ProcessName": "anything", "Facility": "user"}, None),
}
KEYWORDS = """
k:
    - 'Disk*FULL'
    - 'a?b'
    - '\\\\*'
    - 50% (of)
all:
    '|all': [one, two]
expression:
    '|re': 'uid=0\\b'
cased:
    '|cased': Root
condition: k or all or expression or cased
"""
TEXTS = [
    *(
        "disk is full",
        "full disk",
        "a\nb",
        "ab",
        "aXb",
        "*",
        "50% (OF)",
        "two one",
        "one",
        "uid=0 x",
        "uid=01",
        "UID=0",
    ),
    *("root", "xRootx", "", "Disk\nfull"),
]


@pytest.mark.parametrize("service", LINES)
def test_a_service_is_told_by_its_programs(tmp_path, service):
    query = probe(tmp_path, "k: [flush]\ncondition: k", "syslog", category="", service=service)
    mine, other = LINES[service]
    assert rows(["now FLUSH it", "no"], **mine).ids(query.text) == [0]
    if other is not None:
        assert rows(["now FLUSH it"], **other).ids(query.text) == []
    assert f"// {query.notes[0]}" in query.text.splitlines()
    assert "Syslog table" in query.notes[0]


def test_keywords_mean_what_the_law_says(tmp_path):
    query = probe(tmp_path, KEYWORDS, "syslog", category="", service="syslog")
    assert isinstance(query.rule, Rule)
    law = [place for place, text in enumerate(TEXTS) if evaluate(query.rule.predicate, {}, text)]
    assert rows(TEXTS).ids(query.text) == law
    assert 5 < len(law) < len(TEXTS)


def test_a_service_that_is_not_known_has_no_table(tmp_path):
    (error,) = probe(tmp_path, "k: [x]\ncondition: k", "syslog", category="", service="nginx").errors
    assert error.code == "no-table"
    assert "linux/*/nginx" in error.cause


def test_columns_of_the_table_can_be_asked(tmp_path):
    query = probe(
        tmp_path, "s:\n    ProcessName: su\nk: [root]\ncondition: s and k", "syslog", category="", service="auth"
    )
    assert query.text.endswith('| where ProcessName =~ "su" and SyslogMessage contains "root"')


def test_a_field_of_a_service_without_a_column_is_refused(tmp_path):
    (error,) = probe(tmp_path, "s:\n    Image: x\ncondition: s", "syslog", category="", service="sudo").errors
    assert (error.code, error.location.line) == ("no-column", 7)


SUDO = [
    "     eve : TTY=pts/0 ; PWD=/home/eve ; USER=root ; COMMAND=/usr/bin/id ; USER=#-1 ;",
    "eve : command not allowed ; TTY=pts/0 ; PWD=/ ; GROUP=adm ; USER=#-1 ; COMMAND=/usr/bin/id -u",
    "pam_unix(sudo:session): session opened for user USER=#-1 by eve",
]


@pytest.mark.parametrize(
    ("line", "places"),
    [
        ("USER: '#-*'", [1]),
        ("USER: root", [0]),
        ("GROUP: adm", [1]),
        ("TTY: pts/0", [0, 1]),
        ("PWD: /home/eve", [0]),
        ("COMMAND|endswith: ' ; USER=#-1 ;'", [0]),
        ("COMMAND: null", [2]),
    ],
)
def test_the_items_of_sudo_s_lines_are_fields(tmp_path, line, places):
    query = probe(tmp_path, item(line), "syslog", category="", service="sudo")
    assert rows(SUDO, ProcessName="sudo").ids(query.text) == places


def text_of(pattern: Glob | Regex, chance: random.Random) -> str:
    """A text that a keyword is found in, or nearly."""
    tokens = pattern.tokens if isinstance(pattern, Glob) else ("x",)
    text = "".join(token if isinstance(token, str) else chance.choice(["", " ", "\n", "y"]) for token in tokens)
    text = chance.choice([text, text.swapcase(), text[1:], text[:-1], f"{text}{chance.choice('ab')}"])
    return chance.choice(["", "x: "]) + text + chance.choice(["", " y"])


def test_public_rules_select_what_the_law_selects(sigmahq):
    rules = load([sigmahq / "rules" / "linux" / "builtin"]).rules
    chance = random.Random(2)
    texts = []
    for rule in rules:
        words = [atom.pattern for atom in atoms(rule.predicate) if isinstance(atom, Keyword)]
        texts += [text_of(word, chance) for word in words for _ in range(2)]
        texts += [" ".join(text_of(chance.choice(words), chance) for _ in range(3)) for _ in range(12)]
        texts.append("".join(word.literal for word in words if isinstance(word, Glob)))
    selected = 0
    for rule in rules:
        query = convert(rule, read_target("syslog"))
        line = LINES[rule.logsource.service][0]
        law = [place for place, text in enumerate(texts) if evaluate(rule.predicate, {}, text)]
        assert rows(texts, **line).ids(query.text) == law, rule.location
        assert law
        selected += len(law)
    assert len(rules) == 22
    assert selected > 100
