"""What holds whatever the absent fields hold: the form in which an exclusion is judged.

Of three-valued logic, in which an atom of an absent field is neither true nor false, this keeps what is true. As a
predicate of the ordinary tree it means the same to every engine.
"""

from __future__ import annotations

from vedette.predicate.evaluate import holds
from vedette.predicate.node import FALSE, And, Const, Keyword, Match, Not, Or, Predicate, conjunction, disjunction
from vedette.predicate.pattern import Glob, Present, Reference


def certain(predicate: Predicate) -> Predicate:
    """The predicate with a guard beside every atom whose truth could hang on an absent field.

    Args:
        predicate: any tree.

    Returns:
        A tree that holds on a row exactly if `predicate` holds on it and would hold whatever values the row's absent
        fields had, each atom judged by itself.

    >>> from vedette.predicate import contains, evaluate, negation
    >>> calm = certain(negation(Match("ParentCommandLine", contains("cron"))))
    >>> evaluate(calm, {"ParentCommandLine": "sh"}), evaluate(calm, {})
    (True, False)
    """
    return _certain(predicate, positive=True)


def _certain(predicate: Predicate, *, positive: bool) -> Predicate:
    match predicate:
        case Const(value=value):
            return Const(value is positive)
        case Keyword():
            return predicate if positive else Not(predicate)
        case Not(child=child):
            return _certain(child, positive=not positive)
        case And(children=children) | Or(children=children):
            join = conjunction if isinstance(predicate, And) is positive else disjunction
            return join(_certain(child, positive=positive) for child in children)
        case Match():
            return _guarded(predicate, positive=positive)
    raise TypeError(predicate)


def _guarded(atom: Match, *, positive: bool) -> Predicate:
    """The atom or its negation, where its fields hold something."""
    field, pattern = atom.field, atom.pattern
    if isinstance(pattern, Present):
        return atom if positive else FALSE
    if pattern in (Glob(()), Glob((), cased=True)):
        return FALSE if positive else Match(field, Present())
    guards = [Match(field, Present())]
    if isinstance(pattern, Reference):
        guards.append(Match(pattern.field, Present()))
    if positive:
        return atom if not _holds_when_absent(atom) else conjunction([*guards, atom])
    return conjunction([*guards, Not(atom)])


def _holds_when_absent(atom: Match) -> bool:
    return not isinstance(atom.pattern, Reference) and holds(atom.pattern, "")
