"""Rules, asks and rows for the tests of hunts in a workspace."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vedette.kql import Options, read_target
from vedette.sentinel.hunting.answer import Answer
from vedette.sentinel.hunting.plan import Plan, plan
from vedette.sentinel.hunting.window import Window
from vedette.sigma.ruleset import RuleSet, load

#: 2026-11-24 08:30 UTC.
NOON = dt.datetime(2026, 11, 24, 8, 30, tzinfo=dt.UTC).timestamp()
FLUSH = """
    selection:
        Image|endswith: /iptables
        CommandLine|contains: ' -F'
    condition: selection
"""


def write(folder: Path, name: str, detection: str = FLUSH, *, logsource: str = "category: process_creation") -> Path:
    """A rule with a made id, in a file of its own."""
    folder.mkdir(exist_ok=True)
    number = sum(name.encode()) * 65_537 + len(name)
    text = f"""title: {name}
id: 00000000-0000-4000-8000-{number:012d}
author: A. Nother
level: medium
tags: [attack.t1562.004]
logsource:
    product: linux
    {logsource}
detection:{detection.rstrip()}
"""
    path = folder / f"{name}.yml"
    path.write_text(text)
    return path


def planned(folder: Path, target: str = "asim", **settings: str) -> Plan:
    """The plan of a folder's rules, unchecked."""
    return plan(loaded(folder).rules, read_target(target), Options.of(settings, read_target(target)))


def loaded(*paths: Path) -> RuleSet:
    """Rules of files and folders."""
    return load([str(path) for path in paths])


def shipped(pid: int, command: str, *, at: float = NOON, received: float | None = None, **more: Any) -> dict[str, Any]:
    """A row of a process start as `vedette ship` sends it; `Additional` adds to AdditionalFields."""
    extra = {
        "ResolvedImage": "/usr/sbin/xtables-nft-multi",
        "ResolvedParentImage": "/usr/bin/bash",
        "Serial": 100 + pid,
        "Boot": 0,
        "ParentUser": "root",
        **more.pop("Additional", {}),
    }
    return {
        "TimeGenerated": told(at if received is None else received),
        "EventStartTime": told(at),
        "EventEndTime": told(at),
        "EventType": "ProcessCreated",
        "EventVendor": "Linux",
        "EventProduct": "auditd",
        "EventOriginalUid": f"uid-{pid}-{round(at * 1000)}",
        "DvcHostname": "gw",
        "TargetProcessName": "/usr/sbin/iptables",
        "TargetProcessCommandLine": command,
        "TargetProcessId": str(pid),
        "TargetUsername": "root",
        "TargetUserSessionId": "7",
        "ActorUsername": "ops",
        "ActorUserId": "1000",
        "ActingProcessName": "/bin/bash",
        "ActingProcessId": "40",
        "ActingProcessCommandLine": "bash",
        "AdditionalFields": extra,
        **more,
    }


def told(seconds: float) -> str:
    """A time as rows have it."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def row(cells: dict[str, Any]) -> dict[str, Any]:
    """A row as Microsoft's client gives it: times are times, AdditionalFields is text."""
    read = {
        name: dt.datetime.fromisoformat(value) if name.endswith(("Time", "TimeGenerated")) else value
        for name, value in cells.items()
    }
    if isinstance(read.get("AdditionalFields"), dict):
        read["AdditionalFields"] = json.dumps(read["AdditionalFields"])
    read.setdefault("Dvc", read.get("DvcHostname", ""))
    return read


class Script:
    """Answers by a script: each request takes the next; what is asked is kept."""

    def __init__(self, *answers: Answer | Sequence[Answer] | BaseException) -> None:
        self.answers = list(answers)
        self.asked: list[list[tuple[str, Window]]] = []

    def ask(self, asked: Sequence[tuple[str, Window]]) -> list[Answer]:
        """The next answer, for all; a list is taken one by one; an exception is raised."""
        self.asked.append(list(asked))
        found = self.answers.pop(0) if self.answers else Answer("whole")
        if isinstance(found, BaseException):
            raise found
        return [found] * len(asked) if isinstance(found, Answer) else list(found)
