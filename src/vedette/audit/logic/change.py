"""Two editions of a set of rules: what the new one matches that the old one did not, and what it misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.audit.logic.fault import Size
from vedette.audit.logic.index import Index
from vedette.audit.logic.pairs import implied
from vedette.audit.logic.question import Asker, difference, size
from vedette.audit.reach import Witness
from vedette.errors import RuleError
from vedette.hunt.exclusion import Exclusion, read_exclusion
from vedette.predicate.solve import Limit, Sat, Undecided, Unsat
from vedette.sigma.filter import Filter
from vedette.sigma.rule import Rule

#: `unchanged`: the same logic tree; `equivalent`: another tree, proved to mean the same; `widened`, `narrowed`: it
#: matches more, or less; `shifted`: it matches some that it did not, and misses some that it did.
Verdict: TypeAlias = Literal[
    "removed", "shifted", "narrowed", "undecided", "widened", "equivalent", "added", "unchanged"
]
VERDICTS: Final[tuple[Verdict, ...]] = (
    "removed",
    "shifted",
    "narrowed",
    "undecided",
    "widened",
    "equivalent",
    "added",
    "unchanged",
)
OnRule = Callable[[int, int], None]


class Change(msgspec.Struct, frozen=True):
    """What became of one rule.

    Attributes:
        verdict: see `Verdict`.
        old: the rule as it was, or None.
        new: the rule as it is, or None.
        by: how the two were found to be one rule: `id`, `title` or `file`.
        gained: the smallest event found that only the new one matches, or None.
        missed: the smallest event found that only the old one matches, or None.
        widens: the proof that the new one matches all that the old one does, or None.
        narrows: the proof that the old one matches all that the new one does, or None.
        why: the reason of `undecided`.
        instead: of a removed rule: a rule of the new edition that matches all that it did, or None.
    """

    verdict: Verdict
    old: Rule | None
    new: Rule | None
    by: str = ""
    gained: Witness | None = None
    missed: Witness | None = None
    widens: Size | None = None
    narrows: Size | None = None
    why: str = ""
    instead: Rule | None = None

    @property
    def rule(self) -> Rule:
        """The new rule, or the old one where it is gone."""
        rule = self.new or self.old
        assert rule is not None
        return rule

    @property
    def turned(self) -> dict[str, tuple[str, str]]:
        """What else changed of what decides over alerts: `id`, `level`, `status`, `logsource`, each old and new."""
        if self.old is None or self.new is None:
            return {}
        pairs = {
            name: (str(getattr(self.old, name)), str(getattr(self.new, name)))
            for name in ("id", "level", "status", "logsource")
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    @property
    def misses(self) -> bool:
        """Whether something that the old rule matched may be missed now."""
        if self.verdict == "removed":
            return self.instead is None
        if self.verdict in ("narrowed", "shifted", "undecided"):
            return True
        return self.old is not None and self.new is not None and not self.new.logsource.covers(self.old.logsource)


class Reopened(msgspec.Struct, frozen=True):
    """An exclusion that the change of a rule calls into question.

    Attributes:
        exclusion: the exclusion.
        fault: `STALE`: it pins logic that the rule has no more; `UNBOUND`: its rule is gone; `UNPINNED`: its rule's
            logic changed, and it does not say against which it was proved.
        rule: id of the rule.
        why: one sentence.
    """

    exclusion: Exclusion
    fault: Literal["STALE", "UNBOUND", "UNPINNED"]
    rule: str
    why: str


class Changes(msgspec.Struct, frozen=True):
    """All changes between two editions.

    Attributes:
        changes: those that miss something first, then in the order of the rules.
        reopened: exclusions that need a new audit.
        problems: exclusions that can't be read.
        questions: how many the solver was asked.
        seconds: of one processor, for these.
    """

    changes: tuple[Change, ...]
    reopened: tuple[Reopened, ...]
    problems: tuple[RuleError, ...]
    questions: int
    seconds: float

    def count(self) -> dict[str, int]:
        """Each verdict to how many rules have it."""
        found = Counter(change.verdict for change in self.changes)
        return {verdict: found[verdict] for verdict in VERDICTS}


def compare(
    old: Sequence[Rule],
    new: Sequence[Rule],
    filters: Sequence[Filter] = (),
    *,
    limit: Limit | None = None,
    on_rule: OnRule | None = None,
) -> Changes:
    """Compare two editions of a set of rules.

    Args:
        old: the rules as they were.
        new: the rules as they are.
        filters: the exclusions that apply to them.
        limit: what one question to the solver may cost.
        on_rule: called with rules done and rules in all.
    """
    asker = Asker(limit)
    pairs = list(_paired(old, new))
    changes = []
    for done, (one, other, by) in enumerate(pairs):
        if on_rule is not None:
            on_rule(done, len(pairs))
        changes.append(_change(one, other, by, asker))
    changes = _replaced(changes, new, asker)
    order = {verdict: place for place, verdict in enumerate(VERDICTS)}
    reopened: list[Reopened] = []
    problems: list[RuleError] = []
    for kept in filters:
        try:
            exclusion = read_exclusion(kept)
        except RuleError as error:
            problems.append(error)
            continue
        reopened += _reopened(exclusion, changes)
    return Changes(
        tuple(sorted(changes, key=lambda change: order[change.verdict])),
        tuple(reopened),
        tuple(problems),
        len(asker.seconds),
        sum(asker.seconds),
    )


def _paired(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[tuple[Rule | None, Rule | None, str]]:
    """Rules that are one in both editions: by id, else by a title, else by a file's name that no other rule has."""
    left = {rule.id: rule for rule in old}
    right = {rule.id: rule for rule in new}
    found: dict[str, tuple[Rule, str]] = {identity: (left[identity], "id") for identity in right if identity in left}
    for by, key in (("title", _title), ("file", _file)):
        matched = {one.id for one, _ in found.values()}
        gone = _unique([rule for rule in old if rule.id not in matched], key)
        for name, rule in _unique([rule for rule in new if rule.id not in found], key).items():
            if name in gone:
                found[rule.id] = gone[name], by
    matched = {one.id for one, _ in found.values()}
    for rule in new:
        one, by = found.get(rule.id, (None, ""))
        yield one, rule, by
    yield from ((rule, None, "") for rule in old if rule.id not in matched)


def _title(rule: Rule) -> str:
    return rule.title.lower()


def _file(rule: Rule) -> str:
    return PurePath(rule.location.path).name


def _unique(rules: Sequence[Rule], key: Callable[[Rule], str]) -> dict[str, Rule]:
    counts = Counter(map(key, rules))
    return {key(rule): rule for rule in rules if counts[key(rule)] == 1}


def _change(old: Rule | None, new: Rule | None, by: str, asker: Asker) -> Change:
    if old is None or new is None:
        return Change("added" if old is None else "removed", old, new)
    if old.digest == new.digest:
        return Change("unchanged", old, new, by)
    gained = asker.implies(new.predicate, old.predicate)
    missed = asker.implies(old.predicate, new.predicate)
    undecided = [outcome.reason for outcome in (gained, missed) if isinstance(outcome, Undecided)]
    verdicts: dict[tuple[bool, bool], Verdict] = {
        (False, False): "equivalent",
        (True, False): "widened",
        (False, True): "narrowed",
        (True, True): "shifted",
    }
    return Change(
        "undecided" if undecided else verdicts[isinstance(gained, Sat), isinstance(missed, Sat)],
        old,
        new,
        by,
        asker.witness(difference(new.predicate, old.predicate)) if isinstance(gained, Sat) else None,
        asker.witness(difference(old.predicate, new.predicate)) if isinstance(missed, Sat) else None,
        size(missed) if isinstance(missed, Unsat) else None,
        size(gained) if isinstance(gained, Unsat) else None,
        "; ".join(undecided),
    )


def _replaced(changes: Sequence[Change], new: Sequence[Rule], asker: Asker) -> list[Change]:
    """The changes, those of removed rules with the rule that does their work now."""
    if not any(change.new is None for change in changes):
        return list(changes)
    numbered = dict(enumerate(new))
    index = Index({number: rule.predicate for number, rule in numbered.items()})
    return [
        msgspec.structs.replace(change, instead=_instead(change.old, index, numbered, asker))
        if change.old is not None and change.new is None
        else change
        for change in changes
    ]


def _instead(old: Rule, index: Index, numbered: Mapping[int, Rule], asker: Asker) -> Rule | None:
    outcome = asker.ask(old.predicate)
    if not isinstance(outcome, Sat):
        return None
    witness = Witness(dict(outcome.row), outcome.raw)
    wider = {number: rule for number, rule in numbered.items() if rule.logsource.covers(old.logsource)}
    found = (other for other, answer in implied(old, witness, [index], wider, asker) if isinstance(answer, Unsat))
    return next((numbered[other] for other in found), None)


def _reopened(exclusion: Exclusion, changes: Sequence[Change]) -> Iterator[Reopened]:
    asked = exclusion.filter.rules
    for change in changes:
        old, new = change.old, change.new
        if old is None:
            continue
        pinned = exclusion.proved.get(old.id)
        named = bool({old.id.lower(), old.name.lower()} & set(asked)) or pinned is not None
        if not named and (asked or not exclusion.filter.logsource.covers(old.logsource)):
            continue
        if new is None:
            if named:
                yield Reopened(exclusion, "UNBOUND", old.id, f"{old.title} is gone")
            continue
        if new.id != old.id and named:
            yield Reopened(exclusion, "UNBOUND", old.id, f"{old.title} has the id {new.id} now")
        elif pinned is not None and pinned != new.digest:
            same = change.verdict == "equivalent" and pinned == old.digest
            told = "means the same as before: only the pin is to be renewed" if same else f"is {change.verdict}"
            yield Reopened(exclusion, "STALE", old.id, f"{old.title} {told}")
        elif pinned is None and change.verdict not in ("unchanged", "equivalent"):
            yield Reopened(exclusion, "UNPINNED", old.id, f"{old.title} is {change.verdict}")
