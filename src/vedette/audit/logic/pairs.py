"""Rules of a set that mean the same, or of which one matches all that another one does.

Not every pair is asked. Each rule has a witness, an event that it matches; a rule that another one implies must match
that one's witness, and an index tells which can. What is left is asked, and each answer of no is a further witness.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from vedette.audit.logic.fault import Fault
from vedette.audit.logic.index import Index
from vedette.audit.logic.question import Asker, size
from vedette.audit.reach import Witness
from vedette.event import LogSource
from vedette.predicate import evaluate, negation
from vedette.predicate.solve import Sat, Undecided, Unsat
from vedette.sigma.rule import Rule


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
    implied: dict[tuple[int, int], Unsat] = {}
    for number, rule in numbered.items():
        shown = [witnesses[rule.id]]
        for index in wider[rule.logsource]:
            for other in index.candidates(shown[0]):
                if other == number:
                    continue
                second = numbered[other]
                if not all(evaluate(second.predicate, event.values, event.raw) for event in shown):
                    continue
                outcome = asker.implies(rule.predicate, second.predicate)
                if isinstance(outcome, Unsat):
                    implied[number, other] = outcome
                elif isinstance(outcome, Sat):
                    shown.append(Witness(dict(outcome.row), outcome.raw))
                else:
                    yield _undecided(rule, second, outcome)
    for (number, other), outcome in implied.items():
        rule, second = numbered[number], numbered[other]
        if (other, number) not in implied:
            why = (
                f"of level {rule.level}: every event that it matches, {second.title!r} of level {second.level} does too"
            )
            more = asker.witness(second.predicate, negation(rule.predicate))
            yield Fault("implied-rule", rule.id, why, other=second.id, witness=more, proof=size(outcome))
        elif number < other:
            why = f"it matches the same events as {second.title!r}"
            yield Fault("equal-rules", rule.id, why, other=second.id, proof=size(outcome))


def _undecided(rule: Rule, second: Rule, outcome: Undecided) -> Fault:
    why = f"whether it implies {second.title!r}: {outcome.reason}"
    return Fault("undecided", rule.id, why, other=second.id)
