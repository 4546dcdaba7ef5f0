"""A rule -> a query of one target, or the reasons why there is none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from vedette.errors import ConversionError, Location, UsageError
from vedette.hunt.exclusion import Exclusion
from vedette.kql.binding import Bound, Refusal, bind
from vedette.kql.inline import Inlined, inline
from vedette.kql.parts import MAX_PARTS, parts
from vedette.kql.predicates import Printer, UnsayableError
from vedette.kql.prefilter import call, prefilters
from vedette.kql.readings import Image, readable_columns, seen
from vedette.kql.strings import comment
from vedette.kql.syslog import prepared, raw_of, with_hex
from vedette.kql.target import Table, Target
from vedette.predicate import FALSE, Predicate, Regex, atoms
from vedette.predicate.fold import DISPUTED
from vedette.sigma.correlation import Correlation
from vedette.sigma.place import logsource_of, place_of
from vedette.sigma.rule import Rule

#: Longest query of an analytics rule, in characters.
MAX_QUERY: Final = 10_000
_CHOICES: Final = ("column", "both", "resolved", "invoked")


@dataclasses.dataclass(frozen=True)
class Options:
    """How queries are written.

    Attributes:
        entry: which function is asked where a target has two: `workspace`, the one that is deployed into a workspace,
            or `builtin`, the one that every workspace has.
        image: how the image fields are read: by the `column` that each source fills, which is the only view of most
            rows, or by readings, which rows that Vedette ships have. Where a table has no such rows, all choices give
            the same query.
        missing: what is done with a field that has no column: `refuse` the rule, or read it as `absent`, as a local
            hunt does, with a note.
        window: in which windows correlations look: `sliding`, those that end at an event, or fixed `bin`s of the
            timespan, which are cheaper and miss what lies across their edges.
        prefilter: whether the entry point is given terms to look for first, where the conditions imply them.
        long: what is done with a rule whose query is longer than `MAX_QUERY`: write it whole with a `note`, `split` it
            into queries that select the rule's rows together, or `refuse` it.
        hex: what is done with text that auditd writes in hexadecimal: `keep` it as it is, or let the query `decode` it.
        style: `classic`, or `scan`: an ordered correlation in sliding windows becomes one pass instead of joins.
    """

    entry: Literal["workspace", "builtin"] = "workspace"
    image: Image = "column"
    missing: Literal["refuse", "absent"] = "refuse"
    window: Literal["sliding", "bin"] = "sliding"
    prefilter: Literal["off", "on"] = "off"
    long: Literal["note", "split", "refuse"] = "note"
    style: Literal["classic", "scan"] = "classic"
    hex: Literal["keep", "decode"] = "keep"

    @classmethod
    def of(cls, settings: Mapping[str, str], target: Target) -> Options:
        """Options out of `key=value` settings; `entry` also takes the name of a table's function.

        Raises:
            UsageError: a key or a value is not known.
        """
        entry = settings.get("entry", "workspace")
        names = {table.name: "workspace" for table in target.tables}
        names.update({table.builtin: "builtin" for table in target.tables if table.builtin})
        entry = names.get(entry, entry)
        image, missing = settings.get("image", "column"), settings.get("missing", "refuse")
        window = settings.get("window", "sliding")
        prefilter, long = settings.get("prefilter", "off"), settings.get("long", "note")
        style, digits = settings.get("style", "classic"), settings.get("hex", "keep")
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(settings) - set(known))
        if unknown:
            raise UsageError(f"no option {unknown[0]!r}; the options are {', '.join(known[:-1])} and {known[-1]}")
        if entry not in ("workspace", "builtin"):
            raise UsageError(f"entry={entry} is unknown to {target.name}; write {', '.join(sorted(names))}")
        if image not in _CHOICES:
            raise UsageError(f"image={image} is unknown; write {', '.join(_CHOICES)}")
        if missing not in ("refuse", "absent"):
            raise UsageError(f"missing={missing} is unknown; write refuse or absent")
        if window not in ("sliding", "bin"):
            raise UsageError(f"window={window} is unknown; write sliding or bin")
        if prefilter not in ("off", "on"):
            raise UsageError(f"prefilter={prefilter} is unknown; write off or on")
        if long not in ("note", "split", "refuse"):
            raise UsageError(f"long={long} is unknown; write note, split or refuse")
        if style not in ("classic", "scan"):
            raise UsageError(f"style={style} is unknown; write classic or scan")
        if digits not in ("keep", "decode"):
            raise UsageError(f"hex={digits} is unknown; write keep or decode")
        # All were held against their literals.
        return cls(entry, image, missing, window, prefilter, long, style, digits)  # type: ignore[arg-type]


@dataclasses.dataclass(frozen=True)
class Query:
    """What became of a rule.

    Attributes:
        rule: the rule, or the correlation.
        target: name of the target.
        table: table or function that is asked, for a correlation all of them; empty where no table holds such events.
        text: the KQL; empty where there are errors.
        bound: the logic over columns, of which `text` is the printed form; None for a correlation, and where no table
            holds such events.
        errors: why it can't be converted; each names rule, field and target.
        notes: what to know about the query.
        checked: whether Microsoft's parser has accepted the text.
        excluded: the exclusions that it takes out.
        unenforced: exclusions of the rule that it can't take out, each with the cause.
        part: which of how many queries of the rule this is, from 1; the rule's rows are those of all of them.
    """

    rule: Rule | Correlation
    target: str
    table: str
    text: str
    bound: Bound | None
    errors: tuple[ConversionError, ...]
    notes: tuple[str, ...]
    checked: bool = False
    excluded: tuple[Exclusion, ...] = ()
    unenforced: tuple[ConversionError, ...] = ()
    part: tuple[int, int] = (1, 1)


def convert(rule: Rule, target: Target, options: Options | None = None, exclusions: Sequence[Exclusion] = ()) -> Query:
    """Write a rule as KQL.

    Args:
        rule: as loaded.
        target: where the query is to run.
        options: how it is written.
        exclusions: those that apply to it; they are written behind its own condition.

    Returns:
        The query; with errors and without a text where a field or the log source has no place in the target, or where
        a column's type can't hold what the rule asks.
    """
    options = options or Options()
    target = with_hex(target, options.hex)
    table = target.table(rule.logsource)
    if table is None:
        cause = f"{_named(rule)}: no table of {target.name} holds events of the log source {rule.logsource}"
        return _refused(rule, target, "", None, [ConversionError(cause, logsource_of(rule), code="no-table")])
    name = table.builtin if options.entry == "builtin" and table.builtin else table.name
    columns = readable_columns(table, rule.logsource.product)
    predicate, misfits = prepared(table, seen(rule.predicate, table, options.image))
    bound = bind(predicate, columns, raw=raw_of(table), absent=options.missing == "absent")
    bound = dataclasses.replace(bound, refusals=(*bound.refusals, *misfits))
    if bound.predicate == FALSE and not bound.refusals:
        cause = (
            f"{_named(rule)}: it can never hold in {target.name} ({name}): {'; '.join(bound.notes) or 'its own logic'}"
        )
        return _refused(rule, target, name, bound, [ConversionError(cause, rule.location, code="never")])
    if bound.refusals:
        return _refused(rule, target, name, bound, [_error(rule, target, name, refusal) for refusal in bound.refusals])
    try:
        taken = inline(exclusions, rule, table, target, bound.computed, options.image)
        text = _text(table, name, bound, options, taken)
    except UnsayableError as unsayable:
        field = _field_of(columns, unsayable.column)
        refusal = Refusal(field, "column-type", unsayable.cause)
        return _refused(rule, target, name, bound, [_error(rule, target, name, refusal)])
    notes = _notes(rule, table, bound, text)
    query = Query(rule, target.name, name, text, bound, (), notes, excluded=taken.applied, unenforced=taken.unenforced)
    if options.long == "refuse" and len(text) > MAX_QUERY:
        return _too_long(query, "-O long=split or long=note writes it")
    return query


def convert_parts(
    rule: Rule, target: Target, options: Options | None = None, exclusions: Sequence[Exclusion] = ()
) -> tuple[Query, ...]:
    """Write a rule as KQL, in several queries where it is too long for one and the options ask for that.

    Args:
        rule: as loaded.
        target: where the queries are to run.
        options: how they are written.
        exclusions: those that apply to it; each query takes them out.

    Returns:
        One query, or the parts of the rule, in order; each begins with a comment that says which part it is.
    """
    options = options or Options()
    target = with_hex(target, options.hex)
    query = convert(rule, target, options, exclusions)
    table = target.table(rule.logsource)
    if options.long != "split" or len(query.text) <= MAX_QUERY or query.bound is None or table is None:
        return (query,)
    bound = query.bound
    taken = inline(exclusions, rule, table, target, bound.computed, options.image)

    def text_of(predicate: Predicate, number: int, count: int) -> str:
        told = comment(f"part {number} of {count}: the rule selects the rows of all parts")
        return f"{told}\n{_text(table, query.table, dataclasses.replace(bound, predicate=predicate), options, taken)}"

    found = parts(bound.predicate, lambda one: len(text_of(one, MAX_PARTS, MAX_PARTS)) <= MAX_QUERY)
    if not found:
        return (_too_long(query, "no `or` of it can be parted: give the rule fewer values"),)
    texts = [text_of(one, number, len(found)) for number, one in enumerate(found, 1)]
    return tuple(
        dataclasses.replace(
            query,
            text=text,
            bound=dataclasses.replace(bound, predicate=one),
            notes=_notes(rule, table, bound, text),
            part=(number, len(found)),
        )
        for number, (text, one) in enumerate(zip(texts, found, strict=True), 1)
    )


def _too_long(query: Query, remedy: str) -> Query:
    assert isinstance(query.rule, Rule)
    cause = (
        f"{_named(query.rule)}: its query has {len(query.text):,} characters in {query.target} ({query.table}), "
        f"more than the {MAX_QUERY:,} that an analytics rule may have"
    )
    error = ConversionError(cause, query.rule.location, remedy=remedy, code="too-long")
    return dataclasses.replace(query, text="", errors=(error,), notes=())


def _text(table: Table, name: str, bound: Bound, options: Options, taken: Inlined) -> str:
    if options.prefilter == "on":
        name = call(name, prefilters(bound.predicate, table.prefilters))
    lines = [*map(comment, table.declared), name]
    if table.where:
        lines.append(f"| where {table.where}")
    lines += [f"| extend {column} = {expression}" for column, expression in bound.computed.items()]
    lines.append(f"| where {Printer(bound.types).condition(bound.predicate)}")
    lines += taken.lines
    return "\n".join(lines)


def _notes(rule: Rule, table: Table, bound: Bound, text: str) -> tuple[str, ...]:
    notes = [*table.declared, table.note] if table.note else [*table.declared]
    notes += bound.notes
    patterns = [atom.pattern for atom in atoms(rule.predicate)]
    if any(isinstance(pattern, Regex) and "\\b" in pattern.source for pattern in patterns):
        notes.append("`\\b` is a boundary of ASCII words by the law, of Unicode words where Kusto's expressions are so")
    disputed = sorted(DISPUTED & set(text)) if not text.isascii() else []
    notes += [f"engines differ on the case of U+{ord(letter):04X}" for letter in disputed]
    if len(text) > MAX_QUERY:
        notes.append(f"{len(text):,} characters, more than the {MAX_QUERY:,} that an analytics rule may have")
    return tuple(notes)


def _refused(rule: Rule, target: Target, table: str, bound: Bound | None, errors: list[ConversionError]) -> Query:
    return Query(rule, target.name, table, "", bound, tuple(errors), ())


def _error(rule: Rule, target: Target, table: str, refusal: Refusal) -> ConversionError:
    place: Location = place_of(rule, refusal.field)
    where = f"{target.name} ({table})"
    cause = f"{_named(rule)}: {refusal.cause} in {where}"
    return ConversionError(cause, place, remedy=refusal.remedy, code=refusal.code)


def _named(rule: Rule) -> str:
    return f"{rule.title} ({rule.id})"


def _field_of(columns: Mapping[str, object], column: str) -> str:
    return next((field for field, place in columns.items() if getattr(place, "column", "") == column), "")
