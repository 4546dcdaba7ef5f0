"""What a question to the solver can come to: a witness, a proof, or the reason why neither was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

from vedette.predicate.evaluate import Value
from vedette.predicate.node import Atom

#: What the values of a field can be, beside absent: any text; an integer of at most 40 digits; an address in canonical
#: text; UTC epoch seconds. The registry's own names, `integer` and `ip`, say the same.
Kind: TypeAlias = Literal["text", "number", "address", "time"]
Kinds: TypeAlias = Mapping[str, str]
#: Closed sets of values by field; the empty text among them allows absence.
Vocabulary: TypeAlias = Mapping[str, frozenset[str]]


class Limit(msgspec.Struct, frozen=True):
    """How much work a question may cost; counted, not timed, so that an answer never depends on the machine.

    Attributes:
        rounds: assignments of truth to atoms that are tried.
        states: states of one product of automata.
        steps: letters fed to products of automata in all.
        size: positions of one automaton.
    """

    rounds: int = 4_000
    states: int = 10_000
    steps: int = 300_000
    size: int = 4_000


class Proof(msgspec.Struct, frozen=True):
    """Why a predicate can't hold; `check` replays it.

    Literals are signed numbers: `n` says that atom `n` holds, `-n` that it does not; the first atom is 1.

    Attributes:
        atoms: the predicate's distinct leaves in order of appearance, constants folded away.
        clauses: the predicate with negations pushed to the leaves and nested nodes of one kind joined. The root is
            asserted; an inner node below it gets the next number above the atoms', parents first, from left to right,
            and implies its children (all) or one of them (any).
        lemmas: clauses over atoms, each the negation of a set of literals that no value of their field, or of their
            related fields, can meet together.
        kinds: what the values of fields were taken to be.
        vocabulary: the closed sets of values that were assumed.
    """

    atoms: tuple[Atom, ...]
    clauses: tuple[tuple[int, ...], ...]
    lemmas: tuple[tuple[int, ...], ...]
    kinds: dict[str, str]
    vocabulary: dict[str, frozenset[str]]


class Sat(msgspec.Struct, frozen=True):
    """The predicate holds on `row` with `raw`; the reference evaluator has replayed it.

    Attributes:
        row: field to value; what is not named is absent.
        raw: the raw event's text.
    """

    row: dict[str, Value]
    raw: str = ""


class Unsat(msgspec.Struct, frozen=True):
    """The predicate holds on no event."""

    proof: Proof


class Undecided(msgspec.Struct, frozen=True):
    """Neither was found; `reason` names the limit or the construct."""

    reason: str


Outcome: TypeAlias = Sat | Unsat | Undecided


class GaveUpError(Exception):
    """A part of the question is beyond the theory or the limit; the text is the reason."""


class Budget:
    """What is left of a `Limit`; it changes as work is done."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self.steps = limit.steps

    def spend(self, steps: int) -> None:
        """Take `steps` letters off the budget.

        Raises:
            GaveUpError: there are not as many left.
        """
        self.steps -= steps
        if self.steps < 0:
            raise GaveUpError(f"more than {self.limit.steps:,} steps of automata")
