"""`certain` keeps of three-valued logic what is true, in the ordinary tree."""

from __future__ import annotations

from hypothesis import given
from tests.strategies import predicates, rows

from vedette.predicate import And, Const, Keyword, Match, Not, Or, Predicate, Reference, Row, evaluate
from vedette.predicate.certain import certain

FIELDS = ("User", "Image", "DestinationPort")


def three_valued(predicate: Predicate, row: Row, raw: str) -> bool | None:
    """Kleene's logic, written out: None where an absent field decides."""
    match predicate:
        case Const(value=value):
            return value
        case Keyword():
            return evaluate(predicate, row, raw)
        case Match(field=field, pattern=pattern):
            read = [field, pattern.field] if isinstance(pattern, Reference) else [field]
            return None if any(row.get(name, "") == "" for name in read) else evaluate(predicate, row, raw)
        case Not(child=child):
            inner = three_valued(child, row, raw)
            return None if inner is None else not inner
        case And(children=children):
            answers = [three_valued(child, row, raw) for child in children]
            return False if False in answers else None if None in answers else True
        case Or(children=children):
            answers = [three_valued(child, row, raw) for child in children]
            return True if True in answers else None if None in answers else False
    raise TypeError(predicate)


@given(predicates(FIELDS), rows(FIELDS))
def test_it_holds_where_three_valued_logic_is_sure(predicate, row):
    assert evaluate(certain(predicate), row, "raw") is (three_valued(predicate, row, "raw") is True)


@given(predicates(FIELDS), rows(FIELDS))
def test_it_implies_the_predicate(predicate, row):
    assert not evaluate(certain(predicate), row, "raw") or evaluate(predicate, row, "raw")
