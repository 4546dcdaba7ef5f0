"""The logic of rules as a table, as JSON, and as results for code scanning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec
from rich.console import Console

from vedette.audit.logic.fault import KINDS, Fault
from vedette.audit.logic.judge import Judged, Phase
from vedette.errors import Location, RuleError
from vedette.report import sarif
from vedette.report.judgement import told
from vedette.report.line import BOLD, DIM, PLAIN, WARN, Glyphs, Line, show, wrapped
from vedette.report.terminal import printable
from vedette.sigma.place import section_of
from vedette.sigma.rule import Rule

SCHEMA: Final = "vedette.check/1"
#: Kinds of results for code scanning.
RULES: Final = (
    *(sarif.Rule(kind, text) for kind, (_, text) in KINDS.items()),
    sarif.Rule("content", "A rule can't be read."),
)
#: So many faults of a kind are shown in a table; JSON and SARIF have all.
MOST: Final = 20
_UNBOUNDED: Final = 1_000_000


class Places:
    """Where faults stand in their files, each looked up once."""

    def __init__(self, judged: Judged) -> None:
        self.rules = {rule.id: rule for rule in judged.rules}
        self._known: dict[tuple[str, str], Location] = {}

    def of(self, fault: Fault) -> Location:
        """The line of the detection, or the first line of the rule."""
        key = fault.rule, fault.name
        if key not in self._known:
            rule = self.rules[fault.rule]
            self._known[key] = section_of(rule, "detection", fault.name) if fault.name else rule.location
        return self._known[key]

    def rule(self, fault: Fault) -> Rule:
        """The rule that it is about."""
        return self.rules[fault.rule]


def write(judged: Judged, console: Console) -> None:
    """Print the table; in a file a line is as long as it is."""

    def make(width: int, glyphs: Glyphs) -> Iterator[Line]:
        return lines(judged, width if console.is_terminal else _UNBOUNDED, glyphs)

    show(make, console)


def lines(judged: Judged, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """What was found, the worst first, then the counts and what they cost."""
    places = Places(judged)
    for kind, (level, meaning) in KINDS.items():
        faults = [fault for fault in judged.faults if fault.kind == kind]
        if not faults:
            continue
        style = PLAIN if level == "note" else WARN
        yield from wrapped([(kind, BOLD), (f"{len(faults):,}", BOLD), (meaning, DIM)], width, glyphs)
        for fault in faults[:MOST]:
            rule = places.rule(fault)
            parts = [(printable(str(places.of(fault))), PLAIN), (printable(rule.title), style)]
            yield from wrapped([*parts, (printable(fault.why), PLAIN)], width, glyphs, indent=2)
            if shown := _shown(fault):
                yield from wrapped([(printable(text), DIM) for text in shown], width, glyphs, indent=4)
        if len(faults) > MOST:
            yield from wrapped([(f"{len(faults) - MOST:,} more, see -f json", DIM)], width, glyphs, indent=2)
        yield []
    yield from wrapped([(_headline(judged), BOLD)], width, glyphs)
    yield from wrapped([(_cost(judged), DIM)], width, glyphs)


def _shown(fault: Fault) -> list[str]:
    """What stands below a fault: values, witness, proof."""
    shown = []
    if fault.values:
        shown.append(f"{fault.values[0]} is covered by {fault.values[1]}")
    if fault.witness is not None:
        shown.append(f"{_WITNESSES.get(fault.kind, 'witness')}: {told(fault.witness)}")
    if fault.proof is not None:
        on = f" ({', '.join(fault.proof.fields)})" if fault.proof.fields else ""
        shown.append(f"proof: {fault.proof.clauses:,} clauses, {fault.proof.lemmas:,} of them on values{on}; replayed")
    return shown


_WITNESSES: Final = {
    "blinding-filter": "smallest event hidden",
    "implied-rule": "smallest event that only the other one matches",
}


def _headline(judged: Judged) -> str:
    found = [f"{count:,} {kind}" for kind, count in judged.count().items() if count]
    filters = judged.filters
    return (
        f"{len(judged.rules):,} rules, {filters['all']:,} filters within {filters['rules']:,} of them: "
        f"{', '.join(found) or 'nothing to say'}"
    )


def _cost(judged: Judged) -> str:
    phases = [
        f"{name} {phase.questions:,} in {phase.seconds:.1f} s (median {phase.median * 1000:.2f} ms)"
        for name, phase in judged.phases.items()
    ]
    return f"questions to the solver: {', '.join(phases)}"


def document(judged: Judged, problems: tuple[RuleError, ...], out: BinaryIO) -> None:
    """Everything as one JSON document."""
    places = Places(judged)
    content = {
        "schema": SCHEMA,
        "rules": len(judged.rules),
        "filters": judged.filters,
        "standings": judged.standings,
        "counts": judged.count(),
        "seconds": {name: round(phase.seconds, 6) for name, phase in judged.phases.items()},
        "phases": {name: _phase(phase) for name, phase in judged.phases.items()},
        "faults": [_fault(fault, places) for fault in judged.faults],
        "undecided": [
            {"rule": fault.rule, "detection": fault.name, "other": fault.other, "reason": fault.why}
            for fault in judged.faults
            if fault.kind == "undecided"
        ],
        "problems": [
            {"cause": one.cause, "code": one.code, "file": one.location.path, "line": one.location.line}
            for one in problems
        ],
    }
    out.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")


def _phase(phase: Phase) -> dict[str, Any]:
    written: dict[str, Any] = msgspec.to_builtins(phase)
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in written.items()}


def _fault(fault: Fault, places: Places) -> dict[str, Any]:
    rule, place = places.rule(fault), places.of(fault)
    other = places.rules.get(fault.other)
    return {
        "kind": fault.kind,
        "level": fault.level,
        "rule": {"id": rule.id, "title": rule.title, "author": rule.author, "digest": rule.digest},
        "detection": fault.name,
        "other": {"id": other.id, "title": other.title, "level": other.level} if other else None,
        "field": fault.field,
        "values": fault.values,
        "why": fault.why,
        "witness": fault.witness,
        "proof": fault.proof,
        "file": place.path,
        "line": place.line,
        "column": place.column,
    }


def results(judged: Judged, problems: tuple[RuleError, ...]) -> Iterator[sarif.Result]:
    """What code scanning should show."""
    places = Places(judged)
    for fault in judged.faults:
        rule, place = places.rule(fault), places.of(fault)
        message = ". ".join([f"{rule.title}: {fault.why}", *_shown(fault)])
        properties = {"rule": rule.id, "author": rule.author}
        yield sarif.Result(
            fault.kind, fault.level, message, place.path, place.line, place.column, properties=properties
        )
    for problem in problems:
        where = problem.location
        yield sarif.Result("content", "error", problem.cause, where.path, where.line, where.column)
