"""One event with all rules that matched it: what findings are made of, before anyone needs each by itself.

Events of one shape share their matches, so that a hunt explains a match once, and who writes it encodes it once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator

import msgspec

from vedette.event import View
from vedette.hunt.finding import SCHEMA, Finding, FindingOrigin, Matched, Process, RuleHeader, Session, Verdict


class Match(msgspec.Struct):
    """One rule that matched, without the event.

    Attributes:
        rule: the rule's header.
        matched: the atoms that held.
        views: the views of the law in which it matched.
        verdict: alert or excluded.
        view: the first of these views.
        shown: place for a writer to keep its rendering; None until then.
    """

    rule: RuleHeader
    matched: tuple[Matched, ...]
    views: tuple[str, ...]
    verdict: Verdict
    view: View
    shown: object = None


class Sighting(msgspec.Struct):
    """One event that rules matched; all but `matches` as in `Finding`."""

    time: str
    host: str
    category: str
    user: str | None
    login_user: str | None
    session: Session | None
    process: Process | None
    event: dict[str, str | int | float]
    origin: FindingOrigin
    raw: tuple[str, ...] | None
    matches: tuple[Match, ...]

    def finding(self, match: Match) -> Finding:
        """One of its matches as a finding."""
        return Finding(
            SCHEMA,
            "finding",
            self.time,
            self.host,
            self.category,
            match.rule,
            self.user,
            self.login_user,
            self.session,
            self.process,
            self.event,
            match.matched,
            match.views,
            match.verdict,
            self.origin,
            self.raw,
        )

    def findings(self) -> Iterator[Finding]:
        """All of its matches as findings."""
        return map(self.finding, self.matches)


def flattened(found: Iterable[Sighting | Finding]) -> Generator[Finding]:
    """Findings one by one."""
    for each in found:
        if isinstance(each, Sighting):
            yield from each.findings()
        else:
            yield each
