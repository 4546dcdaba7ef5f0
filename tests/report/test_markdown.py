from __future__ import annotations

import datetime as dt

import pytest
from markdown_it import MarkdownIt
from tests.report.html.samples import HOSTILE, make_excluded, make_fact, make_incident, make_summary
from tests.report.samples import make_correlation, make_finding

from vedette.correlate.incident import Decision
from vedette.report.dossier import Dossier, dossier
from vedette.report.markdown import markdown, plain, span

MADE = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)


def text(*items, **more) -> str:
    return markdown(dossier(items), "Hunt", made=MADE, **more)


def html(written: str) -> str:
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(written))


def test_a_ticket_tells_incident_findings_rules_and_coverage():
    written = text(make_finding(), make_excluded(), make_incident(), make_summary())
    for part in (
        "1 incident, 1 finding (1 medium) on `gw-nft-01`; 1 more covered by exclusions. Written 2026-11-24 09:00 UTC.",
        "- **Who** `deploy` as `root` on `gw-nft-01`",
        "- **From** `203.0.113.77`",
        "- **To** `10.77.0.12 port 22`; listens on `4445`, `8099`",
        "```sh\nausearch --session 371 -i\n```",
        "```kusto\nSyslog\n| where SyslogMessage has 'ses=371'\n```",
        "by Joseliyo Sanchez, &#64;Joseliyo\\_Jstnk (DRL-1.1)",
        "T1686 (was T1562.004) Disable or Modify System Firewall, Defense Impairment: 1 finding",
        "auditd was stopped",
        "excluded 12 by Maintenance Script: the job refills the chains",
    ):
        assert part in written, part


def test_decisions_are_told_and_open_incidents_come_first():
    decided = make_incident(id="d", title="decided one", decision=Decision("benign", "a drill", "ann"))
    written = text(decided, make_incident(title="open one", level="low"))
    assert written.index("open one") < written.index("decided one")
    assert "- **Decision** benign by `ann` a drill" in written


def test_what_could_not_be_read_is_told():
    written = markdown(Dossier(unread={"no JSON": 2}, examples={"no JSON": "f:1"}), "Hunt", made=MADE)
    assert "2 lines of the input could not be read: no JSON, first at `f:1`" in written
    assert "what was covered is not known" in written


def test_the_rules_that_a_correlation_joins_are_named_with_their_authors():
    written = text(make_correlation())
    assert "Flush, then peer, by Eve" in written
    assert "Flush Iptables Ufw Chain, by Joseliyo Sanchez" in written


def test_masking_is_told():
    assert "masked" in text(make_finding(), redacted=True)


def test_hostile_text_stays_text():
    hostile = HOSTILE + "\n# heading\n|cell|`tick` @team [x](javascript:alert(1)) ![y](http://e.x/p) www.e.x"
    written = text(
        make_finding(hostile, host=hostile, user=hostile),
        make_incident(title=hostile, facts=(make_fact(text=hostile, command_line=hostile),), reasons=(hostile,)),
        make_summary(notes=(hostile,)),
    )
    made = html(written)
    for bad in ("<img", "<b>", "<script", "</script>", "<a ", 'javascript:alert(1))"', "<h1>heading"):
        assert bad not in made.replace("<h1>Hunt</h1>", ""), bad
    assert "\u202e" not in written
    assert "\x1b" not in written
    assert "@team" not in "".join(line for line in written.splitlines() if "`" not in line)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("a|b", "`a\\|b`"), ("`x`", "`` `x` ``"), ("a``b", "```a``b```"), (" a", "`  a `"), ("", ""), (None, "")],
)
def test_a_code_span_holds_anything(given, expected):
    assert span(given, table=True) == expected


@pytest.mark.parametrize(
    "given", ["- x", "+ x", "1. x", "# x", "> x", "* x", "= x", "a<b>c", "&lt;", "~~x~~", "![x](y)"]
)
def test_plain_text_is_no_markup(given):
    made = MarkdownIt("commonmark").render(plain(given))
    assert made.startswith("<p>")
    assert made.count("<") == 2
