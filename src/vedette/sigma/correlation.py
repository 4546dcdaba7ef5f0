"""A Sigma correlation as loaded: what it counts or waits for among the matches of other rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from vedette.errors import Location

Kind: TypeAlias = Literal["event_count", "value_count", "temporal", "temporal_ordered", "value_sum", "value_avg"]
Order: TypeAlias = Literal["gt", "gte", "lt", "lte", "eq", "neq"]

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
ORDERS: Final[tuple[Order, ...]] = get_args(Order)
_HOLDS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "gt": lambda found, number: found > number,
    "gte": lambda found, number: found >= number,
    "lt": lambda found, number: found < number,
    "lte": lambda found, number: found <= number,
    "eq": lambda found, number: found == number,
    "neq": lambda found, number: found != number,
}


class Threshold(msgspec.Struct, frozen=True):
    """What a count, sum or average is held against.

    Attributes:
        order: how it must stand to the number.
        number: the number; whole for counts.
    """

    order: Order
    number: int | float

    def holds(self, found: float) -> bool:
        """Whether a count, sum or average meets it."""
        return _HOLDS[self.order](found, self.number)


class Correlation(msgspec.Struct, frozen=True):
    """One correlation. Its header is a rule's; see `Rule`.

    Attributes:
        id: the UUID as written, or a stable name made from the file where it has none.
        title: one line.
        level: one of `LEVELS`.
        status: Sigma's status or the empty text.
        author: as written; shown with every match.
        license: as written, or `DRL-1.1` where it stands in a folder of SigmaHQ's.
        description: as written.
        references: as written.
        tags: as written, lower case.
        falsepositives: as written.
        kind: what it does with the events of its rules.
        rules: ids or names of rules and correlations, each once; their order matters to `temporal_ordered`.
        group_by: fields or aliases that must agree among the events; without any, all events are one group.
        timespan: how far apart the first and the last event may be, in seconds.
        condition: all of which must hold, for a count of events, of distinct values or of distinct rules, for a sum or
            for an average.
        fields: fields or aliases whose values are counted, summed or averaged; several are counted together.
        aliases: alias to the field that it stands for in the events of each rule, by the rule's reference.
        generate: the rules that it joins are of interest by themselves too.
        location: the file and the line of its first key.
        digest: hash of the correlation itself, without the rules that it joins.
        name: what other correlations may call it, or the empty text.
    """

    id: str
    title: str
    level: str
    status: str
    author: str
    license: str
    description: str
    references: tuple[str, ...]
    tags: tuple[str, ...]
    falsepositives: tuple[str, ...]
    kind: Kind
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: int
    condition: tuple[Threshold, ...]
    fields: tuple[str, ...]
    aliases: dict[str, dict[str, str]]
    generate: bool
    location: Location
    digest: str
    name: str = ""
