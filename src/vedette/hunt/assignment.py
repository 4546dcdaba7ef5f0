"""Which rules see which kind of event, compiled."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from vedette import __version__
from vedette.engine import Cache, Plan, Query, plan
from vedette.event import Choice, LogSource
from vedette.event.logsource import (
    AUDIT_RECORD,
    NETFILTER_CHANGE,
    NETFILTER_CONFIG,
    NETWORK_CONNECTION,
    NETWORK_FAILED,
    NETWORK_LISTEN,
    PROCESS_CREATION,
    PROCESS_FAILED,
)
from vedette.predicate import (
    FALSE,
    Atom,
    Glob,
    Keyword,
    Match,
    Predicate,
    Wild,
    fields,
    glob,
    has_keyword,
    rewrite,
)
from vedette.sigma.rule import Rule
from vedette.telemetry.auditd.columns import PER_EVENT, field_of, supplied, vocabulary_of
from vedette.telemetry.auditd.records import RAW

#: The field that holds when an event happened.
TIME: Final = "EventTime"
#: Kinds of events that the reader of audit logs puts out, in the order in which findings of one event are shown.
KINDS: Final = (
    PROCESS_CREATION,
    PROCESS_FAILED,
    NETWORK_CONNECTION,
    NETWORK_FAILED,
    NETWORK_LISTEN,
    NETFILTER_CONFIG,
    NETFILTER_CHANGE,
    AUDIT_RECORD,
)


@dataclasses.dataclass(frozen=True)
class Assignment:
    """The rules that see one kind of event.

    Attributes:
        source: the kind.
        order: its place in `KINDS`, or behind them for kinds of other formats.
        rules: rule by place in the plan's queries.
        predicates: what each of them is confirmed and explained by.
        reads: the fields that each of them reads, sorted.
        plan: the compiled queries.
        columns: columns that the reader must supply.
        dead: rule ids that can never match this kind, with the absent fields on which they hang.
        keywords: places of the rules that read the raw event.
        record_types: for single records, the types that the rules can match; None for all.
    """

    source: LogSource
    order: int
    rules: tuple[Rule, ...]
    predicates: tuple[Predicate, ...]
    reads: tuple[tuple[str, ...], ...]
    plan: Plan
    columns: tuple[str, ...]
    dead: dict[str, tuple[str, ...]]
    keywords: frozenset[int]
    record_types: frozenset[str] | None = None


def assign(
    rules: Sequence[Rule],
    *,
    choice: Choice,
    routing: bool,
    key: str,
    cache: Cache | None = None,
    beside: Mapping[str, frozenset[str]] | None = None,
) -> tuple[Assignment, ...]:
    """Route and compile rules; kinds that no rule sees are left out.

    Args:
        rules: all rules of the hunt.
        choice: the views to evaluate.
        routing: without it, every rule also sees process starts whatever its log source.
        key: digest of the rules; compiled plans are kept under it.
        cache: where; None for the user's cache folder.
        beside: rule id to fields that are read of its matches besides its own.
    """
    cache = cache or Cache()
    found: list[Assignment] = []
    for source in KINDS:
        routed = [
            rule for rule in rules if _sees(rule.logsource, source) or (not routing and source == PROCESS_CREATION)
        ]
        if routed:
            found.append(_compile(source, routed, choice, f"{key}/{routing}", cache, beside or {}))
    return tuple(found)


def _sees(logsource: LogSource, source: LogSource) -> bool:
    """Whether rules of this log source see this kind; without category and service they mean the log's own lines."""
    if not logsource.category and not logsource.service:
        return source == AUDIT_RECORD and logsource.product in ("", source.product)
    return logsource.covers(source)


def _compile(
    source: LogSource,
    rules: Sequence[Rule],
    choice: Choice,
    key: str,
    cache: Cache,
    beside: Mapping[str, frozenset[str]],
) -> Assignment:
    predicates = {rule.id: rule.predicate for rule in rules}
    if source == AUDIT_RECORD:
        predicates = {name: _raw_as_column(predicate) for name, predicate in predicates.items()}
    used = reads(predicates.values(), rules, beside)
    columns = tuple(sorted(used)) if source == AUDIT_RECORD else supplied(source)
    columns = tuple(column for column in columns if field_of(column) in used)
    return compiled(
        source,
        KINDS.index(source),
        rules,
        predicates,
        columns,
        tuple(map(vocabulary_of, columns)),
        choice=choice,
        per_event=frozenset({*PER_EVENT, TIME}) if source != AUDIT_RECORD else frozenset(),
        key=key,
        cache=cache,
        types=source == AUDIT_RECORD,
    )


def reads(
    predicates: Iterable[Predicate], rules: Sequence[Rule], beside: Mapping[str, frozenset[str]]
) -> frozenset[str]:
    """The fields that rules read, and what is read of their matches besides."""
    return frozenset().union(*map(fields, predicates), *(beside[rule.id] for rule in rules if rule.id in beside))


def compiled(
    source: LogSource,
    order: int,
    rules: Sequence[Rule],
    predicates: Mapping[str, Predicate],
    columns: tuple[str, ...],
    vocabularies: tuple[str, ...],
    *,
    choice: Choice,
    per_event: frozenset[str],
    key: str,
    cache: Cache,
    types: bool = False,
) -> Assignment:
    """The rules of one kind of event, compiled; the plan is kept in the cache.

    Args:
        source: the kind.
        order: its place among the kinds of a hunt.
        rules: those that see it.
        predicates: rule id to what is matched.
        columns: columns of its shapes.
        vocabularies: the vocabulary of each column.
        choice: the views to evaluate.
        per_event: fields that its events have but its shapes don't.
        key: digest of the rules and of how they were routed.
        cache: where plans are kept.
        types: whether the record types are wanted that the rules can match.
    """

    def make() -> bytes:
        queries = [Query(rule.id, rule.logsource, predicates[rule.id]) for rule in rules]
        return msgspec.msgpack.encode(plan(queries, columns, vocabularies, choice=choice, per_event=per_event))

    name = "/".join((__version__, key, str(source), choice, *columns, *(rule.id for rule in rules)))
    digest = hashlib.sha256(name.encode()).hexdigest()
    try:
        ready = msgspec.msgpack.decode(cache.fetch("plan", digest, make), type=Plan)
    except msgspec.MsgspecError:
        # Another version wrote this entry in another form.
        made = make()
        cache.put("plan", digest, made)
        ready = msgspec.msgpack.decode(made, type=Plan)
    by_id = {rule.id: rule for rule in rules}
    live = tuple(by_id[query.key] for query in ready.queries)
    return Assignment(
        source,
        order,
        live,
        tuple(predicates[rule.id] for rule in live),
        tuple(tuple(sorted(fields(predicates[rule.id]))) for rule in live),
        ready,
        columns,
        ready.dead,
        frozenset(place for place, rule in enumerate(live) if has_keyword(predicates[rule.id])),
        record_types([predicates[rule.id] for rule in live]) if types else None,
    )


def _raw_as_column(predicate: Predicate) -> Predicate:
    """Keywords of single records as matches of the raw column, so that each distinct text is searched once."""

    def leaf(atom: Atom, _positive: bool) -> Predicate:
        if not isinstance(atom, Keyword):
            return atom
        pattern = atom.pattern
        if isinstance(pattern, Glob):
            pattern = glob([Wild.ANY, *pattern.tokens, Wild.ANY], cased=pattern.cased)
        return Match(RAW, pattern)

    return rewrite(predicate, leaf)


def record_types(predicates: Sequence[Predicate]) -> frozenset[str] | None:
    """The record types that a predicate can match: those that it names, unless it can match without naming one."""
    named = [pattern for predicate in predicates for pattern in _type_patterns(predicate)]
    if any(pattern.form != "equals" for pattern in named):
        return None
    for predicate in predicates:

        def leaf(atom: Atom, positive: bool) -> Predicate:
            if isinstance(atom, Match) and atom.field == "type":
                return FALSE if positive else atom
            return atom

        if rewrite(predicate, leaf) != FALSE:
            return None
    return frozenset(pattern.literal.upper() for pattern in named)


def _type_patterns(predicate: Predicate) -> list[Glob]:
    found: list[Glob] = []

    def leaf(atom: Atom, positive: bool) -> Predicate:
        if positive and isinstance(atom, Match) and atom.field == "type" and isinstance(atom.pattern, Glob):
            found.append(atom.pattern)
        return atom

    rewrite(predicate, leaf)
    return found
