"""The shortest text that several automata accept or refuse, each as asked; or that there is none."""

from __future__ import annotations

from collections.abc import Sequence

from vedette.predicate.solve.automaton import DEAD, FULL, Automaton
from vedette.predicate.solve.letters import RANK, classes, representative
from vedette.predicate.solve.outcome import Budget, GaveUpError


def alphabet(automata: Sequence[Automaton]) -> list[int]:
    """One letter for each part of the letters that the automata tell apart, the nicest first."""
    written = "".join(dict.fromkeys("".join(automaton.written for automaton in automata)))
    parts = classes(letters for automaton in automata for letters in automaton.sets)
    own = {ord(character): place for place, character in enumerate(written)}
    chosen = [representative(part, written) for part in parts]
    return sorted(chosen, key=lambda letter: (own.get(letter, len(own)), RANK.get(letter, len(RANK)), letter))


def shortest(automata: Sequence[tuple[Automaton, bool]], budget: Budget) -> str | None:
    """The shortest text that each automaton accepts (True) or refuses (False); None if there is none.

    Raises:
        GaveUpError: the product is larger than the budget allows.
    """
    machines = [automaton for automaton, _ in automata]
    signs = [sign for _, sign in automata]
    letters = alphabet(machines)
    start = tuple(automaton.start for automaton in machines)
    if any(_hopeless(state, sign) for state, sign in zip(start, signs, strict=True)):
        return None
    origin: dict[tuple[int, ...], tuple[tuple[int, ...], int] | None] = {start: None}
    layer = [start]
    while layer:
        for state in layer:
            if all(machine.accepts(s) == sign for machine, s, sign in zip(machines, state, signs, strict=True)):
                return _path(origin, state)
        budget.spend(len(layer) * len(letters))
        following: list[tuple[int, ...]] = []
        for state in layer:
            for letter in letters:
                moved: list[int] = []
                for place, sign in enumerate(signs):
                    after = machines[place].step(state[place], letter)
                    if after == (DEAD if sign else FULL):
                        break
                    moved.append(after)
                else:
                    target = tuple(moved)
                    if target not in origin:
                        origin[target] = (state, letter)
                        following.append(target)
        if len(origin) > budget.limit.states:
            raise GaveUpError(f"a product of automata with more than {budget.limit.states:,} states")
        layer = following
    return None


def _hopeless(state: int, sign: bool) -> bool:
    return state == (DEAD if sign else FULL)


def _path(origin: dict[tuple[int, ...], tuple[tuple[int, ...], int] | None], state: tuple[int, ...]) -> str:
    path: list[str] = []
    while (step := origin[state]) is not None:
        state, letter = step
        path.append(chr(letter))
    return "".join(reversed(path))
