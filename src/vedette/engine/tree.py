"""A predicate as the matcher runs it: leaves of one field are joined to probes, scanned patterns are numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import msgspec

from vedette.predicate import And, Const, Match, Not, Or, Pattern, Predicate, Reference


class Probe(msgspec.Struct, frozen=True, tag="probe"):
    """A field's value hits one of several patterns.

    Attributes:
        field: the field.
        scanned: patterns by their number in the field's vocabulary; the scan answers them.
        direct: patterns that are held against the value when a candidate comes up.
    """

    field: str
    scanned: tuple[int, ...] = ()
    direct: tuple[Pattern, ...] = ()


class Pair(msgspec.Struct, frozen=True, tag="pair"):
    """A field's value is compared with another field's."""

    field: str
    pattern: Reference


class All(msgspec.Struct, frozen=True, tag="all"):
    """All children hold."""

    children: tuple[Tree, ...]


class Some(msgspec.Struct, frozen=True, tag="some"):
    """A child holds."""

    children: tuple[Tree, ...]


class Inverse(msgspec.Struct, frozen=True, tag="inverse"):
    """The child does not hold."""

    child: Tree


class Fixed(msgspec.Struct, frozen=True, tag="fixed"):
    """Always true or always false."""

    value: bool


Tree: TypeAlias = Probe | Pair | All | Some | Inverse | Fixed

#: What an evaluation costs, cheapest first, so that costly children see few rows.
_SCANNED: Final = 0
_DIRECT: Final = 1
_NESTED: Final = 2


def plant(predicate: Predicate, number: Callable[[str, Pattern], int | None]) -> Tree:
    """The tree of a reduced predicate.

    Args:
        predicate: without keywords.
        number: the number of a field's pattern if the scan answers it, else None.
    """
    match predicate:
        case Const(value=value):
            return Fixed(value)
        case Match(field=field, pattern=Reference() as pattern):
            return Pair(field, pattern)
        case Match():
            return _probes([predicate], number)[0]
        case Not(child=child):
            return Inverse(plant(child, number))
        case And(children=children):
            return All(tuple(sorted((plant(child, number) for child in children), key=_cost)))
        case Or(children=children):
            plain = [child for child in children if isinstance(child, Match) and not _is_pair(child)]
            rest = [child for child in children if not isinstance(child, Match) or _is_pair(child)]
            planted = [*_probes(plain, number), *(plant(child, number) for child in rest)]
            return planted[0] if len(planted) == 1 else Some(tuple(sorted(planted, key=_cost)))
    raise TypeError(predicate)


def _is_pair(match: Match) -> bool:
    return isinstance(match.pattern, Reference)


def _probes(matches: list[Match], number: Callable[[str, Pattern], int | None]) -> list[Tree]:
    scanned: dict[str, list[int]] = {}
    direct: dict[str, list[Pattern]] = {}
    for match in matches:
        known = number(match.field, match.pattern)
        scanned.setdefault(match.field, [])
        direct.setdefault(match.field, [])
        if known is None:
            direct[match.field].append(match.pattern)
        else:
            scanned[match.field].append(known)
    return [Probe(field, tuple(scanned[field]), tuple(direct[field])) for field in scanned]


def _cost(tree: Tree) -> int:
    match tree:
        case Fixed():
            return _SCANNED
        case Probe(direct=direct):
            return _DIRECT if direct else _SCANNED
        case Inverse(child=child):
            return _cost(child)
        case Pair():
            return _NESTED
        case All(children=children) | Some(children=children):
            return max((_cost(child) for child in children), default=_SCANNED)
    raise TypeError(tree)
