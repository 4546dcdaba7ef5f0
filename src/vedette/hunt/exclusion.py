"""Exclusions: Sigma filters read as what they silence, with who answers for them, for how long and where.

An exclusion never deletes a match. One that does not apply says so: it is expired, not for any rule, the wrong way
round, proved against another logic of its rule, or can never hold.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from vedette.errors import Location, RuleError
from vedette.predicate import FALSE, Glob, Predicate, Wild, evaluate, glob, holds, negation
from vedette.predicate.certain import certain
from vedette.sigma.filter import BLOCK, Filter
from vedette.sigma.rule import Rule

#: Why an exclusion does not apply.
Fault: TypeAlias = Literal["UNBOUND", "INVERTED", "EXPIRED", "STALE", "INERT", "ELSEWHERE"]
#: Grades of forging, hardest first.
Grade: TypeAlias = Literal["A", "B", "C", "D", "E", "F"]
#: Where exclusions can be enforced.
PLACES: Final = ("hunt", "asim", "xdr", "syslog")
_DAY: Final = 86_400
#: The last second that a calendar can tell.
_LAST: Final = 253_402_300_799.0


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where and when an exclusion holds.

    Attributes:
        hosts: patterns of host names; empty for all hosts.
        start: UTC epoch seconds from which events are covered, or None.
        end: UTC epoch seconds until which events are covered, or None.
    """

    hosts: tuple[Glob, ...] = ()
    start: float | None = None
    end: float | None = None

    def covers(self, host: str, time: float) -> bool:
        """Whether an event of a host at a time is inside; a host without a name is in no scope that names hosts."""
        if self.hosts and not (host and any(holds(pattern, host) for pattern in self.hosts)):
            return False
        return (self.start is None or time >= self.start) and (self.end is None or time < self.end)


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a recorded step must do to an exclusion.

    Attributes:
        recording: name of the recording, or `*` for all of the pack.
        step: name of the step, as its steps file has it.
        expect: `silenced`: it silences a match of the step; `alert`: it silences none.
    """

    recording: str
    step: str
    expect: Literal["silenced", "alert"]


class Exclusion(msgspec.Struct, frozen=True):
    """A filter as what it silences.

    Attributes:
        filter: the filter as loaded.
        silenced: holds on the events that it covers: the filter's condition fails, whatever absent fields hold.
        scenario: the everyday work that it is for.
        owner: who answers for it.
        reason: why it is right.
        ticket: where that was decided.
        expires: UTC epoch seconds from which it does not apply, or None.
        scope: where and when it holds.
        enforce: the places in which it is meant to be enforced.
        floor: the worst grade of forging with which it is still accepted.
        narrowing: its condition says what still fires, and is meant to.
        cases: recorded steps that show it.
        proved: rule id to the digest of the logic against which it was proved.
    """

    filter: Filter
    silenced: Predicate
    scenario: str
    owner: str
    reason: str
    ticket: str
    expires: float | None
    scope: Scope
    enforce: tuple[str, ...]
    floor: Grade
    narrowing: bool
    cases: tuple[Case, ...]
    proved: dict[str, str]

    @property
    def id(self) -> str:
        """The filter's."""
        return self.filter.id


class SetAside(msgspec.Struct, frozen=True):
    """An exclusion that does not apply, and why."""

    exclusion: Exclusion
    fault: Fault
    why: str

    def __str__(self) -> str:
        """One line: where it stands, its title, the fault and the reason."""
        kept = self.exclusion.filter
        return f"{kept.location}: exclusion {kept.title!r} is not applied: {self.fault}: {self.why}"


@dataclasses.dataclass(frozen=True)
class Exclusions:
    """All exclusions of a hunt, judged.

    Attributes:
        bound: rule id to the exclusions that apply to it, in the order in which they were loaded.
        aside: those that do not apply.
        problems: filters whose own block can't be read; they do not apply either.
        notes: references to rules that are not there, of exclusions that apply to others.
    """

    bound: dict[str, tuple[Exclusion, ...]]
    aside: tuple[SetAside, ...]
    problems: tuple[RuleError, ...]
    notes: tuple[str, ...]


class _Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hosts: list[str] | str = []
    start: str = msgspec.field(default="", name="from")
    until: str = ""


class _Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Our block as a filter has it."""

    scenario: str = ""
    owner: str = ""
    reason: str = ""
    ticket: str | int = ""
    expires: str = ""
    scope: _Window = _Window()
    enforce: tuple[Literal["hunt", "asim", "xdr", "syslog"], ...] = PLACES
    floor: Grade = "B"
    narrowing: bool = False
    cases: tuple[Case, ...] = ()
    proved: dict[str, str] = {}
    source: str = ""
    wording: str = ""
    decision: str = ""
    mapping: list[Any] = []


def read_exclusion(kept: Filter) -> Exclusion:
    """A filter as an exclusion.

    Raises:
        RuleError: its own block holds what can't be read.
    """
    try:
        block = msgspec.convert(kept.block, _Block)
    except msgspec.ValidationError as error:
        raise _fault(kept, str(error)) from None
    hosts = [block.scope.hosts] if isinstance(block.scope.hosts, str) else block.scope.hosts
    scope = Scope(
        tuple(_host(name) for name in hosts),
        _moment(kept, "scope.from", block.scope.start, end=False),
        _moment(kept, "scope.until", block.scope.until, end=True),
    )
    if scope.start is not None and scope.end is not None and scope.end <= scope.start:
        raise _fault(kept, "scope.until is not after scope.from, so no event can lie between them")
    return Exclusion(
        kept,
        certain(negation(kept.condition)),
        block.scenario or kept.title,
        block.owner,
        block.reason or kept.description or kept.title,
        str(block.ticket),
        _moment(kept, "expires", block.expires, end=True),
        scope,
        block.enforce,
        block.floor,
        block.narrowing,
        block.cases,
        {name.strip().lower(): digest for name, digest in block.proved.items()},
    )


def judge(filters: Sequence[Filter], rules: Sequence[Rule], *, now: float, place: str = "hunt") -> Exclusions:
    """Which exclusions apply to which rules, and why the others don't.

    Args:
        filters: as loaded.
        rules: the rules of the hunt.
        now: UTC epoch seconds, to which expiry is held.
        place: one of `PLACES`: where they are to be enforced.
    """
    bound: dict[str, list[Exclusion]] = {}
    aside: list[SetAside] = []
    problems: list[RuleError] = []
    notes: list[str] = []
    known = _by_reference(rules)
    for kept in filters:
        try:
            exclusion = read_exclusion(kept)
        except RuleError as error:
            problems.append(error)
            continue
        fault = fault_of(exclusion, now=now, place=place)
        if fault is None:
            chosen, missing = _chosen(kept, known, rules)
            stale = [rule for rule in chosen if exclusion.proved.get(rule.id, rule.digest) != rule.digest]
            if not chosen:
                fault = SetAside(exclusion, "UNBOUND", _unbound(kept, known))
            elif stale:
                names = ", ".join(rule.title for rule in stale[:3])
                fault = SetAside(exclusion, "STALE", f"the logic of {names} is not the one that it was proved against")
            else:
                notes += _astray(exclusion, missing, chosen)
        if fault is not None:
            aside.append(fault)
            continue
        for rule in chosen:
            bound.setdefault(rule.id, []).append(exclusion)
    return Exclusions(
        {name: tuple(found) for name, found in bound.items()}, tuple(aside), tuple(problems), tuple(notes)
    )


def fault_of(exclusion: Exclusion, *, now: float, place: str) -> SetAside | None:
    """What keeps an exclusion from applying to any rule at all, or None."""
    kept = exclusion.filter
    if inverted(exclusion):
        why = (
            f"its condition asks {', '.join(kept.affirmed)} to hold, so everything else would be silenced; write "
            "`not` before it, or `narrowing: true` if only that is to fire"
        )
        return SetAside(exclusion, "INVERTED", why)
    if exclusion.silenced == FALSE:
        return SetAside(
            exclusion, "INERT", "it asks for absent fields, and what hangs on an absent field is not excluded"
        )
    if exclusion.expires is not None and now >= exclusion.expires:
        return SetAside(exclusion, "EXPIRED", f"since {_told(exclusion.expires)}")
    if place not in exclusion.enforce:
        return SetAside(exclusion, "ELSEWHERE", f"it is meant for {', '.join(exclusion.enforce) or 'nowhere'}")
    return None


def inverted(exclusion: Exclusion) -> bool:
    """Whether the filter narrows its rule to what it names, without saying that it means to.

    That is so if its condition asks a detection to hold and would silence an event of which nothing is known.
    """
    kept = exclusion.filter
    return not exclusion.narrowing and bool(kept.affirmed) and not evaluate(kept.condition, {}, "")


def _by_reference(rules: Sequence[Rule]) -> dict[str, Rule]:
    known: dict[str, Rule] = {}
    for rule in rules:
        for reference in (rule.id, rule.name):
            if reference:
                known.setdefault(reference.lower(), rule)
    return known


def _chosen(kept: Filter, known: Mapping[str, Rule], rules: Sequence[Rule]) -> tuple[list[Rule], list[str]]:
    """The rules that a filter is for, and the references that lead nowhere."""
    if not kept.rules:
        return [rule for rule in rules if kept.logsource.covers(rule.logsource)], []
    found = [(reference, known.get(reference)) for reference in kept.rules]
    chosen = {rule.id: rule for _, rule in found if rule is not None and kept.logsource.covers(rule.logsource)}
    missing = [reference for reference, rule in found if rule is None or rule.id not in chosen]
    return list(chosen.values()), missing


def _astray(exclusion: Exclusion, missing: Sequence[str], chosen: Sequence[Rule]) -> list[str]:
    """What it names in vain: rules that are not here, and pins that hold nothing."""
    kept = exclusion.filter
    where = f"{kept.location}: exclusion {kept.title!r}"
    notes = [f"{where}: no rule here is {', '.join(missing[:3])}"] if missing else []
    loose = sorted(exclusion.proved.keys() - {rule.id for rule in chosen} - {*missing})
    if loose:
        notes.append(f"{where}: `proved` names {', '.join(loose[:3])}, which is the id of none of its rules here")
    return notes


def _unbound(kept: Filter, known: Mapping[str, Rule]) -> str:
    elsewhere = [rule for reference in kept.rules if (rule := known.get(reference)) is not None]
    if elsewhere:
        rule = elsewhere[0]
        return f"its log source {kept.logsource} does not cover that of {rule.title!r}, {rule.logsource}"
    if kept.rules:
        return f"none of the rules here is {', '.join(kept.rules[:3])}"
    return f"none of the rules here has a log source within {kept.logsource}"


def _host(name: str) -> Glob:
    return glob(Wild.ANY if part == "*" else part for part in re.split(r"(\*)", name))


def _moment(kept: Filter, key: str, written: str, *, end: bool) -> float | None:
    """UTC epoch seconds; a date alone is its first moment, or where it ends something the first of the next day."""
    if not written:
        return None
    try:
        moment = dt.datetime.fromisoformat(written)
        # An offset may lead out of the years that a calendar can tell.
        moment = moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        raise _fault(kept, f"{key} is no date or time: {written!r}; write 2027-06-30 or 2027-06-30T04:00Z") from None
    return min(moment.timestamp() + _DAY, _LAST) if end and _is_date(written) else moment.timestamp()


def _is_date(written: str) -> bool:
    """Whether it says no time of day, in whichever of ISO's forms."""
    try:
        dt.date.fromisoformat(written)
    except ValueError:
        return False
    return True


def _told(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None).isoformat(timespec="minutes") + "Z"


def _fault(kept: Filter, cause: str) -> RuleError:
    place: Location = kept.location
    return RuleError(f"exclusion {kept.title!r}: `{BLOCK}`: {cause}", place, code="exclusion")
