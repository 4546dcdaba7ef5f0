"""The account of a hunt in a workspace in words: what was asked, what was answered, and, loudly, what was not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from vedette.sentinel.hunting.fate import Fate, State
from vedette.sentinel.hunting.hunting import Account

#: Rules, hosts and reasons that are named before "and N more".
SHOWN: Final = 8
_WORDS: Final[dict[State, str]] = {
    "ran": "answered whole",
    "partial": "answered in part",
    "missing": "without a table",
    "failed": "failed",
    "unasked": "not asked",
    "refused": "refused",
}


class Line(NamedTuple):
    """One line of the account.

    Attributes:
        label: what it is about.
        text: as it is; whoever prints it makes it printable.
        loud: something is wrong, or was not looked at.
    """

    label: str
    text: str
    loud: bool = False


def lines(account: Account) -> Iterator[Line]:
    """The account line by line; the last one is the result."""
    fates = account.fates
    proof = "accepted by Microsoft's parser" if account.proved else "unproved, without Microsoft's parser"
    yield Line("asked", f"workspace {account.workspace}, {account.target}, rows received in {account.window}; {proof}")
    yield from _hosts(account)
    states = Counter(fate.state for fate in fates)
    told = ", ".join(f"{states[state]:,} {words}" for state, words in _WORDS.items() if states[state])
    below = f"; {account.below:,} below the asked level did not run" if account.below else ""
    yield Line("rules", f"{_number(len(fates), 'query', 'queries')}: {told or 'none'}{below}", not account.whole)
    for state in ("refused", "missing", "failed", "partial", "unasked"):
        yield from _named(state, [fate for fate in fates if fate.state == state])
    yield Line("rows", _rows(fates), any(fate.timeless or fate.cropped for fate in fates))
    unconfirmed = [fate for fate in fates if fate.unconfirmed]
    for fate in unconfirmed[:SHOWN]:
        rows = _number(fate.unconfirmed, "row")
        yield Line("unread", f"{fate.title}: on {rows} the query holds, and the rule not as they were read back", True)
    ruled_out = [fate for fate in fates if fate.ruled_out]
    for fate in ruled_out[:SHOWN]:
        rows = _number(fate.ruled_out, "row")
        yield Line("ruled out", f"{fate.title}: {rows}, by fields of the row that the query can't see")
    if account.joined:
        yield Line(
            "joined", f"{_number(account.joined, 'match', 'matches')} of rules that are only part of correlations"
        )
    if account.excluded:
        by = ", ".join(f"{count:,} by {name}" for name, count in account.excluded.most_common())
        yield Line("excluded", f"{_number(account.excluded.total(), 'finding')}: {by}")
    for note in account.notes:
        yield Line("note", note, True)
    yield Line("took", _effort(account))
    if account.interrupted:
        yield Line("stopped", "interrupted: nothing is said about what was not asked", True)
    yield _result(account)


def _hosts(account: Account) -> Iterator[Line]:
    if not account.hosts:
        return
    told = [f"{name or '(no name)'} ({count:,})" for name, count in account.hosts.most_common(SHOWN)]
    more = len(account.hosts) - len(told)
    yield Line("hosts", ", ".join(told) + (f", and {more:,} more" if more else ""))


def _named(state: State, fates: Sequence[Fate]) -> Iterator[Line]:
    if state == "missing":
        # One table that is not there is one cause, however many rules ask for it.
        names = Counter(fate.missing for fate in fates)
        for name, count in names.most_common(SHOWN):
            yield Line("missing", f"the workspace has no {name}: {_number(count, 'query', 'queries')}", True)
        return
    for fate in fates[:SHOWN]:
        yield Line(state, f"{fate.title}: {fate.why}", True)
    if len(fates) > SHOWN:
        yield Line(state, f"and {len(fates) - SHOWN:,} more", True)


def _rows(fates: Sequence[Fate]) -> str:
    told = [f"{sum(fate.rows for fate in fates):,} read"]
    for name, what in (
        ("twice", "came twice"),
        ("outside", "of events outside the asked time"),
        ("timeless", "without a time, left out"),
        ("cropped", "with text that was cut"),
    ):
        count = sum(getattr(fate, name) for fate in fates)
        if count:
            told.append(f"{count:,} {what}")
    return ", ".join(told)


def _effort(account: Account) -> str:
    told = [f"{account.seconds:,.1f} s, {_number(account.requests, 'request')}"]
    split = sum(fate.split for fate in account.fates)
    if split:
        told.append(f"windows halved {split:,} times")
    if account.throttled:
        told.append(f"{_number(account.throttled, 'answer')} asked to wait, {account.waited:,.0f} s waited")
    if account.resumed:
        told.append(f"{_number(account.resumed, 'piece')} taken from the journal")
    return ", ".join(told)


def _result(account: Account) -> Line:
    found = account.alerts.total()
    if found:
        levels = ", ".join(f"{count:,} {level}" for level, count in account.alerts.most_common())
        return Line("found", f"{_number(found, 'finding')}: {levels}")
    if not account.answered:
        return Line("found", "nothing, and nothing could have been found: no rule was answered", True)
    ran = sum(fate.state == "ran" for fate in account.fates)
    return Line("found", f"nothing in what was answered: {_number(ran, 'query', 'queries')} whole")


def _number(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"
