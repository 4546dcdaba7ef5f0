"""A Sigma rule as loaded: its header and its one predicate."""

from __future__ import annotations

import msgspec

from vedette.errors import Location
from vedette.event import LogSource
from vedette.predicate import Predicate

#: Sigma's levels from lowest to highest; a rule without one counts as informational.
LEVELS: tuple[str, ...] = ("informational", "low", "medium", "high", "critical")


class Rule(msgspec.Struct, frozen=True, gc=False):
    """One rule.

    Attributes:
        id: the UUID as written, or a stable name made from the file where the rule has none.
        title: one line.
        level: one of `LEVELS`.
        status: Sigma's status or the empty text.
        author: as written; shown with every match.
        license: as written, or `DRL-1.1` where the rule stands in a folder of SigmaHQ's.
        description: as written.
        references: as written.
        tags: as written, lower case.
        falsepositives: as written.
        logsource: what it is meant for.
        predicate: the logic; several conditions are joined by or.
        names: detection name to its own predicate, for explanations and for judging filters.
        location: the file and the line of its first key.
        digest: hash of the predicate, so that an exclusion can pin the logic that it was proved against.
        name: Sigma's `name`, by which correlations and filters may refer to it, or the empty text.
        conditions: as written, over `names`; for judging what a detection does in them.
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
    logsource: LogSource
    predicate: Predicate
    names: dict[str, Predicate]
    location: Location
    digest: str
    name: str = ""
    conditions: tuple[str, ...] = ()
