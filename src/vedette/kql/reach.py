"""On which sources a query can ever fire: what a source never fills, or fills in another form, decides leaves of it.

A leaf that is decided becomes true or false, and the query folds. If nothing is left of it, it can never fire there; if
a leaf that some row had to fulfil is gone, it fires in part.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from vedette.kql.convert import Query
from vedette.kql.source import Links, Source, read_sources
from vedette.kql.target import Table, read_target
from vedette.predicate import (
    FALSE,
    Atom,
    Const,
    Glob,
    Keyword,
    Match,
    Predicate,
    Present,
    Reference,
    Wild,
    holds,
    rewrite,
)
from vedette.sigma.rule import Rule

_ENTITIES: Final = ("amp;", "lt;", "gt;", "quot;", "apos;")
_NUMERIC: Final = re.compile(r"#(?:[0-9]{0,7}|x[0-9A-Fa-f]{0,6})(?:;|$)")

#: A cause, or a program and its package, to the names for which it stands.
_Causes: TypeAlias = dict[str | tuple[str, str], dict[str, None]]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a query can find among a source's events.

    Attributes:
        source: the source's name.
        hosts: of which hosts this is said; empty for all of them.
        verdict: `fires`, `partly` (some of what it names can never be there) or `never`.
        why: the causes in words; empty where nothing stands against it.
    """

    source: str
    hosts: str
    verdict: Literal["fires", "partly", "never"]
    why: str


def verdicts(query: Query) -> tuple[Verdict, ...]:
    """On which sources a query can fire.

    Args:
        query: as converted.

    Returns:
        One verdict for each source whose hosts may run the rule's product, and one more for each kind of host for which
        it is another; none for queries that were refused, of correlations, or of tables that have one source.
    """
    known = read_sources(query.target)
    if known is None or query.bound is None or not query.text or not isinstance(query.rule, Rule):
        return ()
    table = next((one for one in read_target(query.target).tables if one.name == known.table), None)
    if table is None or query.table not in (table.name, table.builtin):
        return ()
    product = query.rule.logsource.product
    single = _of_one_column(query.bound.predicate, table)
    found = []
    for source in known.sources:
        if product and product not in source.products:
            continue
        decided = _Decided(source, product)
        left = rewrite(single, decided.leaf)
        links = [one for one in known.links if source.image == "resolved" and product in ("", "linux")]
        for one in links:
            rewrite(left, decided.linked(one, apart=False))
        found.append(decided.verdict(left, ""))
        for one in links:
            on_them = _Decided(source, product)
            on_host = rewrite(left, on_them.linked(one, apart=True))
            if on_host == FALSE != left:
                found.append(on_them.verdict(on_host, one.hosts))
    return tuple(found)


def _of_one_column(predicate: Predicate, table: Table) -> Predicate:
    """The predicate as sources see it that fill one column of an image, whose value is then both readings."""
    beside = {
        place.column: held.column for field, place in table.resolved.items() if (held := table.columns("").get(field))
    }

    def leaf(atom: Atom, positive: bool) -> Predicate:  # noqa: ARG001 (the same in either position)
        if not isinstance(atom, Match):
            return atom
        pattern = atom.pattern
        if isinstance(pattern, Reference):
            pattern = Reference(beside.get(pattern.field, pattern.field), pattern.form, pattern.cased)
        return Match(beside.get(atom.field, atom.field), pattern)

    return rewrite(predicate, leaf) if beside else predicate


class _Decided:
    """Leaves that a source decides, with the causes."""

    def __init__(self, source: Source, product: str) -> None:
        self.source = source
        self.product = product
        self.lost: _Causes = {}
        self.idle: _Causes = {}

    def leaf(self, atom: Atom, positive: bool) -> Predicate:
        """A leaf, or what it always is there."""
        if isinstance(atom, Keyword):
            return atom
        columns = [atom.field, *([atom.pattern.field] if isinstance(atom.pattern, Reference) else [])]
        for column in columns:
            if not self.source.fills(column, self.product):
                value = holds(atom.pattern, "", {})
                if isinstance(atom.pattern, Present) and not positive:
                    return Const(value)  # it must be empty, and is
                return self.note(value, f"{column} is never filled", positive=positive)
        form = self.source.forms.get(atom.field)
        pattern = atom.pattern
        if form == "dash" and not isinstance(pattern, Reference):
            return self.note(holds(pattern, "-", {}), f'{atom.field} is always "-"', positive=positive)
        if form == "name" and isinstance(pattern, Glob) and _has(pattern, "/\\"):
            return self.note(False, f"{atom.field} is a file's name without its folder", positive=positive)
        if form == "entities" and isinstance(pattern, Glob) and _is_not_in_xml(pattern):
            return self.note(False, f"{atom.field} keeps `<` and `&` as entities of XML", positive=positive)
        return atom

    def linked(self, links: Links, *, apart: bool) -> Callable[[Atom, bool], Predicate]:
        """A function that decides leaves which name a link; `apart` adds the files that the program is not."""
        names = links.names | links.apart if apart else links.names

        def leaf(atom: Atom, positive: bool) -> Predicate:
            if isinstance(atom, Match) and atom.field in links.columns and isinstance(atom.pattern, Glob):
                named = _named(atom.pattern, links.folders)
                if named in names:
                    return self.note(False, (links.runs, links.package), positive=positive, name=named)
            return atom

        return leaf

    def note(self, value: bool, cause: str | tuple[str, str], *, positive: bool, name: str = "") -> Predicate:
        """What a leaf is decided to be; the cause is kept if the rule loses something by it."""
        if not value:
            (self.lost if positive else self.idle).setdefault(cause, {})[name] = None
        return Const(value)

    def verdict(self, left: Predicate, hosts: str) -> Verdict:
        """The verdict on what is left of the query."""
        lost, idle = _told(self.lost), [f"it excludes nothing by this: {cause}" for cause in _told(self.idle)]
        if left == FALSE:
            return Verdict(self.source.name, hosts, "never", "; ".join(lost or idle))
        return Verdict(self.source.name, hosts, "partly" if lost else "fires", "; ".join([*lost, *idle]))


def _told(causes: _Causes) -> list[str]:
    """Causes in words; the names that stand for one program together."""
    found = []
    for cause, names in causes.items():
        if isinstance(cause, str):
            found.append(cause)
        else:
            runs, package = cause
            found.append(f"where {package} has it, {runs} runs and is told, not {', '.join(names)}")
    return found


def _has(pattern: Glob, letters: str) -> bool:
    return any(isinstance(token, str) and set(letters) & set(token) for token in pattern.tokens)


def _named(pattern: Glob, folders: tuple[str, ...]) -> str:
    """The name at the end of a path that the pattern asks for, if it fits the folders; empty if it leaves it open."""
    match pattern.tokens:
        case (str() as path,):
            folder, sign, name = path.rpartition("/")
            return name if sign and folder in folders else ""
        case (Wild.ANY, str() as end):
            folder, sign, name = end.rpartition("/")
            return name if sign and any(one.endswith(folder) for one in folders) else ""
    return ""


def _is_not_in_xml(pattern: Glob) -> bool:
    """Whether the pattern asks for `<`, or for an `&` that begins no entity."""
    for token in pattern.tokens:
        if isinstance(token, str):
            if "<" in token:
                return True
            for rest in token.split("&")[1:]:
                if not any(rest.startswith(one) or one.startswith(rest) for one in _ENTITIES) and not _NUMERIC.match(
                    rest
                ):
                    return True
    return False
