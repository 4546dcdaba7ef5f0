"""What one audit record can't hold: a field that records of its type never carry, or two types at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from vedette.kql.binding import Refusal
from vedette.predicate import And, Glob, Match, Or, Predicate, holds

_ARGUMENT: Final = re.compile(r"a[0-9]{1,10}")


def misfits(predicate: Predicate, records: Mapping[str, tuple[str, ...]]) -> tuple[Refusal, ...]:
    """What a rule asks of a record that no record can fulfil, each once.

    Args:
        predicate: a rule's logic over fields of single records.
        records: type to the fields that it carries, for types of which that is known.
    """
    return tuple(dict.fromkeys(_misfits(predicate, None, records)))


def _misfits(
    predicate: Predicate, types: frozenset[str] | None, records: Mapping[str, tuple[str, ...]]
) -> Iterator[Refusal]:
    match predicate:
        case And(children=children):
            for child in children:
                named = _types(child)
                if named is not None:
                    both = named if types is None else named & types
                    if not both:
                        asked = " and ".join(sorted({*named, *(types or ())}))
                        yield Refusal(
                            "type", "value", f"no record is of the types {asked} at once, and none are joined"
                        )
                        return
                    types = both
            for child in children:
                if _types(child) is None:
                    yield from _misfits(child, types, records)
        case Or(children=children):
            for child in children:
                yield from _misfits(child, types, records)
        case Match(field=field, pattern=pattern) if types and field != "type" and not holds(pattern, ""):
            if all(name in records and not _carries(name, field, records) for name in types):
                yield Refusal(field, "no-column", f"records of the type {' or '.join(sorted(types))} carry no {field}")


def _types(predicate: Predicate) -> frozenset[str] | None:
    """The types that a condition names, if it does nothing but name types."""
    match predicate:
        case Match(field="type", pattern=Glob(form="equals") as pattern) if pattern.tokens:
            return frozenset({pattern.literal.upper()})
        case Or(children=children):
            found = [_types(child) for child in children]
            return None if None in found else frozenset().union(*(one for one in found if one is not None))
    return None


def _carries(name: str, field: str, records: Mapping[str, tuple[str, ...]]) -> bool:
    return field in records[name] or field == "EventTime" or (name == "EXECVE" and bool(_ARGUMENT.fullmatch(field)))
