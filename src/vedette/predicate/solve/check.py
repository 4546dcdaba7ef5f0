"""The checker: replays a proof without the solver.

It numbers the atoms and writes the clauses anew, shows each lemma empty by derivatives (networks by subtraction, times
by going through all days), and refutes clauses and lemmas together by unit propagation and search.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from vedette.predicate.evaluate import holds
from vedette.predicate.node import And, Atom, Const, Keyword, Match, Not, Or, Predicate, atoms
from vedette.predicate.pattern import (
    Cidr,
    Glob,
    Pattern,
    Present,
    Reference,
    Regex,
    TimePart,
    Wild,
    contains,
    endswith,
    equals,
    glob,
    startswith,
)
from vedette.predicate.solve.almanac import no_time
from vedette.predicate.solve.derivative import Terms, TooLargeError
from vedette.predicate.solve.expression import UnreadError, has_case, integers, loose, quads, term_of, text_term
from vedette.predicate.solve.outcome import Kinds, Proof, Vocabulary

#: Decisions of the refutation by search.
_DECISIONS: Final = 100_000
_NAMES: Final = {"integer": "number", "ip": "address"}
_MAKERS: Final = {"equals": equals, "startswith": startswith, "endswith": endswith, "contains": contains}
_RAW: Final = "\0raw"


def check(
    predicate: Predicate, proof: Proof, *, kinds: Kinds | None = None, vocabulary: Vocabulary | None = None
) -> bool:
    """Whether a proof shows that the predicate can't hold.

    Args:
        predicate: what is said not to hold on any event.
        proof: what `solve` gave for it.
        kinds: as they were given to `solve`.
        vocabulary: as it was given to `solve`.

    Returns:
        True only if every step could be replayed; a proof that is too large to replay is refused as well.
    """
    clauses, numbers = _clauses(predicate)
    if proof.atoms != tuple(numbers) or sorted(proof.clauses) != sorted(clauses):
        return False
    fields = {atom.field if isinstance(atom, Match) else _RAW for atom in numbers}
    timed = {atom.field for atom in numbers if isinstance(atom, Match) and isinstance(atom.pattern, TimePart)}
    given = kinds or {}
    expected = {field: given.get(field, "time" if field in timed else "text") for field in fields}
    if proof.kinds != {field: _NAMES.get(kind, kind) for field, kind in expected.items()}:
        return False
    if proof.vocabulary != {field: values for field, values in (vocabulary or {}).items() if field in fields}:
        return False
    leaves = list(numbers)
    try:
        if not all(_lemma(lemma, leaves, proof) for lemma in dict.fromkeys(proof.lemmas)):
            return False
    except (TooLargeError, UnreadError, RecursionError, ValueError):
        return False
    return refuted([*clauses, *proof.lemmas], len(numbers))


def _clauses(predicate: Predicate) -> tuple[list[tuple[int, ...]], dict[Atom, int]]:
    """Clauses and numbers as the proof must have them."""
    numbers: dict[Atom, int] = {}
    for atom in atoms(_plain(predicate)):
        numbers.setdefault(atom, len(numbers) + 1)
    clauses: list[tuple[int, ...]] = []
    count = len(numbers)

    def parts(node: Predicate, holds_: bool, every: bool) -> list[tuple[Predicate, bool]]:
        """The node as parts of an all (or any), as far as it is one."""
        if isinstance(node, Not):
            return parts(node.child, not holds_, every)
        if isinstance(node, And | Or) and (isinstance(node, And) is holds_) is every:
            return [part for child in node.children for part in parts(child, holds_, every)]
        return [(node, holds_)]

    def literal(node: Predicate, holds_: bool) -> int:
        nonlocal count
        if isinstance(node, Match | Keyword):
            return numbers[node] if holds_ else -numbers[node]
        count += 1
        own = count
        every = isinstance(node, And) is holds_
        children = [literal(*part) for part in parts(node, holds_, every)]
        if every:
            clauses.extend((-own, child) for child in children)
        else:
            clauses.append((-own, *children))
        return own

    root = _plain(predicate)
    if isinstance(root, Const):
        return ([] if root.value else [()]), {}
    top = parts(root, True, True)
    if len(top) > 1:
        clauses.extend((literal(*part),) for part in top)
    else:
        clauses.append(tuple(literal(*part) for part in parts(*top[0], False)))
    return clauses, numbers


def _plain(node: Predicate) -> Predicate:
    """The predicate without constants and double negations, nested nodes of one kind joined, doubles dropped."""
    match node:
        case Not(child=child):
            inner = _plain(child)
            if isinstance(inner, Const):
                return Const(not inner.value)
            return inner.child if isinstance(inner, Not) else Not(inner)
        case And(children=children) | Or(children=children):
            every = isinstance(node, And)
            kept: list[Predicate] = []
            for child in map(_plain, children):
                if isinstance(child, Const):
                    if child.value is not every:
                        return child
                elif isinstance(child, And if every else Or):
                    kept.extend(child.children)
                else:
                    kept.append(child)
            kept = list(dict.fromkeys(kept))
            if len(kept) < 2:
                return kept[0] if kept else Const(every)
            return And(tuple(kept)) if every else Or(tuple(kept))
        case _:
            return node


def _lemma(lemma: Sequence[int], leaves: Sequence[Atom], proof: Proof) -> bool:
    """Whether no value obeys the negation of the clause."""
    asked: dict[str, list[tuple[Pattern, bool]]] = {}
    references: list[tuple[str, Reference, bool]] = []
    for literal in lemma:
        if not 1 <= abs(literal) <= len(leaves):
            return False
        atom = leaves[abs(literal) - 1]
        field, pattern = (atom.field, atom.pattern) if isinstance(atom, Match) else (_RAW, _widened(atom))
        if isinstance(pattern, Reference):
            references.append((field, pattern, literal < 0))
        else:
            asked.setdefault(field, []).append((pattern, literal < 0))
    if references:
        return _joined(asked, references, proof)
    return len(asked) == 1 and all(_barren(field, literals, proof) for field, literals in asked.items())


def _widened(atom: Keyword) -> Pattern:
    if isinstance(atom.pattern, Regex):
        return atom.pattern
    return glob([Wild.ANY, *atom.pattern.tokens, Wild.ANY], cased=atom.pattern.cased)


def _barren(field: str, literals: Sequence[tuple[Pattern, bool]], proof: Proof) -> bool:
    """Whether the field has no value that meets (True) and misses (False) the patterns as said."""
    kind = proof.kinds[field]
    if field in proof.vocabulary:
        values = [int(v) if v and kind == "number" else v for v in proof.vocabulary[field]]
        return not any(all(holds(pattern, value) == sign for pattern, sign in literals) for value in values)
    timed = any(isinstance(pattern, TimePart) for pattern, _ in literals)
    if kind == "time" or (kind == "number" and timed):
        return no_time(literals)
    if all(isinstance(pattern, Cidr) for pattern, _ in literals):
        return _no_address([(pattern.network, sign) for pattern, sign in literals if isinstance(pattern, Cidr)])
    if kind == "text":
        for pattern, sign in literals:
            if sign and isinstance(pattern, Glob) and pattern.form == "equals":
                text = pattern.literal
                if (pattern.cased or not has_case(text)) and any(holds(other, text) != s for other, s in literals):
                    return True
    terms = Terms()
    return terms.hopeless(terms.both(_terms(literals, kind, terms)))


def _terms(literals: Iterable[tuple[Pattern, bool]], kind: str, terms: Terms) -> list[int]:
    """Terms that every value which meets the literals meets."""
    made = []
    for pattern, sign in literals:
        term = term_of(pattern, terms)
        if term is not None:
            made.append(term if sign else terms.negate(term))
        elif sign:
            made.append(loose(terms))
    if kind == "number":
        made.append(integers(terms))
    if kind == "address":
        four = quads(ipaddress.IPv4Network("0.0.0.0/0"), terms)
        six = terms.both([loose(terms), terms.star(terms.letters(((48, 58), (97, 102))))])
        made.append(terms.either(terms.empty, four, six, terms.cat(text_term("::ffff:", terms), four)))
    return made


def _no_address(literals: Sequence[tuple[str, bool]]) -> bool:
    inside = [ipaddress.ip_network(network, strict=False) for network, sign in literals if sign]
    if not inside:
        return False
    left = [max(inside, key=lambda network: network.prefixlen)]
    if not all(_covers(network, left[0]) for network in inside):
        return True
    for network in (ipaddress.ip_network(network, strict=False) for network, sign in literals if not sign):
        rest: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for part in left:
            if _covers(network, part):
                continue
            rest += list(part.address_exclude(network)) if _covers(part, network) else [part]  # type: ignore[arg-type]  # of one version, since it covers
        left = rest
    return not left


def _covers(
    one: ipaddress.IPv4Network | ipaddress.IPv6Network, other: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return one.version == other.version and one.supernet_of(other)  # type: ignore[arg-type]  # of one version


def _joined(
    asked: Mapping[str, Sequence[tuple[Pattern, bool]]],
    references: Sequence[tuple[str, Reference, bool]],
    proof: Proof,
) -> bool:
    """Whether fields that refer to one another have no values; shown on one of them at a time."""
    literals: dict[str, list[tuple[Pattern, bool]]] = {field: list(found) for field, found in asked.items()}
    if any(
        isinstance(pattern, TimePart) and proof.kinds[field] != "text"
        for field in literals
        for pattern, _ in literals[field]
    ):
        return False
    holding: list[tuple[str, Reference, str]] = []
    for subject, pattern, sign in references:
        if any(proof.kinds.get(field) == "time" for field in (subject, pattern.field)):
            return False
        own, other = literals.setdefault(subject, []), literals.setdefault(pattern.field, [])
        if subject == pattern.field:
            own.append((Present(), sign))
            continue
        text = _only(asked.get(pattern.field, ()), cased=pattern.cased)
        if text is not None:
            own.append((_MAKERS[pattern.form](text, cased=pattern.cased), sign))
        turned = _only(asked.get(subject, ()), cased=pattern.cased) if pattern.form == "equals" else None
        if turned is not None:
            other.append((equals(turned, cased=pattern.cased), sign))
        if sign:
            own.append((Present(), True))
            other.append((Present(), True))
            holding.append((subject, pattern, pattern.field))
            if pattern.form == "equals":
                holding.append((pattern.field, pattern, subject))

    def held(field: str, path: tuple[str, ...], terms: Terms, *, blind: bool) -> int:
        found = [
            (pattern, sign)
            for pattern, sign in literals.get(field, ())
            if not (blind and (isinstance(pattern, Regex) or (isinstance(pattern, Glob) and pattern.cased)))
            # Assertions are about the ends of the whole text, so no expression is read inside another text.
            and not (path and isinstance(pattern, Regex))
        ]
        made = _terms(found, proof.kinds.get(field, "text"), terms)
        if field in proof.vocabulary:
            made.append(terms.either(*[text_term(text, terms) for text in proof.vocabulary[field]]))
        for subject, pattern, target in holding:
            if subject == field and target not in path and (pattern.cased or blind or not path):
                inner = held(target, (*path, field), terms, blind=blind or not pattern.cased)
                before = [terms.any] if pattern.form in ("endswith", "contains") else []
                after = [terms.any] if pattern.form in ("startswith", "contains") else []
                made.append(terms.cat(*before, inner, *after))
        return terms.both(made)

    for field in literals:
        terms = Terms()
        if terms.hopeless(held(field, (), terms, blind=False)):
            return True
    return False


def _only(literals: Sequence[tuple[Pattern, bool]], *, cased: bool) -> str | None:
    """The one text that the literals leave, up to case unless `cased`."""
    for pattern, sign in literals:
        fixed = sign and isinstance(pattern, Glob) and pattern.form == "equals" and (pattern.cased or not cased)
        if fixed and isinstance(pattern, Glob) and pattern.literal:
            return pattern.literal
    return None


def refuted(clauses: Iterable[Sequence[int]], first: int = 0) -> bool:
    """Whether no assignment meets all clauses, by unit propagation and search; False as well if that costs too much.

    Args:
        clauses: signed numbers.
        first: numbers up to this one are decided on first.
    """
    kept = [tuple(dict.fromkeys(clause)) for clause in clauses]
    if () in kept:
        return True
    search = _Refutation(kept)
    return search.run(first)


class _Refutation:
    """Depth-first search that jumps back over decisions in which a conflict has no part."""

    def __init__(self, clauses: Sequence[tuple[int, ...]]) -> None:
        self.clauses = clauses
        self.watching: dict[int, list[int]] = {}
        for index, clause in enumerate(clauses):
            for literal in clause:
                self.watching.setdefault(-literal, []).append(index)
        #: True literals, each with the decisions that it follows from.
        self.value: dict[int, frozenset[int]] = {}
        self.trail: list[int] = []

    def run(self, first: int) -> bool:
        order = sorted({abs(literal) for clause in self.clauses for literal in clause}, key=lambda n: (n > first, n))
        for clause in self.clauses:
            if len(clause) == 1 and self._set(clause[0], frozenset()) is not None:
                return True
        #: Each decision with where the trail stood, and what refuted its first value, once that is known.
        levels: list[tuple[int, int, frozenset[int] | None]] = []
        conflict: frozenset[int] | None = None
        for _ in range(_DECISIONS):
            if conflict is None:
                free = next((n for n in order if n not in self.value and -n not in self.value), None)
                if free is None:
                    return False
                levels.append((-free, len(self.trail), None))
                conflict = self._set(-free, frozenset([free]))
                continue
            while levels and abs(levels[-1][0]) not in conflict:
                self._undo(levels.pop()[1])
            if not levels:
                return True
            literal, mark, _ = levels.pop()
            self._undo(mark)
            reasons = conflict - {abs(literal)}
            # The other value follows from what refuted this one.
            conflict = self._set(-literal, reasons)
        return False

    def _undo(self, mark: int) -> None:
        while len(self.trail) > mark:
            del self.value[self.trail.pop()]

    def _set(self, literal: int, reasons: frozenset[int]) -> frozenset[int] | None:
        """Make a literal true with all that follows; the decisions behind a conflict, or None."""
        queue = [(literal, reasons)]
        while queue:
            literal, reasons = queue.pop()
            if literal in self.value:
                continue
            if -literal in self.value:
                return reasons | self.value[-literal]
            self.value[literal] = reasons
            self.trail.append(literal)
            for index in self.watching.get(literal, ()):
                clause = self.clauses[index]
                if any(other in self.value for other in clause):
                    continue
                free = [other for other in clause if -other not in self.value]
                if len(free) > 1:
                    continue
                because = frozenset().union(*(self.value[-other] for other in clause if -other in self.value))
                if not free:
                    return because
                queue.append((free[0], because))
        return None
