"""The judgement of exclusions as a table, as JSON, and as results for code scanning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import msgspec
from rich.cells import cell_len
from rich.console import Console
from rich.style import Style

from vedette.audit.audit import Audit
from vedette.audit.judgement import Judgement
from vedette.audit.mutate import Score
from vedette.audit.reach import Witness
from vedette.report.line import BOLD, DIM, PLAIN, WARN, Glyphs, Line, show, wrapped
from vedette.report.sarif import Result, Rule
from vedette.report.terminal import pad, printable, truncate

_GAP: Final = "  "
_HEADS: Final = ("reach", "grade", "benign", "attack", "mutants", "decision", "exclusion")
_STYLES: Final = {
    "ACCEPTED": Style.parse("bold green"),
    "REJECTED": Style.parse("red"),
    "UNPROVEN": Style.parse("yellow"),
}
_UNBOUNDED: Final = 1_000_000
#: Kinds of results for code scanning.
KINDS: Final = (
    Rule("exclusion-rejected", "An exclusion in force does more harm than good, or nothing."),
    Rule("exclusion-unproven", "Neither logic nor recordings show that an exclusion is right."),
    Rule("exclusion-aside", "An exclusion does not apply for now."),
    Rule("content", "A rule, filter or recording can't be read."),
)


def write(audit: Audit, console: Console, *, brief: bool = False) -> None:
    """Print the table; in a file a line that explains is as long as it is."""

    def make(width: int, glyphs: Glyphs) -> Iterator[Line]:
        return lines(audit, width if console.is_terminal or brief else _UNBOUNDED, glyphs, brief=brief)

    show(make, console)


def lines(audit: Audit, width: int, glyphs: Glyphs, *, brief: bool = False) -> Iterator[Line]:
    """The table line by line: what is in force, then what is not, then what the figures rest on.

    Args:
        audit: what came of it.
        width: cells of a line.
        glyphs: signs.
        brief: a line for each exclusion, without reasons, steps and witnesses.
    """
    rows = [(judgement, _cells(judgement)) for judgement in audit.judgements]
    widths = [
        max([len(head), *(cell_len(cells[place]) for _, cells in rows)]) for place, head in enumerate(_HEADS[:-1])
    ]
    for title, wanted in (("in force", True), ("not in force", False)):
        part = [(judgement, cells) for judgement, cells in rows if judgement.in_force is wanted]
        if not part:
            continue
        yield [(title, BOLD)]
        heads = [pad(head, room) for head, room in zip(_HEADS, widths, strict=False)]
        yield [(_GAP.join([*heads, _HEADS[-1]]), DIM)]
        for judgement, cells in part:
            yield _row(judgement, cells, widths, width, glyphs)
            for text, style in () if brief else _below(judgement):
                yield from wrapped([(printable(text), style)], width, glyphs, indent=4, hanging=6)
        yield []
    yield from _foot(audit, width, glyphs)


def _cells(judgement: Judgement) -> tuple[str, ...]:
    found, score = judgement.replayed, judgement.score
    return (
        judgement.verdict,
        judgement.forging.grade if judgement.forging else "-",
        f"{found.benign_silenced:,}/{found.benign:,}",
        f"{found.attack_silenced:,}/{found.attack:,}",
        f"{score.without_root_writes.lost:,}/{score.without_root_writes.alert_without:,}" if score else "-",
        judgement.decision,
    )


def _row(judgement: Judgement, cells: Sequence[str], widths: Sequence[int], width: int, glyphs: Glyphs) -> Line:
    line: Line = []
    for cell, room, head in zip(cells, widths, _HEADS, strict=False):
        style = _STYLES[judgement.decision] if head == "decision" else PLAIN
        line.append((pad(cell, room) + _GAP, style))
    used = sum(widths) + len(_GAP) * len(widths)
    kept = judgement.exclusion.filter
    # A page's own words say more than the title that was made for them.
    title = printable(str(kept.block.get("wording", "")) or kept.title)
    return [*line, (truncate(title, max(20, width - used), glyphs.ellipsis), BOLD)]


def _below(judgement: Judgement) -> Iterator[tuple[str, Style]]:
    kept = judgement.exclusion.filter
    if kept.block.get("wording"):
        yield kept.title, DIM
    for reason in judgement.reasons:
        yield reason, WARN if judgement.decision != "ACCEPTED" else PLAIN
    if judgement.aside:
        yield f"not applied for now: {judgement.aside}", WARN
    forging = judgement.forging
    if forging is not None and forging.steps:
        yield f"to hide behind it: {'; '.join(forging.steps)}", PLAIN
        yield f"what would show it: {'; '.join(forging.betrayed)}", DIM
    score = judgement.score
    if score is not None and score.without_root_writes.lost:
        lost = Counter(mutant.operator for mutant in score.lost_freely)
        yield f"mutants silenced: {', '.join(f'{name} {count:,}' for name, count in lost.most_common(6))}", PLAIN
    witness = next((reach.silenced for reach in judgement.reaches if reach.silenced is not None), None)
    seen = next((reach.seen for reach in judgement.reaches if reach.seen is not None), None)
    if witness is not None:
        yield f"smallest event silenced: {told(witness)}", DIM
    if seen is not None and judgement.verdict == "PARTIAL":
        yield f"smallest event still seen: {told(seen)}", DIM
    proof = next((reach for reach in judgement.reaches if reach.clauses), None)
    if proof is not None:
        yield f"proof: {proof.clauses:,} clauses, {proof.lemmas:,} of them on the values of fields; replayed", DIM


def told(witness: Witness) -> str:
    """An event as `Field="value"`, its raw text at the end."""
    parts = [
        f'{name}="{value}"' if isinstance(value, str) else f"{name}={value}" for name, value in witness.values.items()
    ]
    if witness.raw:
        parts.append(f'raw="{witness.raw}"')
    return " ".join(parts) or "one without any field"


def _foot(audit: Audit, width: int, glyphs: Glyphs) -> Iterator[Line]:
    steps = [step for recording in audit.recordings for step in recording.steps]
    attacks = sum(step.label == "attack" for step in steps)
    counts = {decision: sum(one.decision == decision for one in audit.judgements) for decision in _STYLES}
    made = ", ".join(f"{count} {decision.lower()}" for decision, count in counts.items() if count)
    noun = "exclusion" if len(audit.judgements) == 1 else "exclusions"
    yield from wrapped([(f"{len(audit.judgements)} {noun}: {made}", BOLD)], width, glyphs)
    evidence = (
        f"replayed on {len(audit.recordings)} recordings with {len(steps):,} steps ({attacks:,} of them attacks) and "
        f"{audit.matches:,} matches"
        if audit.recordings
        else "no recording was replayed: benign and attack figures are empty"
    )
    yield from wrapped([(evidence, PLAIN)], width, glyphs)
    asked = [one.replayed for one in audit.judgements if one.in_force and one.replayed.attack_runs]
    few = max(asked, key=lambda one: (one.attack_runs_silenced, -one.attack_runs), default=None)
    if few is not None:
        text = (
            f"in force, {few.attack_runs_silenced} of {few.attack_runs} attack runs touched means {few.low:.0%} to "
            f"{few.high:.0%} at 95 %: that {few.says}"
        )
        yield from wrapped([(text, PLAIN)], width, glyphs)
    grade = f"grades against an attacker who is root, as judged on {audit.as_of}; see docs/exclusions.md"
    yield from wrapped([(grade, DIM)], width, glyphs)


def document(audit: Audit, out: BinaryIO) -> None:
    """Everything as one JSON document."""
    content = {
        "schema": "vedette.audit/1",
        "recordings": [{"name": one.name, "log": one.log, "steps": len(one.steps)} for one in audit.recordings],
        "matches": audit.matches,
        "exclusions": [_judgement(one, audit) for one in audit.judgements],
        "problems": [
            {"cause": one.cause, "code": one.code, "file": one.location.path, "line": one.location.line}
            for one in audit.problems
        ],
    }
    out.write(msgspec.json.format(msgspec.json.encode(content)) + b"\n")


def _judgement(one: Judgement, audit: Audit) -> dict[str, Any]:
    exclusion, kept = one.exclusion, one.exclusion.filter
    return {
        "id": kept.id,
        "title": kept.title,
        "author": kept.author,
        "file": kept.location.path,
        "line": kept.location.line,
        "digest": kept.digest,
        "scenario": exclusion.scenario,
        "owner": exclusion.owner,
        "reason": exclusion.reason,
        "ticket": exclusion.ticket,
        "floor": exclusion.floor,
        "in_force": one.in_force,
        "verdict": one.verdict,
        "why": one.why,
        "decision": one.decision,
        "reasons": one.reasons,
        "aside": one.aside,
        "rules": [
            {
                "id": rule,
                "title": audit.rules[rule].title,
                "author": audit.rules[rule].author,
                "digest": audit.rules[rule].digest,
            }
            for rule in one.rules
        ],
        "reaches": one.reaches,
        "redundant_to": one.redundant_to,
        "forging": one.forging,
        "mutation": _mutation(one.score) if one.score else None,
        "replay": one.replayed,
        "blast": one.blast,
        "failed": one.failed,
    }


def _mutation(score: Score) -> dict[str, Any]:
    """Counts, and of each operator what is lost with its first example: the mutants themselves run to thousands."""
    lost: dict[str, dict[str, Any]] = {}
    for mutant in score.lost:
        first = {"effect": mutant.effect, "as_root_writes": mutant.as_root_writes, "step": mutant.step, "lost": 0}
        lost.setdefault(mutant.operator, first)["lost"] += 1
    return {
        "positives": score.positives,
        "left_out": score.left_out,
        "all": score.all,
        "without_root_writes": score.without_root_writes,
        "by_effect": score.by_effect,
        "lost": lost,
        "evaded": [
            {
                "operator": one.operator,
                "effect": one.effect,
                "total": one.total,
                "missed": one.missed,
                "step": one.example.step,
            }
            for one in score.evaded
        ],
    }


def results(audit: Audit) -> Iterator[Result]:
    """What code scanning should show: exclusions in force that are not accepted, and what can't be read."""
    for one in audit.judgements:
        place = one.exclusion.filter.location
        if not one.in_force:
            continue
        if one.decision != "ACCEPTED":
            kind, level = (
                ("exclusion-rejected", "error") if one.decision == "REJECTED" else ("exclusion-unproven", "warning")
            )
            message = f"{one.exclusion.filter.title}: {'; '.join(one.reasons)}"
            yield Result(kind, level, message, place.path, place.line)  # type: ignore[arg-type]  # two literals
        if one.aside:
            yield Result(
                "exclusion-aside", "note", f"{one.exclusion.filter.title}: {one.aside}", place.path, place.line
            )
    for problem in audit.problems:
        where = problem.location
        yield Result("content", "error", problem.cause, where.path, where.line, where.column)
