"""Filters within a rule: detections that its condition denies; whether they hide anything, or everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vedette.audit.logic.condition import Frame
from vedette.audit.logic.fault import Fault
from vedette.audit.logic.question import Asker, size
from vedette.predicate import FALSE, TRUE, Predicate, evaluate, negation
from vedette.predicate.solve import Outcome, Sat, Undecided, Unsat


def judge_filters(frame: Frame, whole: Outcome, asker: Asker) -> Iterator[Fault]:
    """What is wrong with the filters of a rule.

    Args:
        frame: the rule.
        whole: whether the rule itself can match.
        asker: the solver.
    """
    names = frame.having("denied")
    if isinstance(whole, Unsat):
        yield from _blinding(frame, names, asker)
        return
    gone: dict[str, Predicate] = {}
    alone: dict[str, Predicate] = dict.fromkeys(names, FALSE)
    held: list[tuple[str, Sat]] = []
    for name in names:
        # Without the other filters, so that what another one hides as well is not taken for what can't apply; and
        # with them, since of `not all of` each needs the others.
        outcome = effect(frame, name, alone, asker)
        if isinstance(outcome, Unsat):
            outcome = effect(frame, name, {}, asker)
        if isinstance(outcome, Unsat):
            gone[name] = FALSE
            why = f"no event that the rule would match without {name} meets it"
            yield Fault("inert-filter", frame.rule.id, why, name, proof=size(outcome))
        elif isinstance(outcome, Undecided):
            yield Fault("undecided", frame.rule.id, f"whether {name} can apply: {outcome.reason}", name)
        else:
            held.append((name, outcome))
    yield from _redundant(frame, held, gone, asker)


def effect(frame: Frame, name: str, instead: dict[str, Predicate], asker: Asker) -> Outcome:
    """An event on which a detection decides, if others are replaced: the rule differs if this one is turned.

    Args:
        frame: the rule.
        name: a detection that the conditions only ask for, or only deny.
        instead: what stands in the place of others.
        asker: the solver.

    Returns:
        `Sat` with an event on which the detection holds and turning it matters, or `Unsat`.
    """
    own = frame.rule.names[name]
    if_held, if_not = frame.filled({**instead, name: TRUE}), frame.filled({**instead, name: FALSE})
    asked = frame.standings[name] == "asked"
    more, less = (if_held, if_not) if asked else (if_not, if_held)
    return asker.ask(more, own, negation(less))


def _redundant(
    frame: Frame, held: Sequence[tuple[str, Sat]], gone: dict[str, Predicate], asker: Asker
) -> Iterator[Fault]:
    """Filters that can go since others hide the same; of equal ones the first stays."""
    if len(held) < 2:
        return
    for name, shown in reversed(held):
        # An event that the others leave says at once that this one is needed.
        if evaluate(frame.filled({**gone, name: FALSE}), shown.row, shown.raw):
            continue
        outcome = effect(frame, name, gone, asker)
        if isinstance(outcome, Unsat):
            gone[name] = FALSE
            why = f"whatever {name} hides, another filter of the rule hides too"
            yield Fault("redundant-filter", frame.rule.id, why, name, proof=size(outcome))
        elif isinstance(outcome, Undecided):
            yield Fault("undecided", frame.rule.id, f"whether {name} is needed: {outcome.reason}", name)


def _blinding(frame: Frame, names: Sequence[str], asker: Asker) -> Iterator[Fault]:
    """The filters but for which a rule that can't match could."""
    for name in names:
        left = frame.filled({name: FALSE})
        outcome = asker.ask(left)
        if isinstance(outcome, Sat):
            why = f"the rule could match without {name}, and with it can't"
            yield Fault("blinding-filter", frame.rule.id, why, name, witness=asker.witness(left))
        elif isinstance(outcome, Undecided):
            yield Fault("undecided", frame.rule.id, f"whether {name} hides all: {outcome.reason}", name)
