"""Fields that refer to one another (`fieldref`), decided together."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from vedette.predicate.evaluate import Value
from vedette.predicate.pattern import Glob, Pattern, Present, Reference, contains, endswith, equals, startswith
from vedette.predicate.solve.automaton import Automaton
from vedette.predicate.solve.outcome import GaveUpError
from vedette.predicate.solve.shape import Shape
from vedette.predicate.solve.text import Clash, Texts
from vedette.predicate.solve.theory import Theory
from vedette.predicate.solve.within import Holder

#: Texts of one field that are tried beside those of the others.
_TRIED: Final = 5
_FORMS: Final = {"equals": equals, "startswith": startswith, "endswith": endswith, "contains": contains}
_MANY: Final = "fields that refer to one another in a way that is not covered"


class Group(NamedTuple):
    """Fields that references join, and the literals of these references."""

    fields: tuple[str, ...]
    literals: tuple[int, ...]


def groups(theory: Theory, references: Sequence[int]) -> list[Group]:
    """The references by the fields that they join, directly or through others."""
    joined: list[Group] = []
    for literal in references:
        shape = theory.shapes[abs(literal)]
        assert isinstance(shape.pattern, Reference)
        fields, literals = {shape.field: None, shape.pattern.field: None}, [literal]
        apart = []
        for group in joined:
            if any(field in fields for field in group.fields):
                fields.update(dict.fromkeys(group.fields))
                literals = [*group.literals, *literals]
            else:
                apart.append(group)
        joined = [*apart, Group(tuple(fields), tuple(literals))]
    return joined


def decide_related(theory: Theory, group: Group, by_field: Mapping[str, Sequence[int]]) -> dict[str, Value] | Clash:
    """Values for all fields of the group, or literals that clash.

    A clash is sound whatever is left out: references that do not hold, and patterns that ask for case behind one that
    does not, are only read by the witness.

    Raises:
        GaveUpError: neither was found.
    """
    if any(theory.kind(field) == "time" for field in group.fields):
        raise GaveUpError("fieldref of a time")
    for field in group.fields:
        if theory.kind(field) == "number" and theory.has_time_part(by_field.get(field, ())):
            raise GaveUpError("fieldref of a time")
    return _Related(theory, group, by_field).decide()


class _Related:
    def __init__(self, theory: Theory, group: Group, by_field: Mapping[str, Sequence[int]]) -> None:
        self.theory = theory
        self.fields = group.fields
        self.literals = {field: list(by_field.get(field, ())) for field in group.fields}
        self.given = {field: tuple(literals) for field, literals in self.literals.items()}
        self.shapes = dict(theory.shapes)
        #: The literals for which a made one stands.
        self.because: dict[int, tuple[int, ...]] = {}
        self.references = group.literals
        self.holding: list[tuple[int, str, Reference]] = []
        for literal in group.literals:
            self._take(literal)

    def _take(self, literal: int) -> None:
        shape = self.shapes[abs(literal)]
        pattern = shape.pattern
        assert isinstance(pattern, Reference)
        subject, target = shape.field, pattern.field
        if subject == target:
            self._make(subject, Present(), (literal,), positive=literal > 0)
            return
        if literal > 0:
            self._make(subject, Present(), (literal,), positive=True)
            self._make(target, Present(), (literal,), positive=True)
        fixed = self._fixed(target, cased=pattern.cased)
        if fixed is not None:
            one, text = fixed
            made = _FORMS[pattern.form](text, cased=pattern.cased)
            self._make(subject, made, (literal, one), positive=literal > 0)
            return
        if pattern.form == "equals":
            fixed = self._fixed(subject, cased=pattern.cased)
            if fixed is not None:
                one, text = fixed
                self._make(target, equals(text, cased=pattern.cased), (literal, one), positive=literal > 0)
                return
        if literal > 0:
            self.holding.append((literal, subject, pattern))

    def _make(self, field: str, pattern: Pattern, because: tuple[int, ...], *, positive: bool) -> None:
        number = max(self.shapes) + 1
        self.shapes[number] = Shape(field, pattern)
        literal = number if positive else -number
        self.because[literal] = because
        self.literals[field].append(literal)

    def _fixed(self, field: str, *, cased: bool) -> tuple[int, str] | None:
        """A literal that leaves the field one text, up to case unless `cased`."""
        for literal in self.given[field]:
            shape = self.shapes[abs(literal)]
            if literal > 0 and shape.fixed and (not cased or not shape.blind):
                return literal, shape.fixed
        return None

    def decide(self) -> dict[str, Value] | Clash:
        words: dict[str, list[str]] = {}
        for field in self.fields:
            found = self._words(field)
            if isinstance(found, Clash):
                return self._clash(found)
            words[field] = found
        for chosen in itertools.product(*words.values()):
            values = dict(zip(self.fields, chosen, strict=True))
            if self._fits(values):
                return self._values(values)
        for root in self.fields:
            text = self._rooted(root)
            if isinstance(text, Clash):
                return text
            for values in self._spread(root, text, words):
                if self._fits(values):
                    return self._values(values)
        raise GaveUpError(_MANY)

    def _texts(self, field: str, literals: Sequence[int]) -> Texts:
        return Texts(literals, self.shapes, self.theory.domain(field), self.theory.budget, short=self.theory.short)

    def _words(self, field: str) -> list[str] | Clash:
        """A few texts of the field on its own."""
        texts: list[str] = []
        literals = list(self.literals[field])
        while len(texts) < _TRIED:
            found = self._texts(field, literals).decide()
            if isinstance(found, Clash):
                if not texts:
                    return found
                break
            texts.append(found)
            number = max(self.shapes) + 1
            self.shapes[number] = Shape(field, Glob((found,) if found else ()))
            literals.append(-number)
        return texts

    def _rooted(self, root: str) -> str | Clash:
        """A text of the field that leaves room for all that it refers to."""
        shapes = self.shapes
        literals = list(self.literals[root])
        behind: list[int] = []
        for literal, subject, pattern in self.holding:
            if subject == root or (pattern.form == "equals" and pattern.field == root):
                other = pattern.field if subject == root else subject
                parts = self._parts(other, behind, (root,), blind=not pattern.cased)
                self.shapes = {**self.shapes, literal: Holder(pattern, root, parts)}
                literals.append(literal)
        try:
            found = self._texts(root, literals).decide()
        finally:
            self.shapes = shapes
        if isinstance(found, Clash):
            if any(literal in self.references for literal in found.literals):
                found = Clash((*found.literals, *behind))
            return self._clash(found)
        return found

    def _parts(
        self, field: str, behind: list[int], path: tuple[str, ...], *, blind: bool
    ) -> list[tuple[Automaton, bool]]:
        """The automata of a target's text; the literals that they rest on are put into `behind`."""
        size = self.theory.budget.limit.size
        parts: list[tuple[Automaton, bool]] = []
        for literal in self.literals[field]:
            shape = self.shapes[abs(literal)]
            if (blind and not shape.blind) or (literal < 0 and not shape.exact):
                continue
            parts.append((shape.automaton(size), literal > 0))
            behind.append(literal)
        domain = self.theory.domain(field).automaton
        if domain is not None:
            parts.append((domain(), True))
        for literal, subject, pattern in self.holding:
            if subject == field and pattern.field not in path and (pattern.cased or blind):
                inner = self._parts(pattern.field, behind, (*path, field), blind=blind or not pattern.cased)
                parts.append((Holder(pattern, field, inner).automaton(size), True))
                behind.append(literal)
        return parts

    def _spread(self, root: str, text: str, words: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
        """The root's text, and parts of it for the fields that it refers to."""
        spans = sorted({text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)}, key=len)
        lists = []
        for field in self.fields:
            near = any(field in (subject, pattern.field) for _, subject, pattern in self.holding)
            own = [span for span in spans if self._texts(field, self.literals[field]).fits(span)] if near else []
            lists.append([text] if field == root else [*own[:50], *own[-1:], *words[field]])
        for chosen in itertools.islice(itertools.product(*lists), 2_000):
            yield dict(zip(self.fields, chosen, strict=True))

    def _fits(self, texts: Mapping[str, str]) -> bool:
        row = self._values(texts)
        if not all(self.theory.domain(field).test(text) for field, text in texts.items()):
            return False
        if any(not self.theory.fits(self.given[field], value) for field, value in row.items()):
            return False
        return all(
            self.theory.fits([literal], row[self.shapes[abs(literal)].field], row) for literal in self.references
        )

    def _values(self, texts: Mapping[str, str]) -> dict[str, Value]:
        return {field: self.theory.value(field, text) for field, text in texts.items()}

    def _clash(self, clash: Clash) -> Clash:
        return Clash(
            tuple(dict.fromkeys(o for literal in clash.literals for o in self.because.get(literal, (literal,))))
        )
