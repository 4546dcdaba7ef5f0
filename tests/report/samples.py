"""Hand-made findings that the tests of reports and of the command line share."""

from __future__ import annotations

from typing import Any

from vedette.hunt.finding import (
    SCHEMA,
    Ancestor,
    Finding,
    FindingOrigin,
    JoinedEvent,
    JoinedRule,
    Joint,
    Matched,
    Process,
    RuleHeader,
    Session,
    Verdict,
)

FLUSH = RuleHeader(
    id="3be619f4-d9ec-4ea8-a173-18fdd01996ab",
    title="Flush Iptables Ufw Chain",
    level="medium",
    author="Joseliyo Sanchez, @Joseliyo_Jstnk",
    license="DRL-1.1",
    source="packs/linux-firewall/rules/proc_creation_lnx_iptables_flush_ufw.yml",
    attack=("T1562.004", "T1686"),
)


def ancestor(pid: int, command_line: str | None, **more: Any) -> Ancestor:
    """An ancestor whose image is the command line's first word unless stated."""
    word = (command_line or "").split(" ")[0]
    values = {"image": word or None, "invoked": word or None, "script": None, "user": "root"} | more
    return Ancestor(pid=pid, command_line=command_line, **values)


UFW_RESET = (
    ancestor(
        4712,
        "/bin/sh /lib/ufw/ufw-init force-stop",
        image="/usr/bin/dash",
        invoked="/lib/ufw/ufw-init",
        script="/lib/ufw/ufw-init",
    ),
    ancestor(
        4711,
        "/usr/bin/python3 /usr/sbin/ufw reset",
        image="/usr/bin/python3.11",
        invoked="/usr/sbin/ufw",
        script="/usr/sbin/ufw",
    ),
    ancestor(4710, "sudo ufw reset", invoked="/usr/bin/sudo", image="/usr/bin/sudo"),
    ancestor(4650, "-bash", image="/usr/bin/bash", invoked="/bin/bash", user="ops"),
    ancestor(4600, "/usr/sbin/sshd -D -R"),
    ancestor(1, "/sbin/init", image="/usr/lib/systemd/systemd"),
)


def make_finding(command_line: str = "iptables -F ufw-logging-deny", **more: Any) -> Finding:
    """A finding of the flush rule; `more` replaces its fields."""
    ancestors = more.pop("ancestors", UFW_RESET)
    values: dict[str, Any] = {
        "schema": SCHEMA,
        "kind": "finding",
        "time": "2026-11-24T08:35:30.164Z",
        "host": "gw-nft-01",
        "category": "process_creation",
        "rule": FLUSH,
        "user": "root",
        "login_user": "ops",
        "session": Session("gw-nft-01", 0, 343),
        "process": Process(
            pid=4720,
            image="/usr/sbin/xtables-nft-multi",
            invoked="/usr/sbin/iptables",
            script=None,
            command_line=command_line,
            cut=False,
            cwd="/root",
            parent=ancestors[0] if ancestors else None,
            ancestors=ancestors,
        ),
        "event": {},
        "matched": (
            Matched("Image", "/usr/sbin/iptables", "invoked"),
            Matched("CommandLine", command_line),
        ),
        "views": ("invoked", "invoked/resolved"),
        "verdict": Verdict("alert"),
        "origin": FindingOrigin("audit.log", 123456, 59364),
    }
    return Finding(**(values | more))


def make_correlation(**more: Any) -> Finding:
    """A finding of a correlation that joins flushes and a new peer; `more` replaces fields of what it found."""
    peer = RuleHeader("99999999-9999-4999-8999-999999999999", "New peer", "low", "Eve", "", "pack/peer.yml", ())
    values: dict[str, Any] = {
        "kind": "temporal_ordered",
        "timespan": 600,
        "group": {"LogonId": "343"},
        "first": "2026-11-24T08:35:28.000Z",
        "last": "2026-11-24T08:36:16.500Z",
        "windows": 2,
        "count": 4,
        "excluded": 1,
        "rules": (JoinedRule(FLUSH, 3, 1), JoinedRule(peer, 1, 0)),
        "parts": (
            JoinedEvent("2026-11-24T08:35:28.000Z", "gw-nft-01", FLUSH.id, "mf_x", FindingOrigin("audit.log", 1, 2)),
            JoinedEvent("2026-11-24T08:35:30.164Z", "gw-nft-01", peer.id, None, FindingOrigin("audit.log", 3, 4)),
        ),
    }
    rule = RuleHeader("88888888-8888-4888-8888-888888888888", "Flush, then peer", "high", "Eve", "", "pack/c.yml", ())
    return make_finding(
        kind="correlation",
        category="correlation",
        rule=rule,
        user=None,
        process=None,
        matched=(),
        views=(),
        correlation=Joint(**(values | more)),
    )
