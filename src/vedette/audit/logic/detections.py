"""Detections that a rule asks for and that decide nothing: alternatives or demands that others imply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vedette.audit.logic.condition import Frame
from vedette.audit.logic.fault import Fault
from vedette.audit.logic.filters import effect
from vedette.audit.logic.question import Asker, size
from vedette.predicate import FALSE, TRUE, Predicate, negation
from vedette.predicate.solve import Outcome, Undecided, Unsat

_FILTER: Final = "filter"


def judge_detections(frame: Frame, asker: Asker) -> Iterator[Fault]:
    """What is wrong with the detections that a rule which can match asks for."""
    names = frame.having("asked")
    for name in names:
        if name.lower().startswith(_FILTER):
            why = f"{name} is named like a filter, and the condition asks it to hold"
            yield Fault("filter-as-selection", frame.rule.id, why, name)
    if len(names) < 2:
        return
    kept: dict[str, Predicate] = {}
    for name in reversed(names):
        for value in (FALSE, TRUE):
            turned = frame.filled({**kept, name: value})
            # Nothing to find out where the rule hangs on this detection alone.
            if turned == value:
                continue
            outcome = _needed(frame, name, value, kept, asker)
            if isinstance(outcome, Unsat):
                kept[name] = value
                why = (
                    f"whatever {name} lets the rule match, it matches by another detection too"
                    if value == FALSE
                    else f"whatever meets the other detections meets {name} too"
                )
                yield Fault("redundant-detection", frame.rule.id, why, name, proof=size(outcome))
                break
            if isinstance(outcome, Undecided):
                yield Fault("undecided", frame.rule.id, f"whether {name} is needed: {outcome.reason}", name)


def _needed(frame: Frame, name: str, value: Predicate, kept: dict[str, Predicate], asker: Asker) -> Outcome:
    """An event on which the rule differs if `value` stands in the place of the detection."""
    if value == FALSE:
        return effect(frame, name, kept, asker)
    more, less = frame.filled({**kept, name: TRUE}), frame.filled({**kept, name: FALSE})
    return asker.ask(more, negation(frame.rule.names[name]), negation(less))
