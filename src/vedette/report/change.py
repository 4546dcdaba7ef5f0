"""What changed between two editions of rules, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import msgspec
from rich.console import Console

from vedette.audit.logic.change import Change, Changes, Reopened
from vedette.errors import RuleError
from vedette.report.judgement import told
from vedette.report.line import BOLD, DIM, PLAIN, WARN, Glyphs, Line, show, wrapped
from vedette.report.terminal import printable
from vedette.sigma.rule import Rule

SCHEMA: Final = "vedette.rules-diff/1"
_UNBOUNDED: Final = 1_000_000


def write(changes: Changes, console: Console) -> None:
    """Print the table; in a file a line is as long as it is."""

    def make(width: int, glyphs: Glyphs) -> Iterator[Line]:
        return lines(changes, width if console.is_terminal else _UNBOUNDED, glyphs)

    show(make, console)


def lines(changes: Changes, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Each rule that changed, those first that miss something; then the exclusions, then the counts."""
    for change in changes.changes:
        if change.verdict == "unchanged" and not change.turned:
            continue
        rule = change.rule
        style = WARN if change.misses else PLAIN
        parts = [(change.verdict, style), (printable(rule.title), BOLD), (printable(str(rule.location)), DIM)]
        yield from wrapped(parts, width, glyphs)
        for text in _below(change):
            yield from wrapped([(printable(text), PLAIN)], width, glyphs, indent=4, hanging=6)
    for one in changes.reopened:
        kept = one.exclusion.filter
        parts = [(one.fault, WARN), (printable(f"exclusion {kept.title}"), BOLD), (printable(str(kept.location)), DIM)]
        yield from wrapped(parts, width, glyphs)
        yield from wrapped([(printable(one.why), PLAIN)], width, glyphs, indent=4, hanging=6)
    counts = ", ".join(f"{count:,} {verdict}" for verdict, count in changes.count().items() if count)
    text = f"{len(changes.changes):,} rules: {counts or 'none'}"
    if changes.reopened:
        text += f"; {len(changes.reopened):,} exclusions to audit anew"
    yield from wrapped([(text, BOLD)], width, glyphs)
    cost = f"{changes.questions:,} questions to the solver in {changes.seconds:.2f} s"
    yield from wrapped([(cost, DIM)], width, glyphs)


def _below(change: Change) -> Iterator[str]:
    yield from (f"{name}: {old} is now {new}" for name, (old, new) in change.turned.items())
    if change.by in ("title", "file"):
        yield f"taken for one rule by its {change.by}"
    if change.instead is not None:
        yield f"misses nothing: {change.instead.title} ({change.instead.id}) matches all that it did"
    if change.missed is not None:
        yield f"misses: {told(change.missed)}"
    if change.gained is not None:
        yield f"newly matches: {told(change.gained)}"
    if change.why:
        yield change.why
    proofs = [proof for proof in (change.widens, change.narrows) if proof is not None]
    if change.verdict == "equivalent":
        yield f"proofs: {sum(proof.clauses for proof in proofs):,} clauses both ways; replayed"
    elif change.verdict == "widened" and change.widens is not None:
        yield f"misses nothing; proof: {change.widens.clauses:,} clauses; replayed"
    elif change.verdict == "narrowed" and change.narrows is not None:
        yield f"newly matches nothing; proof: {change.narrows.clauses:,} clauses; replayed"


def document(changes: Changes, problems: Sequence[RuleError], out: BinaryIO) -> None:
    """Everything as one JSON document."""
    content = {
        "schema": SCHEMA,
        "counts": changes.count(),
        "questions": changes.questions,
        "seconds": round(changes.seconds, 6),
        "rules": [_change(change) for change in changes.changes],
        "exclusions": [_reopened(one) for one in changes.reopened],
        "problems": [
            {"cause": one.cause, "code": one.code, "file": one.location.path, "line": one.location.line}
            for one in problems
        ],
    }
    out.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")


def _change(change: Change) -> dict[str, Any]:
    return {
        "verdict": change.verdict,
        "misses": change.misses,
        "old": _rule(change.old),
        "new": _rule(change.new),
        "by": change.by,
        "turned": change.turned,
        "missed": change.missed,
        "gained": change.gained,
        "proofs": {"misses_nothing": change.widens, "gains_nothing": change.narrows},
        "why": change.why,
        "instead": _rule(change.instead),
    }


def _rule(rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {
        "id": rule.id,
        "title": rule.title,
        "author": rule.author,
        "level": rule.level,
        "status": rule.status,
        "logsource": str(rule.logsource),
        "digest": rule.digest,
        "file": rule.location.path,
        "line": rule.location.line,
    }


def _reopened(one: Reopened) -> dict[str, Any]:
    kept = one.exclusion.filter
    return {
        "id": kept.id,
        "title": kept.title,
        "fault": one.fault,
        "rule": one.rule,
        "why": one.why,
        "file": kept.location.path,
        "line": kept.location.line,
    }
