"""Findings and incidents as events of OCSF's class Detection Finding, one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

from vedette import __version__
from vedette.correlate.incident import Incident
from vedette.hunt.finding import Ancestor, Finding, Process, RuleHeader
from vedette.report.attack import matrix
from vedette.report.cause import base
from vedette.report.deed import deed
from vedette.report.dossier import Dossier, moment
from vedette.report.ndjson import encode

#: Version of the schema.
VERSION: Final = "1.3.0"
_CLASS: Final = 2004
_SEVERITY: Final = {"informational": 1, "low": 2, "medium": 3, "high": 4, "critical": 5}
_NEW, _SUPPRESSED, _RESOLVED = 1, 3, 4


def write(dossier: Dossier, out: BinaryIO) -> None:
    """Write the lines: findings, then incidents, each in order of time."""
    out.writelines(encode(event) + b"\n" for event in events(dossier))
    out.flush()


def events(dossier: Dossier) -> Iterator[dict[str, Any]]:
    """The events."""
    for finding in dossier.findings:
        yield _finding(finding)
    for incident in dossier.incidents:
        yield _incident(incident)


def _event(time: str, level: str, status: int) -> dict[str, Any]:
    return {
        "activity_id": 1,
        "category_uid": 2,
        "class_uid": _CLASS,
        "type_uid": _CLASS * 100 + 1,
        "time": int(moment(time) or 0),
        "severity_id": _SEVERITY.get(level, 0),
        "severity": level.capitalize(),
        "status_id": status,
        "metadata": {
            "version": VERSION,
            "product": {"name": "Vedette", "vendor_name": "Vedette", "version": __version__},
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
    rule, verdict, origin = finding.rule, finding.verdict, finding.origin
    event = _event(finding.time, rule.level, _SUPPRESSED if verdict.decision == "excluded" else _NEW)
    evidence: dict[str, Any] = {
        "data": {"event": finding.event, "matched": {m.field: m.value for m in finding.matched}}
    }
    if finding.process is not None:
        evidence["process"] = _process(finding.process, finding.user)
    if finding.login_user is not None or finding.session is not None:
        evidence["actor"] = {
            **({"user": {"name": finding.login_user}} if finding.login_user is not None else {}),
            **({"session": {"uid": str(finding.session.ses)}} if finding.session is not None else {}),
        }
    event |= {
        "message": f"{rule.title}: {deed(finding)}",
        "finding_info": {
            "uid": f"{rule.id}:{finding.host}:{origin.serial}:{origin.offset}",
            "title": rule.title,
            "analytic": _analytic(rule),
            "attacks": _attacks(rule),
            "data_sources": [origin.file],
        },
        "device": {"hostname": finding.host, "type_id": 0},
        "evidences": [evidence],
        "unmapped": {
            "rule_author": rule.author,
            "rule_license": rule.license,
            "excluded_by": verdict.by,
            "why": verdict.why,
            "audit_serial": origin.serial,
        },
    }
    if finding.raw:
        event["raw_data"] = "\n".join(finding.raw)
    return event


def _incident(incident: Incident) -> dict[str, Any]:
    event = _event(incident.first, incident.level, _NEW if incident.decision is None else _RESOLVED)
    rules = {fact.rule.id: fact.rule for fact in incident.facts if fact.rule is not None}
    event |= {
        "message": incident.title,
        "start_time": int(moment(incident.first) or 0),
        "end_time": int(moment(incident.last) or 0),
        "finding_info": {
            "uid": incident.id,
            "title": incident.title,
            "desc": "; ".join(incident.reasons),
            "analytic": {"name": "incident", "type_id": 0},
            "related_analytics": [_analytic(rule) for rule in rules.values()],
            "related_events_count": len(incident.facts),
        },
        "device": {"hostname": incident.hosts[0] if incident.hosts else "", "type_id": 0},
        "evidences": [
            {
                "data": {"kind": fact.kind, "text": fact.text, "time": fact.time, "tie": fact.tie},
                **({"process": _named(fact.pid, fact.image, fact.command_line, fact.user)} if fact.pid else {}),
                **({"dst_endpoint": _endpoint(fact.address, fact.port)} if fact.address else {}),
            }
            for fact in incident.facts
        ],
        "unmapped": {
            "state": incident.state,
            "kernel": incident.kernel.text,
            "came_from": incident.came_from,
            "rule_authors": {rule.id: f"{rule.author} ({rule.license})" for rule in rules.values()},
            "decision": incident.decision.verdict if incident.decision else None,
        },
    }
    return event


def _analytic(rule: RuleHeader) -> dict[str, Any]:
    return {"name": rule.title, "uid": rule.id, "type_id": 1, "type": "Rule"}


def _attacks(rule: RuleHeader) -> list[dict[str, Any]]:
    known = matrix()
    numbers = dict.fromkeys(known.renumbered.get(tag, tag) for tag in rule.attack)
    attacks = []
    for number in numbers:
        name, _ = known.techniques.get(number, ("", ()))
        technique = {"uid": number, **({"name": name} if name else {})}
        attacks.append({"version": known.version, "technique": technique})
    return attacks


def _endpoint(address: str | None, port: int | None) -> dict[str, Any]:
    return {"ip": address, **({"port": port} if port is not None else {})}


def _process(process: Process, user: str | None) -> dict[str, Any]:
    made = _named(process.pid, process.invoked or process.image, process.command_line, user)
    if process.parent is not None:
        made["parent_process"] = _above(process.parent)
    return made


def _above(one: Ancestor) -> dict[str, Any]:
    return _named(one.pid, one.invoked or one.image, one.command_line, one.user)


def _named(pid: int | None, path: str | None, command_line: str | None, user: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {"pid": pid}
    if path:
        made |= {"name": base(path), "file": {"name": base(path), "path": path, "type_id": 1}}
    if command_line is not None:
        made["cmd_line"] = command_line
    if user is not None:
        made["user"] = {"name": user}
    return made
