"""Findings that a reader takes for one: same rule, same nearest meaningful ancestor, same minute."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Final

from vedette.hunt.finding import Finding, JoinedRule, RuleHeader
from vedette.report.cause import cause
from vedette.report.deed import deed

#: Distinct deeds that a group counts exactly; beyond it says "more than".
MAX_DEEDS: Final = 1000


@dataclasses.dataclass(slots=True)
class Group:
    """One row of the table. Text of the log stands in it as it is; `printable` is the table's work.

    Attributes:
        time: of its earliest finding, RFC 3339.
        host: node name.
        rule: header of the rule.
        user: effective user, or None.
        login_user: the user who logged in, or None.
        via: label of the nearest meaningful ancestor (see `vedette.report.cause`), or the empty text.
        deed: what the earliest finding's process did.
        decision: `alert` or `excluded`.
        by: the exclusion, or None.
        why: its reason, or None.
        raw: records of the earliest finding, if the findings carry them.
        count: findings in the group.
        deeds: distinct deeds, at most `MAX_DEEDS`.
        session: the kernel's session number, or None.
        parent_known: the log shows the parent of the earliest finding's process.
        joined: the rules that a correlation joins.
    """

    time: str
    host: str
    rule: RuleHeader
    user: str | None
    login_user: str | None
    via: str
    deed: str
    decision: str
    by: str | None
    why: str | None
    raw: tuple[str, ...] | None
    count: int
    deeds: set[str]
    session: int | None
    parent_known: bool
    joined: tuple[JoinedRule, ...] = ()

    @property
    def origin(self) -> str:
        """Where it came from: `via ufw reset`, else the session that typed it, else what is known of the parent."""
        if self.joined:
            return f"{len(self.joined)} rules" if len(self.joined) > 1 else "1 rule"
        if self.via:
            return f"via {self.via}"
        if self.session is not None:
            return f"session {self.session}"
        return "" if self.parent_known else "parent not in the log"


def group(findings: Iterable[Finding]) -> list[Group]:
    """Group findings, earliest first.

    Findings share a group if rule, verdict, host, users, session, nearest meaningful ancestor (by its label) and minute
    agree; a finding without such an ancestor shares one with others of its session that have none. Memory grows with
    the groups, not with the findings.
    """
    groups: dict[tuple[object, ...], Group] = {}
    for finding in findings:
        via, what, verdict = cause(finding.process), deed(finding), finding.verdict
        key = (
            finding.time[:16],
            finding.rule.id,
            finding.rule.title,
            finding.host,
            finding.user,
            finding.login_user,
            finding.session,
            verdict.decision,
            verdict.by,
            via,
            tuple(finding.correlation.group.values()) if finding.correlation is not None else None,
        )
        row = groups.get(key)
        if row is None:
            groups[key] = Group(
                finding.time,
                finding.host,
                finding.rule,
                finding.user,
                finding.login_user,
                via,
                what,
                verdict.decision,
                verdict.by,
                verdict.why,
                finding.raw,
                1,
                {what},
                finding.session.ses if finding.session else None,
                finding.process is not None and finding.process.parent is not None,
                finding.correlation.rules if finding.correlation is not None else (),
            )
            continue
        row.count += 1
        if len(row.deeds) < MAX_DEEDS:
            row.deeds.add(what)
        if finding.time < row.time:
            row.time, row.deed, row.raw = finding.time, what, finding.raw
    return sorted(groups.values(), key=lambda row: row.time)
