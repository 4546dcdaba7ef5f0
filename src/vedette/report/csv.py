"""Findings as CSV: one flat line a finding, safe to open in a spreadsheet.

A cell that a spreadsheet would take for a formula is led by `'`. Cells are printable text, so that every finding is one
line: line ends, controls and bidi characters stand as escapes; the exact values stand in NDJSON.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from typing import BinaryIO, Final

from vedette.hunt.finding import Ancestor, Finding, Joint
from vedette.report.cause import cause
from vedette.report.joint import joined
from vedette.report.terminal import printable

#: What spreadsheets take for the beginning of a formula; the last four are the full-width forms.
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Cell = str | int | float | None


def _program(ancestor: Ancestor) -> str:
    return ancestor.script or ancestor.invoked or ancestor.image or f"pid {ancestor.pid}"


def _process(attribute: str) -> Callable[[Finding], Cell]:
    return lambda finding: getattr(finding.process, attribute) if finding.process else None


def _parent(attribute: str) -> Callable[[Finding], Cell]:
    return lambda finding: (
        getattr(finding.process.parent, attribute) if finding.process and finding.process.parent else None
    )


def _joint(read: Callable[[Joint], Cell]) -> Callable[[Finding], Cell]:
    return lambda finding: read(finding.correlation) if finding.correlation else None


#: Column to how it is filled, in the order of the header; `docs/findings.md` describes each.
COLUMNS: Final[dict[str, Callable[[Finding], Cell]]] = {
    "time": lambda f: f.time,
    "host": lambda f: f.host,
    "category": lambda f: f.category,
    "level": lambda f: f.rule.level,
    "decision": lambda f: f.verdict.decision,
    "rule_id": lambda f: f.rule.id,
    "rule_title": lambda f: f.rule.title,
    "rule_author": lambda f: f.rule.author,
    "rule_license": lambda f: f.rule.license,
    "rule_source": lambda f: f.rule.source,
    "attack": lambda f: " ".join(f.rule.attack),
    "user": lambda f: f.user,
    "login_user": lambda f: f.login_user,
    "session_boot": lambda f: f.session.boot if f.session else None,
    "session": lambda f: f.session.ses if f.session else None,
    "pid": _process("pid"),
    "image": _process("image"),
    "invoked": _process("invoked"),
    "script": _process("script"),
    "command_line": _process("command_line"),
    "cut": lambda f: str(f.process.cut).lower() if f.process else None,
    "cwd": _process("cwd"),
    "parent_pid": _parent("pid"),
    "parent_image": _parent("image"),
    "parent_invoked": _parent("invoked"),
    "parent_script": _parent("script"),
    "parent_command_line": _parent("command_line"),
    "parent_user": _parent("user"),
    "via": lambda f: cause(f.process),
    "ancestors": lambda f: " < ".join(map(_program, f.process.ancestors)) if f.process else None,
    "event": lambda f: " ".join(f"{name}={value}" for name, value in f.event.items()),
    "matched": lambda f: " | ".join(f"{m.field}={m.value}" for m in f.matched),
    "views": lambda f: " ".join(f.views),
    "excluded_by": lambda f: f.verdict.by,
    "why": lambda f: f.verdict.why,
    "undecided_by": lambda f: " ".join(f.verdict.undecided_by),
    "file": lambda f: f.origin.file,
    "offset": lambda f: f.origin.offset,
    "serial": lambda f: f.origin.serial,
    "raw": lambda f: "\n".join(f.raw) if f.raw else None,
    "correlation": _joint(lambda joint: joint.kind),
    "group": _joint(lambda joint: " ".join(f"{field}={value}" for field, value in joint.group.items())),
    "first": _joint(lambda joint: joint.first),
    "last": _joint(lambda joint: joint.last),
    "windows": _joint(lambda joint: joint.windows),
    "events": _joint(lambda joint: joint.count),
    "events_excluded": _joint(lambda joint: joint.excluded),
    "joined": _joint(lambda joint: " | ".join(map(joined, joint.rules))),
}

#: Column to what it says.
MEANINGS: Final = {
    "time": "`time`",
    "host": "`host`",
    "category": "`category`",
    "level": "`rule.level`",
    "decision": "`verdict.decision`: `alert` or `excluded`",
    "rule_id": "`rule.id`",
    "rule_title": "`rule.title`",
    "rule_author": "`rule.author`",
    "rule_license": "`rule.license`",
    "rule_source": "`rule.source`",
    "attack": "`rule.attack`, joined by blanks",
    "user": "`user`",
    "login_user": "`login_user`",
    "session_boot": "`session.boot`",
    "session": "`session.ses`",
    "pid": "`process.pid`",
    "image": "`process.image`",
    "invoked": "`process.invoked`",
    "script": "`process.script`",
    "command_line": "`process.command_line`",
    "cut": "`process.cut`: `true` or `false`",
    "cwd": "`process.cwd`",
    "parent_pid": "`process.parent.pid`",
    "parent_image": "`process.parent.image`",
    "parent_invoked": "`process.parent.invoked`",
    "parent_script": "`process.parent.script`",
    "parent_command_line": "`process.parent.command_line`",
    "parent_user": "`process.parent.user`",
    "via": "the nearest meaningful ancestor, as in the table",
    "ancestors": "the script or else the program of each ancestor, parent first, joined by ` < `",
    "event": "`event` as `name=value`, joined by blanks",
    "matched": "`matched` as `field=value`, joined by bars",
    "views": "`views`, joined by blanks",
    "excluded_by": "`verdict.by`",
    "why": "`verdict.why`",
    "undecided_by": "`verdict.undecided_by`, joined by blanks",
    "file": "`origin.file`",
    "offset": "`origin.offset`",
    "serial": "`origin.serial`",
    "raw": "`raw`, records joined by `\\n` as two characters",
    "correlation": "`correlation.kind`",
    "group": "`correlation.group` as `field=value`, joined by blanks",
    "first": "`correlation.first`",
    "last": "`correlation.last`",
    "windows": "`correlation.windows`",
    "events": "`correlation.count`",
    "events_excluded": "`correlation.excluded`",
    "joined": "`correlation.rules`, each with its events, title and author, joined by bars",
}


def cell(value: Cell) -> str | int | float:
    r"""A value as a spreadsheet may safely read it; nothing for null.

    >>> cell("=cmd|' /C calc'!A0")
    "'=cmd|' /C calc'!A0"
    >>> cell("-F\nINPUT")
    "'-F\\nINPUT"
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if value.startswith(FORMULA) else text


def write(findings: Iterable[Finding], out: BinaryIO) -> None:
    """Write a header and one line a finding, in UTF-8, lines ended by CR LF as RFC 4180 says."""
    writer = csv.writer(_Utf8(out))
    writer.writerow(COLUMNS)
    fill = tuple(COLUMNS.values())
    for finding in findings:
        writer.writerow([cell(column(finding)) for column in fill])
    out.flush()


class _Utf8:
    """What `csv` writes text to; unlike a text file it holds nothing back and closes nothing."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        return self._out.write(text.encode())
