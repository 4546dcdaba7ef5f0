"""What was found about a rule's logic, and how sure that is."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from vedette.audit.reach import Witness

Level: TypeAlias = Literal["error", "warning", "note"]
Kind: TypeAlias = Literal[
    "dead-rule",
    "certain-rule",
    "blinding-filter",
    "inert-filter",
    "redundant-filter",
    "redundant-detection",
    "redundant-value",
    "filter-as-selection",
    "equal-rules",
    "implied-rule",
    "undecided",
]
#: Kind to how bad it is and what it means, the worst first.
KINDS: Final[dict[Kind, tuple[Level, str]]] = {
    "dead-rule": ("error", "The rule can never match."),
    "certain-rule": ("error", "The rule matches every event of its log source."),
    "blinding-filter": ("error", "A filter within the rule hides all that the rule could match."),
    "inert-filter": ("warning", "A filter within the rule can never apply."),
    "redundant-filter": ("note", "All that a filter within the rule hides, its other filters hide too."),
    "redundant-detection": ("note", "A detection decides nothing: the rule means the same without it."),
    "redundant-value": ("note", "Another value of the same list covers this one."),
    "filter-as-selection": ("note", "A detection that is named a filter is asked to hold."),
    "equal-rules": ("note", "Two rules of one log source mean the same."),
    "implied-rule": ("note", "Whatever the rule matches, another rule matches too."),
    "undecided": ("note", "The solver gave up."),
}


class Size(msgspec.Struct, frozen=True):
    """The size of a proof that the independent checker has replayed.

    Attributes:
        clauses: in all; 0 where the logic is false as it stands.
        lemmas: how many of them are about the values of fields.
        fields: on whose values these are; without any the contradiction is in the conditions themselves.
    """

    clauses: int
    lemmas: int
    fields: tuple[str, ...] = ()


class Fault(msgspec.Struct, frozen=True):
    """One finding.

    Attributes:
        kind: see `KINDS`.
        rule: id of the rule.
        why: what was found, one sentence without the rule's text.
        name: the detection that it is about, or the empty text.
        other: the detection or the id of the rule that makes it so, or the empty text.
        field: the field of a value, or the empty text.
        values: of a redundant value: itself, and the one that covers it.
        witness: the smallest event found that shows the cost or the difference, or None.
        proof: the size of the proof, or None where a witness or the rule itself says it.
    """

    kind: Kind
    rule: str
    why: str
    name: str = ""
    other: str = ""
    field: str = ""
    values: tuple[str, ...] = ()
    witness: Witness | None = None
    proof: Size | None = None

    @property
    def level(self) -> Level:
        """How bad it is."""
        return KINDS[self.kind][0]
