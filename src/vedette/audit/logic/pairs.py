"""Rules of a set that mean the same, or of which one matches all that another one does.

Not every pair is asked. Each rule has a witness, an event that it matches; a rule that another one implies must match
that one's witness, and an index tells which can. What is left is asked, and each answer of no is a further witness.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from vedette.audit.logic.fault import Fault
from vedette.audit.logic.index import Index
from vedette.audit.logic.question import Asker, difference, size
from vedette.audit.reach import Witness
from vedette.event import LogSource
from vedette.predicate import evaluate
from vedette.predicate.solve import Sat, Undecided, Unsat
from vedette.sigma.rule import Rule

#: So many rules are asked about for one; a set that needs more is not what this is for.
MAX_ASKED: Final = 300


def judge_pairs(rules: Sequence[Rule], witnesses: Mapping[str, Witness], asker: Asker) -> Iterator[Fault]:
    """Pairs of rules one of which implies the other, where the other is for all events of its log source.

    Args:
        rules: all of the set.
        witnesses: id of a rule to an event that it matches; a rule without one is left out.
        asker: the solver.
    """
    numbered = {number: rule for number, rule in enumerate(rules) if rule.id in witnesses}
    by_source: dict[LogSource, list[int]] = defaultdict(list)
    for number, rule in numbered.items():
        by_source[rule.logsource].append(number)
    indices = {
        source: Index({number: numbered[number].predicate for number in numbers})
        for source, numbers in by_source.items()
    }
    wider = {source: [index for other, index in indices.items() if other.covers(source)] for source in by_source}
    found: dict[tuple[int, int], Unsat] = {}
    for number, rule in numbered.items():
        for other, outcome in implied(rule, witnesses[rule.id], wider[rule.logsource], numbered, asker):
            if isinstance(outcome, Unsat):
                found[number, other] = outcome
            else:
                yield _undecided(rule, numbered[other], outcome)
    for (number, other), outcome in found.items():
        rule, second = numbered[number], numbered[other]
        if (other, number) not in found:
            why = (
                f"of level {rule.level}: every event that it matches, {second.title!r} of level {second.level} does too"
            )
            more = asker.witness(difference(second.predicate, rule.predicate))
            yield Fault("implied-rule", rule.id, why, other=second.id, witness=more, proof=size(outcome))
        elif number < other:
            why = f"it matches the same events as {second.title!r}"
            yield Fault("equal-rules", rule.id, why, other=second.id, proof=size(outcome))


def implied(
    rule: Rule, witness: Witness, indices: Sequence[Index], numbered: Mapping[int, Rule], asker: Asker
) -> Iterator[tuple[int, Unsat | Undecided]]:
    """The rules that a rule implies, or may.

    Args:
        rule: what is asked about.
        witness: an event that it matches.
        indices: of rules by their numbers.
        numbered: those rules of them that may be named.
        asker: the solver.
    """
    shown = [witness]
    asked = 0
    for index in indices:
        for other in index.candidates(witness):
            second = numbered.get(other)
            if second is None or second is rule:
                continue
            if not all(evaluate(second.predicate, event.values, event.raw) for event in shown):
                continue
            if asked == MAX_ASKED:
                yield other, Undecided(f"{MAX_ASKED} other rules were asked about")
                return
            asked += 1
            outcome = asker.implies(rule.predicate, second.predicate)
            if isinstance(outcome, Sat):
                shown.append(Witness(dict(outcome.row), outcome.raw))
            else:
                yield other, outcome


def _undecided(rule: Rule, second: Rule, outcome: Undecided) -> Fault:
    why = f"whether it implies {second.title!r}: {outcome.reason}"
    return Fault("undecided", rule.id, why, other=second.id)
