"""Incidents and accounts made by hand, beside the findings that all tests of reports share."""

from __future__ import annotations

from typing import Any

from tests.report.samples import FLUSH, make_finding

from vedette.correlate.incident import SCHEMA, Fact, Incident, Kernel, NextStep, TableLoss
from vedette.hunt.finding import Finding, FindingOrigin, RuleHeader, Session, Verdict
from vedette.report.summary_line import SCHEMA as SUMMARY
from vedette.report.summary_line import Blind, Covered, Dead, Silenced, SummaryLine

SESSION = Session("gw-nft-01", 0, 371)
HOSTILE = "</script><img src=x onerror=alert(1)><b>bold</b>\x1b[31m\u202egnp.exe\u200b<!--"
FOLDER = RuleHeader(
    "5662c3d9-1bad-4c54-a242-a152d4f6261d",
    "Packet Filter Tool Run From A User-Writable Folder",
    "high",
    "Vedette",
    "Apache-2.0",
    "",
    ("T1562.004", "T1686"),
)


def make_fact(kind: str = "flush", second: float = 0.0, **more: Any) -> Fact:
    """A fact `second` seconds after 08:39:20."""
    values: dict[str, Any] = {
        "kind": kind,
        "time": f"2026-11-24T08:39:{20 + second:06.3f}Z",
        "text": "iptables flushed every chain",
        "tie": "same session",
        "user": "root",
        "login_user": "deploy",
        "session": SESSION,
        "pid": 4720,
        "image": "/usr/sbin/xtables-nft-multi",
        "command_line": "iptables -F",
        "address": None,
        "port": None,
        "rule": FLUSH if kind == "flush" else None,
        "excluded_by": None,
        "origin": FindingOrigin("audit.log", 123456, 59364),
    }
    return Fact(**(values | more))


def _at(address: str, port: int, pid: int) -> dict[str, Any]:
    return {"address": address, "port": port, "pid": pid}


def make_incident(**more: Any) -> Incident:
    """deploy flushes, opens two listeners and reaches a neighbour over ssh."""
    facts = (
        make_fact(),
        make_fact("loss", 0.02, text="inet filter lost 82 rules", command_line=None),
        make_fact("listener", 2.4, text="nc listens", command_line="nc -lnvp 4445", **_at("0.0.0.0", 4445, 4811)),
        make_fact("listener", 3.1, text="a web server", command_line="python3 -m http.server", **_at("::", 8099, 4815)),
        make_fact("ssh", 6.8, text="ssh to a new host", command_line="ssh 10.77.0.12", **_at("10.77.0.12", 22, 4822)),
    )  # fmt: skip
    values: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": "incident",
        "id": "i-4d2f9a1c07b3",
        "title": "deploy flushed the firewall of gw-nft-01, opened ports 4445 and 8099 and reached 10.77.0.12",
        "level": "critical",
        "reasons": ("the kernel lost 82 rules and nothing brought them back", "two new listeners", "ssh to a new peer"),
        "hosts": ("gw-nft-01",),
        "first": facts[0].time,
        "last": facts[-1].time,
        "user": "root",
        "login_user": "deploy",
        "session": SESSION,
        "came_from": "203.0.113.77",
        "state": "open",
        "kernel": Kernel(
            "confirmed",
            "net loss of 82 rules in inet filter, within 20 ms of the flush",
            (TableLoss("filter", "ipv4", "nft", -82, -82), TableLoss("nat", "ipv4", "legacy", None, None)),
        ),
        "facts": facts,
        "findings": 3,
        "excluded": 0,
        "raised": False,
        "next_steps": (
            NextStep("All records of the session", "ausearch --session 371 -i", "log"),
            NextStep("What the session did", "Syslog\n| where SyslogMessage has 'ses=371'", "kql"),
            NextStep("See whether the ports are still open", "ss -lntp '( sport = :4445 or sport = :8099 )'", "host"),
        ),
        "decision": None,
    }
    return Incident(**(values | more))


def make_summary(**more: Any) -> SummaryLine:
    """One host, a dead rule, an exclusion and a blind interval."""
    values: dict[str, Any] = {
        "schema": SUMMARY,
        "kind": "summary",
        "hosts": (
            Covered("gw-nft-01", "2026-11-24T08:35:30Z", "2026-11-24T08:40:14Z", 1, 1, {"process_creation": 678}, 524),
        ),
        "rules_loaded": 15,
        "rules_live": 14,
        "dead": (Dead("x", "Some Windows Rule", "needs OriginalFileName"),),
        "refused": ("rules/bad.yml:3: no detection",),
        "rejected": {"no record": 3},
        "alerts": {"medium": 2},
        "excluded": (Silenced("dc560291", "Maintenance Script", "the job refills the chains", "ops", 12),),
        "blind": (Blind("gw-nft-01", "2026-11-24T08:36:00Z", "2026-11-24T08:36:20Z", "auditd was stopped"),),
        "notes": ("1 filter was set aside",),
    }  # fmt: skip
    return SummaryLine(**(values | more))


def make_excluded(**more: Any) -> Finding:
    """A finding that an exclusion covers."""
    verdict = Verdict("excluded", "dc560291", "the job refills the chains")
    return make_finding("iptables -F ufw-logging-allow", verdict=verdict, **more)
