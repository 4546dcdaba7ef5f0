"""Pairs of text: the lines of a log and what they mean, named after what breaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from vedette.telemetry.auditd.argv import command_line, parse_argv, proctitle
from vedette.telemetry.auditd.netfilter import parse_netfilter
from vedette.telemetry.auditd.record import Record, parse_record
from vedette.telemetry.auditd.sockaddr import sockaddr_of

FOLDER = Path(__file__).parents[2] / "fixtures" / "auditd"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


def meaning(lines: list[bytes]) -> dict[str, Any]:
    """What the parsers make of some lines, as JSON."""
    records = [parse_record(line) for line in lines]
    found: dict[str, Any] = {"records": [as_json(record) for record in records]}
    bodies = [record.body for record in records if isinstance(record, Record) and record.type == "EXECVE"]
    if bodies:
        argv = parse_argv(bodies)
        found["argv"] = msgspec.to_builtins(argv) | {"command_line": command_line(argv.args)}
    return found


def as_json(record: Any) -> dict[str, Any]:
    if not isinstance(record, Record):
        return {"reject": record.reason, "length": record.length}
    found: dict[str, Any] = {
        "node": record.node,
        "type": record.type,
        "time": f"{record.sec}.{record.ms:03}",
        "serial": record.serial,
        "fields": record.fields,
    }
    found |= {name: part for name in ("inner", "enriched") if (part := getattr(record, name))}
    if record.type == "SOCKADDR":
        found["sockaddr"] = msgspec.to_builtins(sockaddr_of(record.body))
    if record.type == "NETFILTER_CFG":
        found["netfilter"] = msgspec.to_builtins(parse_netfilter(record.body))
    if record.type == "PROCTITLE":
        found["proctitle"] = proctitle(record.body)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_lines_mean_what_the_fixture_says(name: str):
    lines = (FOLDER / f"{name}.txt").read_bytes().removesuffix(b"\n").split(b"\n")
    expected = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(meaning(lines))) == expected


def test_no_fixture_is_left_without_its_pair():
    assert NAMES
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == NAMES
