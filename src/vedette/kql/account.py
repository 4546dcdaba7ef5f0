"""Queries as text and as JSON, and the account of what was not converted."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from vedette.errors import ContentError
from vedette.hunt.exclusion import Exclusions
from vedette.kql.convert import Query
from vedette.kql.reach import verdicts
from vedette.kql.selection import joined_only
from vedette.kql.strings import comment
from vedette.kql.target import Target
from vedette.sigma.correlation import Correlation
from vedette.sigma.ruleset import RuleSet

#: So many queries get a line each on where they can never fire.
EACH: Final = 20


def queries(found: Sequence[Query]) -> str:
    """All queries as one text: the query alone where there is one rule, else each below a header of comments."""
    texts = [query for query in found if query.text]
    if len(found) == 1:
        return "".join(query.text + "\n" for query in texts)
    return "\n".join(with_header(query) for query in texts)


def with_header(query: Query) -> str:
    """A query below comments that say whose rule it is and what to know; ends in a newline."""
    rule = query.rule
    lines = [f"{rule.title} ({rule.id})"]
    lines.append(f"author: {rule.author or 'not stated'}; license: {rule.license or 'not stated'}")
    lines.append(f"target: {query.target} ({query.table}); {'checked' if query.checked else 'unchecked'}")
    lines += [f"note: {note}" for note in _unsaid(query)]
    return "\n".join([*map(comment, lines), query.text]) + "\n"


def _unsaid(query: Query) -> list[str]:
    """The notes that no comment in the query itself says."""
    said = frozenset(line for line in query.text.splitlines() if line.startswith("//"))
    return [note for note in query.notes if comment(note) not in said]


def document(found: Sequence[Query], loaded: RuleSet, target: Target, exclusions: Exclusions | None = None) -> str:
    """Queries, refusals and what did not load, as one JSON document."""
    content = {
        "target": target.name,
        "checked": all(query.checked for query in found if query.text) if any(query.text for query in found) else False,
        "image": target.image,
        "queries": [_query(query) for query in found if query.text],
        "refused": [_refused(query) for query in found if query.errors],
        "joined": sorted(joined_only(loaded)),
        "exclusions_aside": [
            {"id": one.exclusion.id, "title": one.exclusion.filter.title, "fault": one.fault, "why": one.why}
            for one in (exclusions.aside if exclusions is not None else ())
        ],
        "problems": [
            _problem(problem)
            for problem in (*loaded.problems, *(exclusions.problems if exclusions is not None else ()))
        ],
    }
    return msgspec.json.format(msgspec.json.encode(content)).decode() + "\n"


def account(found: Sequence[Query], loaded: RuleSet, exclusions: Exclusions | None = None) -> Iterator[str]:
    """Lines for people: what did not load, what was refused, notes, and the sum."""
    for problem in loaded.problems:
        yield f"vedette: {problem}"
    for warning in loaded.warnings:
        if warning.code != "correlation":  # which is about hunts
            yield f"vedette: {warning}"
    if exclusions is not None:
        yield from (f"vedette: {one}" for one in (*exclusions.problems, *exclusions.aside, *exclusions.notes))
    elif loaded.filters:
        yield f"vedette: no exclusion is taken out, as asked: {len(loaded.filters):,} were read"
    for query in found:
        for error in (*query.errors, *query.unenforced):
            yield f"vedette: {error}"
    for query in found:
        for note in _unsaid(query):
            yield f"vedette: {query.rule.location}: {query.rule.title}: {note}"
    if joined := len(joined_only(loaded)):
        named = "1 rule is" if joined == 1 else f"{joined:,} rules are"
        yield (
            f"vedette: {named} only part of correlations (generate: false) and got no query alone; name the file "
            "without the correlation, or write `generate: true` in it"
        )
    yield from _sources(found)
    converted = [query for query in found if query.text]
    firsts = sum(query.part[0] == 1 for query in converted)
    refused = sum(bool(query.errors) for query in found)
    longest = max((len(query.text) for query in converted), default=0)
    state = "checked" if converted and all(query.checked for query in converted) else "unchecked"
    whole = sum(query.part[0] == 1 for query in found)
    rules = "1 rule" if whole == 1 else f"{whole:,} rules"
    yield f"{firsts:,} of {rules} converted, {refused:,} refused; longest query {longest:,} characters; {state}"


def _sources(found: Sequence[Query]) -> Iterator[str]:
    """Where queries can never fire: a line for each query, or for each source where there are many queries."""
    judged = [(query, verdicts(query)) for query in found if query.part[0] == 1]
    if len(found) <= EACH:
        for query, told in judged:
            nowhere = [
                f"{one.source}{f' on hosts {one.hosts}' if one.hosts else ''} ({one.why})"
                for one in told
                if one.verdict == "never"
            ]
            if nowhere:
                yield f"vedette: {query.rule.location}: {query.rule.title}: can never fire on {'; '.join(nowhere)}"
        return
    counts = Counter((one.source, one.hosts, one.verdict) for _, told in judged for one in told)
    for source, hosts in dict.fromkeys((source, hosts) for source, hosts, _ in counts):
        never, partly = counts[source, hosts, "never"], counts[source, hosts, "partly"]
        of = never + partly + counts[source, hosts, "fires"]
        if hosts:
            yield f"vedette: on {source} of hosts {hosts}, {never:,} more can never fire"
        elif never or partly:
            yield f"vedette: on {source}, {never:,} of {of:,} rules can never fire, {partly:,} in part"
    if counts:
        yield "vedette: -f json says where each rule can fire, and why not"


def _query(query: Query) -> dict[str, Any]:
    return {
        **_rule(query),
        "kind": "correlation" if isinstance(query.rule, Correlation) else "rule",
        "table": query.table,
        "query": query.text,
        "part": query.part[0],
        "parts": query.part[1],
        "length": len(query.text),
        "checked": query.checked,
        "notes": query.notes,
        "sources": [dataclasses.asdict(one) for one in verdicts(query)],
        "excluded": [{"id": one.id, "title": one.filter.title, "reason": one.reason} for one in query.excluded],
        "unenforced": [_problem(error) for error in query.unenforced],
    }


def _refused(query: Query) -> dict[str, Any]:
    return {**_rule(query), "table": query.table, "errors": [_problem(error) for error in query.errors]}


def _rule(query: Query) -> dict[str, Any]:
    rule = query.rule
    return {
        "id": rule.id,
        "title": rule.title,
        "author": rule.author,
        "license": rule.license,
        "file": rule.location.path,
        "line": rule.location.line,
    }


def _problem(error: ContentError) -> dict[str, Any]:
    place = error.location
    return {
        "code": error.code,
        "cause": error.cause,
        "remedy": error.remedy,
        "file": place.path,
        "line": place.line,
        "column": place.column,
    }
