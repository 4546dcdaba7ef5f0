"""Which queries a hunt asks of a workspace: the rules converted, told more of each row, and held against the parser."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping

from vedette.errors import ContentError
from vedette.event import LogSource
from vedette.event.logsource import AUDIT_RECORD
from vedette.kql import Column, Options, Query, Target, convert_parts
from vedette.kql.syslog import columns_of, raw_of, with_hex
from vedette.sentinel.hunting.told import told
from vedette.sigma.rule import LEVELS, Rule


@dataclasses.dataclass(frozen=True)
class Ask:
    """One query of one rule.

    Attributes:
        rule: the rule.
        query: as converted.
        text: what is sent: the query, which then computes what a finding tells.
        columns: field to column.
        raw: the column that keywords search, or None.
        source: the kind of its events.
        where: the table's own condition for events of this kind, or the empty text.
    """

    rule: Rule
    query: Query
    text: str
    columns: Mapping[str, Column]
    raw: Column | None
    source: LogSource
    where: str = ""

    @property
    def key(self) -> str:
        """Names the query in a journal."""
        return hashlib.sha256(f"{self.rule.id}\0{self.text}".encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        """The rule's title, and which part of it this is."""
        number, count = self.query.part
        return self.rule.title if count == 1 else f"{self.rule.title} (part {number} of {count})"


@dataclasses.dataclass(frozen=True)
class Refused:
    """A rule that is not asked, and why."""

    rule: Rule
    errors: tuple[ContentError, ...]

    @property
    def told(self) -> list[str]:
        """The errors, without the rule that stands before each."""
        named = f"{self.rule.title} ({self.rule.id}): "
        return [
            f"{error.cause.removeprefix(named)} ({'; '.join(filter(None, (str(error.location), error.remedy)))})"
            for error in self.errors
        ]


@dataclasses.dataclass(frozen=True)
class Plan:
    """All queries of a hunt.

    Attributes:
        target: name of the target.
        asks: the queries, in the order of the rules.
        refused: rules without one.
        below: how many rules are below the asked level.
        proved: whether Microsoft's parser has accepted all queries.
    """

    target: str
    asks: tuple[Ask, ...]
    refused: tuple[Refused, ...]
    below: int
    proved: bool


def plan(
    rules: Iterable[Rule],
    target: Target,
    options: Options,
    *,
    level: str | None = None,
    needs: Collection[str] = (),
    check: Callable[[Query], Query] | None = None,
) -> Plan:
    """The queries of rules.

    Exclusions are in none of them: what they cover is selected too, judged by the law where it arrives, and counted.

    Args:
        rules: the rules of the hunt.
        target: whose tables are asked.
        options: how queries are written.
        level: lowest level of rules that are asked, or None for all.
        needs: ids of rules that are asked whatever their level, since their matches are joined.
        check: Microsoft's parser, which refuses a query with an error; None to do without.
    """
    asks: list[Ask] = []
    refused: list[Refused] = []
    below = 0
    for rule in rules:
        if level is not None and LEVELS.index(rule.level) < LEVELS.index(level) and rule.id not in needs:
            below += 1
            continue
        made = [_ask(query, target, options) for query in convert_parts(rule, target, options)]
        if check is not None:
            made = [
                dataclasses.replace(one, query=check(dataclasses.replace(one.query, text=one.text))) for one in made
            ]
        errors = tuple(error for one in made for error in one.query.errors)
        if errors:  # a rule of which a part is missing would find less than it says
            refused.append(Refused(rule, errors))
        else:
            asks += made
    return Plan(target.name, tuple(asks), tuple(refused), below, check is not None)


def _ask(query: Query, target: Target, options: Options) -> Ask:
    rule = query.rule
    assert isinstance(rule, Rule)
    table = with_hex(target, options.hex).table(rule.logsource)
    columns = columns_of(table, rule.logsource.product) if table is not None else {}
    # As a local hunt has it, a rule without a product is of Linux here: nothing else is told of the host.
    source = LogSource(rule.logsource.product or "linux", rule.logsource.category, rule.logsource.service)
    if not source.category and not source.service:
        source = AUDIT_RECORD
    raw = raw_of(table) if table is not None else None
    where = table.where if table is not None else ""
    return Ask(rule, query, telling(query, columns) if query.text else "", columns, raw, source, where)


def telling(query: Query, columns: Mapping[str, Column]) -> str:
    """The query, and behind it an `extend` for each column that a finding tells and that the table does not have."""
    assert isinstance(query.rule, Rule)
    known = set(query.bound.computed) if query.bound is not None else set()
    lines = [query.text]
    for field in told(query.rule.logsource.category):
        column = columns.get(field)
        if column is None or column.hashes or not column.expression:
            continue
        for name, expression in {**column.after, column.column: column.expression}.items():
            if name not in known:
                known.add(name)
                lines.append(f"| extend {name} = {expression}")
    return "\n".join(lines)
