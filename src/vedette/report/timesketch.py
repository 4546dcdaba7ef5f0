"""Findings and the facts of incidents as JSON lines for Timesketch: one event a line, text spelled out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from vedette.correlate.incident import Incident
from vedette.hunt.finding import Finding
from vedette.report.deed import deed
from vedette.report.dossier import Dossier
from vedette.report.ndjson import encode
from vedette.report.terminal import printable


def write(dossier: Dossier, out: BinaryIO) -> None:
    """Write the lines: findings, then the facts of incidents, each in order of time."""
    out.writelines(encode(event) + b"\n" for event in events(dossier))
    out.flush()


def events(dossier: Dossier) -> Iterator[dict[str, Any]]:
    """The events; `message`, `datetime` and `timestamp_desc` are what Timesketch asks for."""
    for finding in dossier.findings:
        yield _spelled(_finding(finding))
    for incident in dossier.incidents:
        for event in _facts(incident):
            yield _spelled(event)


def _finding(finding: Finding) -> dict[str, Any]:
    process, rule, verdict = finding.process, finding.rule, finding.verdict
    return {
        "message": f"{rule.title}: {deed(finding)}",
        "datetime": finding.time,
        "timestamp_desc": "Sigma rule matched" if verdict.decision == "alert" else "Sigma match excluded",
        "hostname": finding.host,
        "username": finding.user,
        "login_user": finding.login_user,
        "session": finding.session.ses if finding.session else None,
        "pid": process.pid if process else None,
        "executable": (process.invoked or process.image) if process else None,
        "command_line": process.command_line if process else None,
        "rule_name": rule.title,
        "rule_id": rule.id,
        "rule_author": rule.author,
        "rule_license": rule.license,
        "severity": rule.level,
        "attack": " ".join(rule.attack),
        "excluded_by": verdict.by,
        "source_file": finding.origin.file,
        "audit_serial": finding.origin.serial,
        "tag": ["vedette", rule.level, *(["excluded"] if verdict.decision == "excluded" else [])],
    }


def _facts(incident: Incident) -> Iterator[dict[str, Any]]:
    for fact in incident.facts:
        yield {
            "message": f"{fact.kind}: {fact.text}",
            "datetime": fact.time,
            "timestamp_desc": f"Incident, {fact.kind}",
            "hostname": incident.hosts[0] if incident.hosts else "",
            "username": fact.user,
            "login_user": fact.login_user,
            "session": fact.session.ses if fact.session else None,
            "pid": fact.pid,
            "executable": fact.image,
            "command_line": fact.command_line,
            "address": fact.address,
            "port": fact.port,
            "rule_name": fact.rule.title if fact.rule else None,
            "rule_id": fact.rule.id if fact.rule else None,
            "rule_author": fact.rule.author if fact.rule else None,
            "rule_license": fact.rule.license if fact.rule else None,
            "severity": incident.level,
            "incident": incident.id,
            "incident_title": incident.title,
            "excluded_by": fact.excluded_by,
            "source_file": fact.origin.file,
            "audit_serial": fact.origin.serial,
            "tag": ["vedette", "incident", incident.level],
        }


def _spelled(event: dict[str, Any]) -> dict[str, Any]:
    """Without what is not known; texts with nothing hidden in them."""
    shown: dict[str, Any] = {}
    for key, value in event.items():
        match value:
            case None | "":
                continue
            case str():
                shown[key] = printable(value)
            case list():
                shown[key] = [printable(str(one)) for one in value]
            case _:
                shown[key] = value
    return shown
