"""A hunt in a workspace: a plan in, findings out, and the account of each rule."""

from __future__ import annotations

import dataclasses
import hashlib
import time as clock
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from vedette.event import Choice, Event
from vedette.hunt.exclusion import Exclusion
from vedette.hunt.finding import Finding, RuleHeader, Verdict
from vedette.hunt.joining import Joining
from vedette.sentinel.hunting.answer import Row
from vedette.sentinel.hunting.asking import Asked, Asking
from vedette.sentinel.hunting.fate import Fate
from vedette.sentinel.hunting.journal import FORM as JOURNAL
from vedette.sentinel.hunting.journal import Head, Journal
from vedette.sentinel.hunting.judge import Judge, Judged
from vedette.sentinel.hunting.pace import Pace
from vedette.sentinel.hunting.piece import Piece, left
from vedette.sentinel.hunting.plan import Ask, Plan
from vedette.sentinel.hunting.row import Reader
from vedette.sentinel.hunting.seen import Seen
from vedette.sentinel.hunting.told import columns
from vedette.sentinel.hunting.window import Window

#: Rows of a rule that are kept; one that selects more is no hunt.
MAX_ROWS: Final = 200_000
#: Seconds by which the clock of a host may be ahead of the workspace's: rows that were received so much before their
#: event are looked for too.
AHEAD: Final = 600.0


@dataclasses.dataclass(frozen=True)
class Times:
    """What time is hunted.

    Attributes:
        since: UTC epoch seconds; earlier events give no findings.
        until: UTC epoch seconds; events from then on give none; None for no bound.
        now: UTC epoch seconds, up to which rows were received.
        reach: seconds before `since` from which events can be part of correlations.
    """

    since: float
    until: float | None
    now: float
    reach: float = 0.0

    @property
    def window(self) -> Window:
        """In which the rows of such events can have been received: an old log may be shipped at any time after."""
        return Window.of(self.since - self.reach - AHEAD, max(self.now, self.since + 1))


@dataclasses.dataclass
class Account:
    """What a hunt in a workspace did.

    Attributes:
        workspace: its id.
        target: name of the target.
        window: in which rows were received.
        proved: whether Microsoft's parser has accepted the queries.
        fates: what became of each query, and of rules without one.
        below: rules below the asked level.
        alerts: findings that alert, by level.
        excluded: findings that an exclusion covers, by exclusion id.
        joined: matches of rules that are only part of correlations.
        hosts: findings' events by host.
        requests: that were sent.
        throttled: answers that asked to wait.
        waited: seconds that the service was waited for.
        resumed: pieces that were taken from the journal.
        seconds: wall seconds.
        notes: further remarks.
        interrupted: the user stopped the hunt.
    """

    workspace: str
    target: str
    window: Window
    proved: bool
    fates: list[Fate]
    below: int = 0
    alerts: Counter[str] = dataclasses.field(default_factory=Counter)
    excluded: Counter[str] = dataclasses.field(default_factory=Counter)
    joined: int = 0
    hosts: Counter[str] = dataclasses.field(default_factory=Counter)
    requests: int = 0
    throttled: int = 0
    waited: float = 0.0
    resumed: int = 0
    seconds: float = 0.0
    notes: list[str] = dataclasses.field(default_factory=list)
    interrupted: bool = False

    @property
    def whole(self) -> bool:
        """Whether all rules that were asked were answered whole."""
        return all(fate.state in ("ran", "refused") for fate in self.fates)

    @property
    def answered(self) -> bool:
        """Whether any rule was answered at all."""
        return any(fate.state in ("ran", "partial") for fate in self.fates)


def digest_of(workspace: str, asks: Sequence[Ask]) -> str:
    """Names a hunt: the workspace, and all queries."""
    told = "\0".join((workspace.lower(), *(ask.key for ask in asks)))
    return hashlib.sha256(told.encode()).hexdigest()


class Hunting:
    """One hunt; exhaust `run`, then take `findings` once.

    Args:
        plan: what is asked.
        wire: what sends it.
        workspace: the workspace's id.
        times: what time is hunted.
        bound: rule id to the exclusions that apply to it.
        choice: the views that are evaluated.
        joining: joins matches into findings of their own, or None.
        watch: is shown every match as it is judged, in the order of time, or None.
        journal: path of a journal, or None.
        batch: queries that are sent at once.
        pace: how fast.

    Attributes:
        account: complete once the findings are taken.
    """

    def __init__(
        self,
        plan: Plan,
        wire: Asked,
        workspace: str,
        times: Times,
        *,
        bound: Mapping[str, tuple[Exclusion, ...]],
        choice: Choice = "both",
        joining: Joining | None = None,
        watch: Callable[[Finding, Event], None] | None = None,
        journal: str | None = None,
        batch: int = 1,
        pace: Pace | None = None,
    ) -> None:
        self._plan, self._asks = plan, plan.asks
        self._judge, self._joining, self._watch = Judge(bound, choice, workspace), joining, watch
        self._started = clock.monotonic()
        self._journal: Journal | None = None
        window = times.window
        fates = [Fate(ask.rule.id, ask.name, ask.query.table) for ask in plan.asks]
        refused = [Fate(one.rule.id, one.rule.title, "", errors=one.told) for one in plan.refused]
        self.account = Account(workspace, plan.target, window, plan.proved, [*fates, *refused], plan.below)
        if journal is not None:
            asked = Head(JOURNAL, digest_of(workspace, plan.asks), window, times.since, times.until)
            self._journal = Journal(journal, asked)
            head = self._journal.head
            times = dataclasses.replace(times, since=head.since, until=head.until)
            self.account.window = window = head.window
            self.account.notes += self._journal.notes
        self._times, self._window = times, window
        told = columns(plan.target)
        self._readers = [
            Reader(ask.columns, told, ask.query.table, ask.rule.logsource.category, ask.raw) for ask in plan.asks
        ]
        self._seen: dict[str, dict[str, tuple[int, Seen]]] = {}
        self._asking = Asking(wire, plan.asks, fates, self._pieces(fates), self._take, batch=batch, pace=pace or Pace())

    @property
    def total(self) -> float:
        """Seconds of windows of all queries together."""
        return len(self._asks) * (self._window.end - self._window.start)

    def run(self) -> Iterator[float]:
        """Ask all; yields the seconds of windows that are left.

        Raises:
            UsageError: the workspace can't be asked, or the journal can't be written.
        """
        yield from self._asking.run()

    def findings(self) -> list[Finding]:
        """The findings of all rows that were read, in the order of their times; completes the account.

        Raises:
            UsageError: never; what was read is at hand.
        """
        self._asking.close()
        found: list[Finding] = []
        order = sorted(
            (seen.time, seen.host, seen.serial, seen.id, number, seen)
            for of_rule in self._seen.values()
            for number, seen in of_rule.values()
        )
        for *_, number, seen in order:
            judged = self._judge.judged(self._asks[number], seen)
            found += self._told(judged, number)
            if self._joining is not None:
                found += self._joined_findings(self._joining.due())
        if self._joining is not None:
            found += self._joined_findings(self._joining.close())
        self._close()
        return found

    def _told(self, judged: Judged, number: int) -> list[Finding]:
        """A match as a finding that is put out, if it is in the asked time and not only part of correlations."""
        finding, account = judged.finding, self.account
        if judged.ruled_out:
            account.fates[number].ruled_out += 1
            return []
        if not judged.confirmed:
            account.fates[number].unconfirmed += 1
        joining = self._joining
        if joining is not None and finding.rule.id in joining.needs:
            joining.match(finding, judged.event, judged.view)
        if judged.event.time < self._times.since:
            return []
        if self._watch is not None:
            self._watch(finding, judged.event)
        if joining is not None and finding.rule.id in joining.silent:
            account.joined += 1
            return []
        account.hosts[finding.host] += 1
        return [finding] if self._counted(finding.rule, finding.verdict) else []

    def _joined_findings(self, found: Sequence[Finding]) -> list[Finding]:
        return [finding for finding in found if self._counted(finding.rule, finding.verdict)]

    def _counted(self, rule: RuleHeader, verdict: Verdict) -> bool:
        if verdict.decision == "alert":
            self.account.alerts[rule.level] += 1
        else:
            self.account.excluded[verdict.by or ""] += 1
        return True

    def _pieces(self, fates: Sequence[Fate]) -> list[Piece]:
        """What is to be asked: the whole window of each query but for what the journal has."""
        done: dict[str, list[Window]] = {}
        if self._journal is not None:
            numbers = {ask.key: number for number, ask in enumerate(self._asks)}
            for one in self._journal.done:
                number = numbers.get(one.ask)
                if number is not None:
                    done.setdefault(one.ask, []).append(one.window)
                    fates[number].answered += 1
                    self.account.resumed += 1
                    self._keep(number, one.rows, whole=True)
        return [
            Piece(number, window)
            for number, ask in enumerate(self._asks)
            for window in left(self._window, done.get(ask.key, ()))
            if not self._full(number)
        ]

    def _take(self, number: int, window: Window, rows: Sequence[Row], whole: bool) -> bool:
        """Read rows as they come, and put them down; tells whether more are wanted."""
        fate = self.account.fates[number]
        read: list[Seen] = []
        since, until = self._times.since - self._times.reach, self._times.until
        for row in rows:
            seen = self._readers[number].seen(row)
            if seen is None:
                fate.timeless += whole
            elif seen.time < since or (until is not None and seen.time >= until):
                fate.outside += whole
            else:
                read.append(seen)
        self._keep(number, read, whole=whole)
        if whole and self._journal is not None:
            self._journal.write(self._asks[number].key, window, read)
        return not self._full(number)

    def _keep(self, number: int, rows: Sequence[Seen], *, whole: bool) -> None:
        fate = self.account.fates[number]
        held = self._seen.setdefault(self._asks[number].rule.id, {})
        here: set[str] = set()
        for seen in rows:
            if seen.id in here:
                fate.twice += whole
                continue
            here.add(seen.id)
            if seen.id in held:
                continue
            if self._full(number):
                note = f"{self._asks[number].name}: more than {MAX_ROWS:,} rows, of which the others were left out"
                if note not in self.account.notes:
                    self.account.notes.append(note)
                    fate.gaps.append((self._window, f"more than {MAX_ROWS:,} rows; the others were left out"))
                return
            held[seen.id] = number, seen
            fate.rows += 1
            fate.cropped += bool(seen.cropped)

    def _full(self, number: int) -> bool:
        return len(self._seen.get(self._asks[number].rule.id, ())) >= MAX_ROWS

    def _close(self) -> None:
        account, asking = self.account, self._asking
        account.requests, account.throttled = asking.sent, asking.throttled
        account.waited = asking.pace.waited
        account.notes += asking.notes
        if asking.lost:
            account.notes.append(asking.lost)
        account.seconds = clock.monotonic() - self._started
        if self._journal is not None:
            self._journal.close()
