"""Which rules a correlation joins: ids and names become rules, once all documents of a set are read.

A correlation may join correlations. Each of their matches is then an event at the end of its window that has the
fields that it was grouped by, and no others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

from vedette.errors import RuleError
from vedette.sigma.correlation import Correlation
from vedette.sigma.refusal import RefusedError
from vedette.sigma.rule import Rule

Source: TypeAlias = Rule | Correlation
#: So many correlations may stand in one chain.
MAX_CHAIN: Final = 8


@dataclasses.dataclass(frozen=True)
class Part:
    """One of the rules that a correlation joins.

    Attributes:
        reference: as the correlation names it.
        source: the rule, or the correlation.
        group: the source's own field for each of the correlation's `group_by`.
        fields: the source's own field for each of the correlation's `fields`.
    """

    reference: str
    source: Source
    group: tuple[str, ...]
    fields: tuple[str, ...]


class Directory:
    """Rules and correlations by id and by name."""

    def __init__(self, rules: Iterable[Rule], correlations: Iterable[Correlation]) -> None:
        self._found: dict[str, dict[str, Source]] = {}
        sources: tuple[Source, ...] = (*rules, *correlations)
        for source in sources:
            for key in (source.id, source.name):
                if key:
                    self._found.setdefault(key.lower(), {})[source.id] = source

    def find(self, reference: str) -> tuple[Source, ...]:
        """All that an id or a name may mean, whatever its case: none, one, or several of one name."""
        return tuple(self._found.get(reference.lower(), {}).values())


def resolve(correlation: Correlation, directory: Directory) -> tuple[Part, ...]:
    """The rules that a correlation joins, in its order.

    Raises:
        RuleError: it can't be resolved; never for a correlation of the set that the directory was made of.
    """
    parts, refusals = parts_of(correlation, directory)
    if refusals:
        first = refusals[0]
        raise RuleError(first.cause, correlation.location, remedy=first.remedy, code=first.code)
    return parts


def parts_of(correlation: Correlation, directory: Directory) -> tuple[tuple[Part, ...], tuple[RefusedError, ...]]:
    """The rules that a correlation joins, and what is wrong with its references."""
    refusals: list[RefusedError] = []
    sources: dict[str, Source] = {}
    for index, reference in enumerate(correlation.rules):
        found = directory.find(reference)
        if len(found) == 1:
            if found[0].id in (source.id for source in sources.values()):
                refusals.append(_refusal(f"{reference!r} is joined already, by another name", "rules", index))
            sources[reference] = found[0]
        elif found:
            places = ", ".join(str(source.location) for source in found)
            refusals.append(
                _refusal(f"{len(found)} rules are named {reference!r}: {places}", "rules", index, remedy="use the id")
            )
        else:
            refusals.append(
                _refusal(
                    f"no rule {reference!r} is among those that loaded",
                    "rules",
                    index,
                    remedy="load its file too, or give the rule this `name`",
                )
            )
    aliases = _aliases(correlation, sources, directory, refusals)
    parts = tuple(
        Part(
            reference,
            source,
            _fields(correlation.group_by, "group-by", reference, source, aliases, refusals),
            _fields(correlation.fields, "condition", reference, source, aliases, refusals),
        )
        for reference, source in sources.items()
    )
    return parts, tuple(refusals)


def check(
    correlations: Sequence[Correlation], directory: Directory
) -> tuple[tuple[Correlation, ...], tuple[tuple[Correlation, RefusedError], ...]]:
    """Correlations that resolve, down to rules, and why the others don't."""
    refused: list[tuple[Correlation, RefusedError]] = []
    children: dict[str, set[str]] = {}
    broken: set[str] = set()
    for one in correlations:
        parts, refusals = parts_of(one, directory)
        refused += [(one, refusal) for refusal in refusals]
        if refusals:
            broken.add(one.id)
        children[one.id] = {part.source.id for part in parts if isinstance(part.source, Correlation)}
    height = _heights(children)
    kept: set[str] = set()
    for one in sorted(correlations, key=lambda one: height.get(one.id, 0)):
        if one.id not in height:
            cause = "its rules lead back to a correlation of the same chain"
            refused.append((one, RefusedError(cause, "correlation-cycle", ("correlation", "rules"))))
        elif height[one.id] > MAX_CHAIN:
            cause = f"a chain of more than {MAX_CHAIN} correlations"
            refused.append((one, RefusedError(cause, "too-deep", ("correlation", "rules"))))
        elif one.id not in broken:
            below = sorted(children[one.id] & broken)
            if not below:
                kept.add(one.id)
                continue
            refused.append((one, _refusal(f"it joins the correlation {below[0]}, which is refused", "rules")))
        broken.add(one.id)
    return tuple(one for one in correlations if one.id in kept), tuple(refused)


def _heights(children: Mapping[str, set[str]]) -> dict[str, int]:
    """How long the longest chain below each correlation is, itself counted; those of cycles and above are left out."""
    waiting = {name: len(below) for name, below in children.items()}
    parents: dict[str, list[str]] = {}
    for name, below in children.items():
        for child in below:
            parents.setdefault(child, []).append(name)
    height: dict[str, int] = {}
    ready = [name for name, count in waiting.items() if not count]
    while ready:
        name = ready.pop()
        height[name] = 1 + max((height[child] for child in children[name]), default=0)
        for parent in parents.get(name, ()):
            waiting[parent] -= 1
            if not waiting[parent]:
                ready.append(parent)
    return height


def _aliases(
    correlation: Correlation, sources: Mapping[str, Source], directory: Directory, refusals: list[RefusedError]
) -> dict[str, dict[str, str]]:
    """Alias to field, by the id of the rule."""
    joined = {source.id for source in sources.values()}
    found: dict[str, dict[str, str]] = {}
    for alias, fields in correlation.aliases.items():
        found[alias] = {}
        for reference, field in fields.items():
            named = directory.find(reference)
            inside = [sources[reference]] if reference in sources else [one for one in named if one.id in joined]
            if len(inside) == 1:
                found[alias][inside[0].id] = field
            elif len(sources) == len(correlation.rules):  # else the unknown rule is told already
                cause = f"the alias {alias!r} speaks of {reference!r}, which is none of the rules"
                refusals.append(RefusedError(cause, "alias", ("correlation", "aliases", alias)))
    return found


def _fields(
    names: Sequence[str],
    key: str,
    reference: str,
    source: Source,
    aliases: Mapping[str, Mapping[str, str]],
    refusals: list[RefusedError],
) -> tuple[str, ...]:
    """The source's own field for each name."""
    found = []
    for name in names:
        field = name
        if name in aliases:
            if source.id not in aliases[name]:
                cause = f"the alias {name!r} names no field for {reference!r}"
                refusals.append(RefusedError(cause, "alias", ("correlation", "aliases", name)))
                continue
            field = aliases[name][source.id]
        if isinstance(source, Correlation) and field not in source.group_by:
            told = ", ".join(source.group_by) or "none"
            cause = f"the matches of {reference!r} have only the fields that it is grouped by ({told}), not {field!r}"
            refusals.append(_refusal(cause, key))
        found.append(field)
    return tuple(found)


def _refusal(cause: str, *path: str | int, remedy: str = "") -> RefusedError:
    return RefusedError(cause, "correlation-reference", ("correlation", *path), remedy=remedy)
