"""Converted rules held against the parser: a query with an error is none."""

from __future__ import annotations

import dataclasses

from vedette.errors import ConversionError
from vedette.kql.check.checker import Checker
from vedette.kql.convert import Query


def checked(query: Query, checker: Checker) -> Query:
    """What became of a rule, after its query was checked.

    Returns:
        The query marked as checked, with what else the parser says as notes; where it says that there is an error,
        none, and the error. A query that was refused before stays as it is.
    """
    if not query.text:
        return query
    found = checker.check(query.text)
    wrong = tuple(diagnostic for diagnostic in found if diagnostic.severity == "error")
    if not wrong:
        said = [f"{diagnostic.message} ({diagnostic.code})" for diagnostic in found]
        notes = (*query.notes, *(note for note in said if note.rpartition(" (")[0] not in query.notes))
        return dataclasses.replace(query, checked=True, notes=notes)
    rule = query.rule
    errors = [
        ConversionError(
            f"{rule.title} ({rule.id}): the query is wrong at {said.line}:{said.column}, {said.text!r}: {said.message}",
            rule.location,
            remedy="a defect of Vedette's; please report it",
            code=said.code,
        )
        for said in wrong
    ]
    return dataclasses.replace(query, text="", errors=(*query.errors, *errors))
