"""All rules of a set, judged: the faults, and what that cost."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from vedette.audit.logic.condition import Frame
from vedette.audit.logic.detections import judge_detections
from vedette.audit.logic.fault import KINDS, Fault
from vedette.audit.logic.filters import judge_filters
from vedette.audit.logic.pairs import judge_pairs
from vedette.audit.logic.question import Asker, size
from vedette.audit.logic.values import judge_values
from vedette.audit.reach import Witness
from vedette.predicate import atoms, evaluate, negation
from vedette.predicate.solve import Limit, Outcome, Sat, Undecided, Unsat
from vedette.sigma.rule import Rule

OnRule = Callable[[int, int], None]
#: Patterns of a rule times its detections: beyond it a rule is judged as a whole and not part by part.
MAX_PARTS: Final = 2_000_000
_WORST_FIRST: Final = {kind: place for place, kind in enumerate(KINDS)}


class Phase(msgspec.Struct, frozen=True):
    """What one kind of questions cost.

    Attributes:
        seconds: of one processor in all, the work around the questions included.
        questions: how many were asked.
        median: seconds of the median question, the replay of its proof included; 0 without any.
        p99: seconds within which 99 of 100 were answered.
        longest: seconds of the longest.
        outcomes: `sat`, `unsat`, `undecided` to how often.
    """

    seconds: float
    questions: int
    median: float
    p99: float
    longest: float
    outcomes: dict[str, int]


class Judged(msgspec.Struct, frozen=True):
    """What came of a set of rules.

    Attributes:
        rules: all that were judged.
        filters: detections that conditions deny: all of them, how many rules have one, and how many are named filters.
        standings: what conditions do with detections, to how often.
        faults: the worst first, then in the order of the rules.
        phases: `rules`, `filters`, `detections`, `values`, `pairs` (if asked for) to their cost.
    """

    rules: tuple[Rule, ...]
    filters: dict[str, int]
    standings: dict[str, int]
    faults: tuple[Fault, ...]
    phases: dict[str, Phase]

    def count(self) -> dict[str, int]:
        """Each kind of fault to how many there are."""
        found = Counter(fault.kind for fault in self.faults)
        return {kind: found[kind] for kind in KINDS}


class _Clock:
    """Time and questions of one phase."""

    def __init__(self, limit: Limit | None) -> None:
        self.asker = Asker(limit)
        self.seconds = 0.0
        self._since = 0.0

    def __enter__(self) -> Asker:
        self._since = time.thread_time()
        return self.asker

    def __exit__(self, *_: object) -> None:
        self.seconds += time.thread_time() - self._since

    def phase(self) -> Phase:
        took = sorted(self.asker.seconds) or [0.0]
        return Phase(
            self.seconds,
            len(self.asker.seconds),
            took[len(took) // 2],
            took[len(took) * 99 // 100],
            took[-1],
            dict(sorted(self.asker.outcomes.items())),
        )


def judge(
    rules: Sequence[Rule], *, duplicates: bool = True, limit: Limit | None = None, on_rule: OnRule | None = None
) -> Judged:
    """Judge the logic of rules.

    Args:
        rules: as loaded; ids are unique.
        duplicates: look for rules that are equal to or implied by another one of the set too.
        limit: what one question may cost.
        on_rule: called with rules done and rules in all.
    """
    clocks = {name: _Clock(limit) for name in ("rules", "filters", "detections", "values")}
    faults: list[Fault] = []
    witnesses: dict[str, Witness] = {}
    standings: Counter[str] = Counter()
    filters: Counter[str] = Counter(all=0, rules=0, named=0)
    for done, rule in enumerate(rules):
        if on_rule is not None:
            on_rule(done, len(rules))
        frame = Frame(rule)
        standings.update(frame.standings.values())
        denied = frame.having("denied")
        filters.update(
            {"all": len(denied), "rules": bool(denied), "named": sum(n.lower().startswith("filter") for n in denied)}
        )
        with clocks["rules"] as asker:
            whole = asker.ask(rule.predicate)
            faults += _whole(rule, whole, asker)
        if isinstance(whole, Sat):
            witnesses[rule.id] = Witness(dict(whole.row), whole.raw)
        patterns = sum(1 for _ in atoms(rule.predicate))
        if patterns * len(rule.names) > MAX_PARTS:
            why = f"what its parts do: {patterns:,} patterns in {len(rule.names):,} detections are too many"
            faults.append(Fault("undecided", rule.id, why))
            continue
        with clocks["filters"] as asker:
            faults += judge_filters(frame, whole, asker)
        if isinstance(whole, Sat):
            with clocks["detections"] as asker:
                faults += judge_detections(frame, asker)
        with clocks["values"] as asker:
            faults += judge_values(rule, asker)
    if duplicates:
        clocks["pairs"] = _Clock(limit)
        with clocks["pairs"] as asker:
            faults += judge_pairs(rules, witnesses, asker)
    if on_rule is not None:
        on_rule(len(rules), len(rules))
    order = {rule.id: place for place, rule in enumerate(rules)}
    return Judged(
        tuple(rules),
        dict(filters),
        dict(sorted(standings.items())),
        tuple(sorted(faults, key=lambda fault: (_WORST_FIRST[fault.kind], order[fault.rule]))),
        {name: clock.phase() for name, clock in clocks.items()},
    )


def _whole(rule: Rule, whole: Outcome, asker: Asker) -> Iterator[Fault]:
    """A rule that can never match, or always does."""
    if isinstance(whole, Unsat):
        yield Fault("dead-rule", rule.id, "no event meets its condition", proof=size(whole))
        return
    if isinstance(whole, Undecided):
        yield Fault("undecided", rule.id, f"whether it can match: {whole.reason}")
    # Most rules fail on the event that says nothing; that is answer enough.
    if not evaluate(rule.predicate, {}, ""):
        return
    missed = asker.ask(negation(rule.predicate))
    if isinstance(missed, Unsat):
        yield Fault("certain-rule", rule.id, "every event meets its condition", proof=size(missed))
    elif isinstance(missed, Undecided):
        yield Fault("undecided", rule.id, f"whether it always matches: {missed.reason}")
