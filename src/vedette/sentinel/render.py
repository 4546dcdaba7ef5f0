"""Rules of a set -> files of content for one target, and why the others have none."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import msgspec

from vedette.errors import ContentError, ConversionError
from vedette.hunt.exclusion import Exclusions
from vedette.kql import Options, Query, Target, convert_all
from vedette.kql.check import Checker
from vedette.kql.check.conversion import checked
from vedette.kql.reach import verdicts
from vedette.kql.readings import Image
from vedette.sentinel import template
from vedette.sentinel.content import LATE, Form, Schedule, analytics, hunting
from vedette.sentinel.duplicates import KEY, Once, ended, once, room_of
from vedette.sentinel.mapping import Mapped, mapped, regrouped
from vedette.sentinel.technique import read_tags
from vedette.sentinel.validate import validate
from vedette.sentinel.watchlist import Watchlist, listed
from vedette.sentinel.writing import document
from vedette.sigma.correlation import Correlation
from vedette.sigma.references import Directory, resolve
from vedette.sigma.rule import Rule
from vedette.sigma.ruleset import RuleSet


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is to be rendered.

    Attributes:
        forms: `analytics`, `hunting`, or both.
        schedule: of analytics rules.
        options: how queries are written.
        watchlists: whether exclusions of pure equality become watchlists; else all stand in the query.
    """

    forms: tuple[Form, ...]
    schedule: Schedule
    options: Options
    watchlists: bool = True


class Artefact(msgspec.Struct, frozen=True):
    """One file of content.

    Attributes:
        path: below the folder of output.
        text: of the file.
        content: as data; empty for a watchlist's rows.
        form: what it is.
        rule: id of the rule; empty for what is of several.
    """

    path: str
    text: str
    content: dict[str, Any]
    form: Form | str
    rule: str


@dataclasses.dataclass(frozen=True)
class Rendering:
    """What became of a set.

    Attributes:
        target: name of the target.
        artefacts: files, a rule's beside each other.
        refused: why rules have none.
        unenforced: exclusions that the target can't hold; the rules stand without them.
        notes: what to know, each with its rule's place.
        rules: how many rules and correlations were looked at.
        rendered: how many have content.
        proven: whether Microsoft's parser has seen all queries and the columns of their results.
        lacking: id of each rule that stands without an exclusion, and why; as `unenforced`.
    """

    target: str
    artefacts: tuple[Artefact, ...]
    refused: tuple[ContentError, ...]
    unenforced: tuple[ContentError, ...]
    notes: tuple[str, ...]
    rules: int
    rendered: int
    proven: bool
    lacking: tuple[tuple[str, str], ...] = ()


def render(
    loaded: RuleSet, target: Target, wanted: Wanted, judged: Exclusions | None = None, checker: Checker | None = None
) -> Rendering:
    """Render a set for a target.

    Args:
        loaded: the set.
        target: where the queries are to run.
        wanted: what is to be rendered, and how.
        judged: exclusions, as judged for this target; None to take none out.
        checker: Microsoft's parser; None to do without, and then no column is proved.
    """
    lists: dict[str, tuple[Watchlist, ...]] = {}
    if judged is not None and wanted.watchlists:
        judged, lists = _apart(loaded, target, judged, wanted.options.image)
    found = convert_all(loaded, target, wanted.options, judged)
    directory = Directory(loaded.rules, loaded.correlations)
    names = Counter(_stem(query).lower() for query in found if query.part[0] == 1)
    artefacts: list[Artefact] = []
    refused: list[ContentError] = []
    unenforced: list[ContentError] = []
    lacking: list[tuple[str, str]] = []
    notes: list[str] = []
    rendered: set[str] = set()
    for query in found:
        joined = _joined(query.rule, directory) if isinstance(query.rule, Correlation) else ()
        made, faults, said = _of_query(query, target, wanted, lists.get(query.rule.id, ()), checker, names, joined)
        artefacts += made
        refused += faults
        if made:
            rendered.add(query.rule.id)
            unenforced += query.unenforced if query.part[0] == 1 else ()
            lacking += [(query.rule.id, one.cause) for one in query.unenforced] if query.part[0] == 1 else []
            notes += _notes(query) if query.part[0] == 1 else ()
            notes += [f"{query.rule.location}: {query.rule.title}: {one}" for one in said]
    for name, several in lists.items():
        if name in rendered:
            artefacts += [one for each in several for one in _watchlist(target, each, name)]
    artefacts += _templates(target, artefacts, lists)
    whole = sum(query.part[0] == 1 for query in found)
    return Rendering(
        target.name,
        tuple(artefacts),
        tuple(refused),
        tuple(unenforced),
        tuple(notes),
        whole,
        len(rendered),
        checker is not None,
        tuple(lacking),
    )


def _apart(
    loaded: RuleSet, target: Target, judged: Exclusions, image: Image
) -> tuple[Exclusions, dict[str, tuple[Watchlist, ...]]]:
    """The exclusions that stay in queries, and the watchlists of the others by the rule's id."""
    lists: dict[str, tuple[Watchlist, ...]] = {}
    bound = dict(judged.bound)
    for rule in loaded.rules:
        if rule.id in bound:
            several, others = listed(bound[rule.id], rule, target, image)
            if several:
                lists[rule.id], bound[rule.id] = several, others
    return dataclasses.replace(judged, bound=bound), lists


def _of_query(
    query: Query,
    target: Target,
    wanted: Wanted,
    lists: Sequence[Watchlist],
    checker: Checker | None,
    names: Counter[str],
    joined: Sequence[Rule],
) -> tuple[list[Artefact], list[ContentError], tuple[str, ...]]:
    if not query.text:
        return [], list(query.errors), ()
    lines = [line for one in lists for line in one.lines]
    tags = read_tags(query.rule.tags)
    made: list[Artefact] = []
    notes: list[str] = []
    for form in wanted.forms:
        only = _once(query, lines, target, wanted.schedule, checker) if form == "analytics" else Once()
        notes += [only.note] if only.note else []
        text = "\n".join([query.text, *only.arrived, *lines, *only.kept])
        telling = _mapped(dataclasses.replace(query, text=text), target, checker, only)
        columns: Collection[str] | None = None
        if checker is not None:
            proved = checked(dataclasses.replace(query, text=telling.text), checker)
            if not proved.text:
                return [], list(proved.errors), ()
            columns = checker.columns(telling.text)
        if form == "analytics":
            content = analytics(query, telling, tags, wanted.schedule, joined)
        else:
            content = hunting(query, telling, tags, joined)
        path = f"{target.name}/{form}/{_file(query, names)}"
        faults = [
            ConversionError(
                f"{query.rule.title} ({query.rule.id}): as {form} for {target.name}: {message}",
                query.rule.location,
                code=limit.id,
            )
            for limit, _, message in validate(content, name=path, columns=columns)
            if limit.level == "error"
        ]
        if faults:  # neither form of a rule is written alone
            return [], list(faults), ()
        made.append(Artefact(path, document(content), content, form, query.rule.id))
    return made, [], tuple(notes)


def _once(query: Query, lines: Sequence[str], target: Target, schedule: Schedule, checker: Checker | None) -> Once:
    room = room_of(query.text, lines)
    if isinstance(query.rule, Rule):
        return once(query, target, schedule.frequency, schedule.period, room)
    columns = (checker.columns(query.text) if checker is not None else None) or ()
    return ended(query.rule, columns, schedule.over(query.rule.timespan).frequency, LATE, room)


def _joined(correlation: Correlation, directory: Directory) -> tuple[Rule, ...]:
    """The rules that a correlation joins, also through others, each once."""
    found: dict[str, Rule] = {}
    waiting, seen = [correlation], {correlation.id}
    while waiting:
        for part in resolve(waiting.pop(), directory):
            below = part.source
            if isinstance(below, Rule):
                found[below.id] = below
            elif below.id not in seen:
                seen.add(below.id)
                waiting.append(below)
    return tuple(found.values())


def _mapped(query: Query, target: Target, checker: Checker | None, only: Once) -> Mapped:
    own = (KEY,) if any(line.startswith(f"| extend {KEY} ") for line in only.kept) else ()
    if isinstance(query.rule, Rule):
        return mapped(query, target, own)
    return regrouped(query.text, (checker.columns(query.text) if checker is not None else None) or ())


def _notes(query: Query) -> Iterator[str]:
    rule = query.rule
    unknown = read_tags(rule.tags).unknown
    if unknown:
        told = ", ".join(unknown)
        yield f"{rule.location}: {rule.title}: left out, since Sentinel's content tests don't know it: {told}"
    fires = verdicts(query)
    if fires and all(one.verdict == "never" for one in fires):
        yield f"{rule.location}: {rule.title}: can never fire on any source that {query.table} asks"
    if isinstance(rule, Correlation):
        yield from (f"{rule.location}: {rule.title}: {note}" for note in query.notes)


def _watchlist(target: Target, one: Watchlist, rule: str) -> Iterator[Artefact]:
    yield Artefact(f"{target.name}/watchlists/{one.alias}.csv", one.csv(), {}, "watchlist", rule)
    resource = one.resource()
    text = msgspec.json.format(msgspec.json.encode(resource)).decode() + "\n"
    yield Artefact(f"{target.name}/watchlists/{one.alias}.json", text, resource, "watchlist", rule)


def _templates(
    target: Target, artefacts: Sequence[Artefact], lists: Mapping[str, tuple[Watchlist, ...]]
) -> Iterator[Artefact]:
    """All content as templates; a rule stands in the one of its watchlists."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in artefacts:
        needs = [each.alias for each in lists.get(one.rule, ())]
        if one.form == "analytics":
            groups.setdefault(one.rule, []).append(template.rule(one.content, needs))
        elif one.form == "hunting":
            search = template.search(one.content, needs)
            # Without it the service answers 409 to a template that is deployed again; templates have it inside.
            search["properties"]["etag"] = "*"
            groups.setdefault(one.rule, []).append(search)
        elif one.content:
            groups.setdefault(one.rule, []).append(one.content)
    texts = template.templates(groups.values())
    for number, text in enumerate(texts, 1):
        name = "azuredeploy.json" if len(texts) == 1 else f"azuredeploy.{number}of{len(texts)}.json"
        yield Artefact(f"{target.name}/{name}", text, {}, "template", "")


def _stem(query: Query) -> str:
    return PurePath(query.rule.location.path).stem or "rule"


def _file(query: Query, names: Counter[str]) -> str:
    stem = _stem(query)
    which = "" if names[stem.lower()] == 1 else f".{query.rule.id}"
    part = "" if query.part == (1, 1) else ".part{}of{}".format(*query.part)
    return f"{stem}{which}{part}.yaml"
