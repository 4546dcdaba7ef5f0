"""What a finding's process did, in one line."""

from __future__ import annotations

from typing import Final

from vedette.hunt.finding import Finding
from vedette.report.joint import joint_deed

_NETWORK: Final = ("network_connection", "network_failed", "network_listen")
_SHOWN_FIELDS: Final = 6


def deed(finding: Finding) -> str:
    """The command line, led by what the event adds to it: the peer, the packet filter's table, the record's fields.

    The text holds the log's own: it must pass `printable` before it is shown.
    """
    if finding.correlation is not None:
        return joint_deed(finding.correlation)
    command = _command(finding)
    if finding.category == "process_creation":
        return command
    facts = _facts(finding)
    return f"{facts} · {command}" if facts and command else facts or command


def _command(finding: Finding) -> str:
    process = finding.process
    if process is None:
        return ""
    return process.command_line or process.script or process.invoked or process.image or f"pid {process.pid}"


def _facts(finding: Finding) -> str:
    event = finding.event
    if finding.category in _NETWORK:
        for side, word in (("Destination", "to"), ("Source", "on")):
            address = event.get(f"{side}Ip")
            if address is not None:
                host = f"[{address}]" if ":" in str(address) else str(address)
                port = event.get(f"{side}Port")
                return f"{word} {host}:{port}" if port is not None else f"{word} {host}"
    if "Table" in event and finding.category.startswith("netfilter"):
        return f"{event.get('Family', '')} {event['Table']}: {_change(event)}".lstrip()
    pairs = [f"{name}={value}" for name, value in event.items()]
    return " ".join(pairs[:_SHOWN_FIELDS]) + (" …" if len(pairs) > _SHOWN_FIELDS else "")


def _change(event: dict[str, str | int | float]) -> str:
    """What became of a packet filter's table, as exactly as the kernel told."""
    before, after = event.get("EntriesBefore"), event.get("EntriesAfter")
    if before is not None and after is not None:
        return f"{before} to {after} entries"
    for name, noun in (("RulesNet", "rules"), ("EntriesNet", "entries")):
        if (net := event.get(name)) is not None:
            return f"{net:+d} {noun}" if isinstance(net, int) else f"{net} {noun}"
    parts = [str(event[name]) for name in ("Operation", "Outcome") if name in event]
    return ", ".join([*parts, f"{event['Entries']} entries"] if "Entries" in event else parts)
