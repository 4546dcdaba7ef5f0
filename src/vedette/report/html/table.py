"""Findings as rows over tables of what they share: a tenth of the bytes, and the page need not compare texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from vedette.hunt.finding import Ancestor, Finding, Joint, Process, RuleHeader
from vedette.report.cause import cause
from vedette.report.deed import deed
from vedette.report.dossier import moment
from vedette.report.html.spelling import MAX_RECORD, number, plain, spelled

#: Findings whose records stand in one block of the page; a block is read when one of them is asked for.
RAW_BLOCK: Final = 100
#: What a row holds, in this order; `report.js` reads it by these names.
COLUMNS: Final = (
    *("time", "host", "category", "rule", "user", "login", "session", "pid", "node", "cwd", "event", "matched"),
    *("views", "verdict", "file", "offset", "serial", "cause", "deed", "kind", "raw", "joint"),
)
NODE_COLUMNS: Final = ("pid", "image", "invoked", "script", "command", "user", "cut", "parent")
_MOST_ANCESTORS: Final = 256


class Table:
    """Rows as they are added.

    Attributes:
        strings: texts, spelled out; a row holds their places, -1 for null.
        nodes: processes, each with the place of its parent.
        rules: headers, in order of appearance.
        rows: one a finding.
        raw: records of findings, in blocks.
        shared: events, matched atoms, views, verdicts and sessions.
        joints: what correlations found, spelled out; their rules by place.
    """

    def __init__(self) -> None:
        self.strings: list[str] = []
        self.nodes: list[tuple[Any, ...]] = []
        self.rules: dict[RuleHeader, int] = {}
        self.rows: list[tuple[Any, ...]] = []
        self.raw: list[list[list[str] | None]] = []
        self.shared: list[Any] = []
        self.joints: list[dict[str, Any]] = []
        self._strings: dict[str, int] = {}
        self._nodes: dict[tuple[Any, ...], int] = {}
        self._shared: dict[Any, int] = {}

    def add(self, finding: Finding) -> None:
        """Add one finding."""
        text, process, session, verdict = self._text, finding.process, finding.session, finding.verdict
        place = len(self.rows)
        if place % RAW_BLOCK == 0:
            self.raw.append([])
        raw = finding.raw
        self.raw[-1].append([spelled(line, MAX_RECORD) for line in raw] if raw is not None else None)
        self.rows.append(
            (
                moment(finding.time),
                text(finding.host),
                text(finding.category),
                self.rules.setdefault(finding.rule, len(self.rules)),
                text(finding.user),
                text(finding.login_user),
                self._share((text(session.node), number(session.boot), number(session.ses))) if session else -1,
                number(process.pid) if process else None,
                self._node(process) if process else -1,
                text(process.cwd) if process else -1,
                self._share(tuple((text(name), text(str(value))) for name, value in finding.event.items())),
                self._share(tuple((text(m.field), text(m.value), text(m.reading)) for m in finding.matched)),
                self._share(tuple(map(text, finding.views))),
                self._share(
                    (
                        verdict.decision == "excluded",
                        text(verdict.by),
                        text(verdict.why),
                        *map(text, verdict.undecided_by),
                    )
                ),
                text(finding.origin.file),
                number(finding.origin.offset),
                number(finding.origin.serial),
                text(cause(process)),
                text(deed(finding)),
                text(finding.kind),
                raw is not None,
                self._joint(finding.correlation) if finding.correlation is not None else -1,
            )
        )

    def _joint(self, joint: Joint) -> int:
        shown = plain(msgspec.to_builtins(joint))
        for one, written in zip(joint.rules, shown["rules"], strict=True):
            written["rule"] = self.rules.setdefault(one.rule, len(self.rules))
        self.joints.append(shown)
        return len(self.joints) - 1

    def _text(self, text: str | None) -> int:
        if text is None:
            return -1
        place = self._strings.get(text)
        if place is None:
            place = self._strings[text] = len(self.strings)
            self.strings.append(spelled(text))
        return place

    def _share(self, value: tuple[Any, ...]) -> int:
        place = self._shared.get(value)
        if place is None:
            place = self._shared[value] = len(self.shared)
            self.shared.append(value)
        return place

    def _node(self, process: Process) -> int:
        """The place of a process, after those of its ancestors, the farthest first."""
        parent = -1
        ancestors: Iterable[Ancestor] = reversed(process.ancestors[:_MOST_ANCESTORS])
        for one in ancestors:
            parent = self._place(one, one.user, parent)
        return self._place(process, None, parent)

    def _place(self, one: Ancestor | Process, user: str | None, parent: int) -> int:
        text = self._text
        node = (
            number(one.pid),
            text(one.image),
            text(one.invoked),
            text(one.script),
            text(one.command_line),
            text(user),
            one.cut,
            parent,
        )
        place = self._nodes.get(node)
        if place is None:
            place = self._nodes[node] = len(self.nodes)
            self.nodes.append(node)
        return place


def table(findings: Iterable[Finding]) -> Table:
    """The table of findings."""
    made = Table()
    for finding in findings:
        made.add(finding)
    return made
