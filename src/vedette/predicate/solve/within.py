"""An automaton for the texts that hold a text of another language: what a reference asks of its subject."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from vedette.predicate.pattern import Reference
from vedette.predicate.solve.automaton import DEAD, FULL, Automaton
from vedette.predicate.solve.shape import Shape

_Inner = frozenset[tuple[int, ...]]


class Within(Automaton):
    """Texts that equal, begin with, end with or contain a text that all `parts` accept (True) or refuse (False).

    A state is the set of states of the parts in which an inner text that began somewhere can be.

    Args:
        form: how the inner text must stand, as in a `Reference`.
        parts: the automata of the inner text.
    """

    def __init__(self, form: str, parts: Sequence[tuple[Automaton, bool]]) -> None:
        machines = [machine for machine, _ in parts]
        super().__init__([letters for machine in machines for letters in machine.sets], "")
        self.written = "".join(machine.written for machine in machines)
        self._parts = parts
        self._open_start = form in ("endswith", "contains")
        self._open_end = form in ("startswith", "contains")
        self._first = tuple(machine.start for machine in machines)
        self.start = self._number(self._settle(frozenset([self._first])))

    def _settle(self, states: _Inner) -> object:
        if self._open_end and any(self._done(state) for state in states):
            return FULL
        return states or DEAD

    def _done(self, state: tuple[int, ...]) -> bool:
        return all(machine.accepts(s) == sign for (machine, sign), s in zip(self._parts, state, strict=True))

    def _move(self, state: object, letter: int) -> object:
        moved = {self._first} if self._open_start else set()
        for inner in cast("_Inner", state):
            after = tuple(machine.step(s, letter) for (machine, _), s in zip(self._parts, inner, strict=True))
            if all(s != (DEAD if sign else FULL) for (_, sign), s in zip(self._parts, after, strict=True)):
                moved.add(after)
        return self._settle(frozenset(moved))

    def _final(self, state: object) -> bool:
        return any(self._done(inner) for inner in cast("_Inner", state))


class Holder(Shape):
    """What a positive reference asks of its subject, if all is known about its target.

    Args:
        pattern: the reference.
        subject: the field that it stands on.
        parts: the automata of the target's text.
    """

    def __init__(self, pattern: Reference, subject: str, parts: Sequence[tuple[Automaton, bool]]) -> None:
        super().__init__(subject, pattern)
        self._within = Within(pattern.form, parts)
        self.test = self._within.matches
        self.blind = False

    def automaton(self, size: int) -> Automaton:  # noqa: ARG002 (its size is that of its parts)
        """The texts that hold such a target."""
        return self._within
