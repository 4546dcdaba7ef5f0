"""Exclusions inside a query: what each covers is taken out behind the rule's condition, with guards and scope."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

from vedette.errors import ConversionError
from vedette.hunt.exclusion import Exclusion
from vedette.kql.binding import Bound, bind
from vedette.kql.predicates import Printer, UnsayableError
from vedette.kql.readings import Image, covered, readable_columns
from vedette.kql.strings import comment
from vedette.kql.syslog import prepared, raw_of
from vedette.kql.target import Column, Table, Target
from vedette.predicate import FALSE, Match, disjunction
from vedette.predicate.certain import certain
from vedette.sigma.rule import Rule

#: The field of Sigma's taxonomy that names an event's host.
HOST = "Computer"
TIME = "EventTime"


@dataclasses.dataclass(frozen=True)
class Inlined:
    """Exclusions as a query has them.

    Attributes:
        applied: the exclusions that the query takes out, in order.
        bound: for each, its logic over columns, scope apart.
        lines: what is put behind the rule's condition.
        unenforced: why the others can't be enforced there; the query shows what they would cover.
    """

    applied: tuple[Exclusion, ...]
    bound: tuple[Bound, ...]
    lines: tuple[str, ...]
    unenforced: tuple[ConversionError, ...]


def inline(
    exclusions: Sequence[Exclusion],
    rule: Rule,
    table: Table,
    target: Target,
    computed: Mapping[str, str],
    image: Image = "column",
) -> Inlined:
    """Write exclusions for a query.

    Args:
        exclusions: those that apply to the rule.
        rule: the rule.
        table: the table that the query asks.
        target: its target.
        computed: columns that the query has computed already.
        image: the views in which the rule is asked.

    Returns:
        The lines; an exclusion that reads a field without a column there can't be enforced, since what hangs on an
        absent field is not excluded.
    """
    applied: list[Exclusion] = []
    bounds: list[Bound] = []
    lines: list[str] = []
    unenforced: list[ConversionError] = []
    known = dict(computed)
    columns = readable_columns(table, rule.logsource.product)
    for exclusion in exclusions:
        predicate, misfits = prepared(table, covered(exclusion.silenced, rule.predicate, table, image))
        bound = bind(predicate, columns, raw=raw_of(table))
        cause = next((refusal.cause for refusal in (*bound.refusals, *misfits)), "")
        if not cause and bound.predicate == FALSE:
            cause = "it can never hold there"
        try:
            condition = "" if cause else Printer(bound.types).condition(bound.predicate)
            conditions = [condition, *([] if cause else _scope(exclusion, columns))]
        except UnsayableError as unsayable:
            cause = unsayable.cause
        if cause:
            unenforced.append(_unenforced(exclusion, rule, table, target, cause))
            continue
        fresh = {name: text for name, text in bound.computed.items() if name not in known}
        known.update(fresh)
        lines.append(comment(f"excluded: {exclusion.filter.title} ({exclusion.id}): {exclusion.reason}"))
        lines += [f"| extend {name} = {text}" for name, text in fresh.items()]
        joined = conditions[0] if len(conditions) == 1 else " and ".join(f"({one})" for one in conditions)
        lines.append(f"| where not({joined})")
        applied.append(exclusion)
        bounds.append(bound)
    return Inlined(tuple(applied), tuple(bounds), tuple(lines), tuple(unenforced))


def _scope(exclusion: Exclusion, columns: Mapping[str, Column]) -> list[str]:
    """Conditions for hosts and times; a query outlives the day on which it was written, so expiry is one of them.

    Raises:
        UnsayableError: the table has no column for them.
    """
    found = []
    scope = exclusion.scope
    end = min((moment for moment in (scope.end, exclusion.expires) if moment is not None), default=None)
    if scope.hosts:
        bound = bind(certain(disjunction(Match(HOST, pattern) for pattern in scope.hosts)), columns)
        if bound.refusals:
            raise UnsayableError(HOST, "its scope names hosts, for which there is no column")
        found.append(Printer(bound.types).condition(bound.predicate))
    if scope.start is not None or end is not None:
        column = columns.get(TIME)
        if column is None or column.type != "datetime":
            raise UnsayableError(TIME, "its scope or expiry names times, for which there is no column")
        if scope.start is not None:
            found.append(f"{column.column} >= {_moment(scope.start)}")
        if end is not None:
            found.append(f"{column.column} < {_moment(end)}")
    return found


def _moment(seconds: float) -> str:
    return f"datetime({dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None).isoformat()}Z)"


def _unenforced(exclusion: Exclusion, rule: Rule, table: Table, target: Target, cause: str) -> ConversionError:
    kept = exclusion.filter
    return ConversionError(
        f"exclusion {kept.title!r} is not enforced for {rule.title!r}: {cause} in {target.name} ({table.name})",
        kept.location,
        remedy=f"leave {target.name} out of its `enforce`, or ask for fields that have columns there",
        code="unenforced",
    )
