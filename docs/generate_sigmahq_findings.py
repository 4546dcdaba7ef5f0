"""Writes docs/sigmahq-findings.md: what `vedette check` says of SigmaHQ's rules.

    VEDETTE_SHARED=FOLDER python docs/generate_sigmahq_findings.py

FOLDER/sigmahq holds SigmaHQ's rules, in folders whose names begin with `rules`, and a README.md that names the commit.
The page holds counts, ids, names of detections, facts and witnesses, and no rule's text.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from vedette.audit.logic.fault import KINDS, Fault, Kind
from vedette.audit.logic.judge import Judged, judge
from vedette.report.judgement import told
from vedette.report.terminal import printable
from vedette.sigma.rule import LEVELS
from vedette.sigma.ruleset import load

PAGE: Final = Path(__file__).with_name("sigmahq-findings.md")
#: So many pairs of rules are listed.
MOST: Final = 60
_WIDEST: Final = 160
PREFACE: Final = """\
# What `vedette check` says of SigmaHQ's rules

<!-- Written by docs/generate_sigmahq_findings.py; run `make sigmahq` instead of editing. -->

Made of {of} by `make sigmahq`. Each line is proved, the proof replayed by a checker of its own, or shown by an event
that the reference evaluator has replayed. What the words mean stands in [check.md](check.md). "Can't" is said of events
as [the law](law.md) has them: an absent text is the empty text, so a filter on `null` beside a filter on the empty text
hides nothing of its own. On a backend that tells the two apart it may. No finding says that a rule is bad: a filter
that can't apply harms nobody but the reader who trusts it.
"""


def render(judged: Judged, of: str, top: str) -> str:
    """The page.

    Args:
        judged: all rules.
        of: what they are.
        top: the folder that paths are shown below.
    """
    parts = [PREFACE.format(of=of), *_counts(judged)]
    filters: tuple[Kind, ...] = ("dead-rule", "certain-rule", "blinding-filter", "inert-filter", "redundant-filter")
    for kind in (*filters, "redundant-detection", "filter-as-selection"):
        parts += ["", *_table(kind, judged, top)]
    parts += ["", *_pairs(judged), "", *_undecided(judged, top)]
    return "\n".join(parts) + "\n"


def _counts(judged: Judged) -> Iterator[str]:
    filters = judged.filters
    yield (
        f"{len(judged.rules):,} rules; {filters['rules']:,} of them deny {filters['all']:,} detections, of which "
        f"{filters['named']:,} are named filters."
    )
    yield "\n| finding | how often | meaning |"
    yield "|---|---|---|"
    for kind, count in judged.count().items():
        yield f"| `{kind}` | {count:,} | {KINDS[kind][1]} |"  # type: ignore[index]  # the keys are kinds
    yield "\nSeconds are of one processor, the replay of proofs included.\n"
    yield "| questions about | asked | seconds | median, ms | 99 of 100 within, ms | longest, s |"
    yield "|---|---|---|---|---|---|"
    for name, phase in judged.phases.items():
        yield (
            f"| {name} | {phase.questions:,} | {phase.seconds:.1f} | {phase.median * 1000:.2f} | "
            f"{phase.p99 * 1000:.1f} | {phase.longest:.2f} |"
        )


def _table(kind: Kind, judged: Judged, top: str) -> Iterator[str]:
    faults = _of(kind, judged)
    yield f"## {kind}"
    yield f"\n{KINDS[kind][1]}"
    if not faults:
        yield "\nNone."
        return
    yield "\n| rule | file | detection | proof: clauses | contradiction about |"
    yield "|---|---|---|---|---|"
    paths = {rule.id: rule.location.path for rule in judged.rules}
    for fault in faults:
        file = Path(paths[fault.rule]).relative_to(top)
        proof = fault.proof
        about = "-" if proof is None else ", ".join(f"`{field}`" for field in proof.fields) or "the condition itself"
        clauses = "-" if proof is None else f"{proof.clauses:,}"
        yield f"| {fault.rule} | {file} | {fault.name or '-'} | {clauses} | {about} |"
        if fault.witness is not None:
            yield f"| | | smallest event hidden | | `{_event(fault)}` |"


def _pairs(judged: Judged) -> Iterator[str]:
    """Which rule implies which; those that a rule of no lower level implies first."""
    levels = {rule.id: LEVELS.index(rule.level) for rule in judged.rules}
    equal, implied = _of("equal-rules", judged), _of("implied-rule", judged)
    yield "## Equal and implied rules"
    above = [fault for fault in implied if levels[fault.other] >= levels[fault.rule]]
    yield (
        f"\n{len(equal):,} pairs mean the same. {len(implied):,} times a rule matches all that another rule of its "
        f"log source does; {len(above):,} of these times it is of no lower level, so the narrower one adds its "
        "name alone. A wider rule of a lower level is the usual way to have one for hunting and one for alerts."
    )
    yield f"\nThe first {min(MOST, len(equal) + len(implied))}, those of no lower level first:\n"
    yield "| rule | level | is implied by | level | smallest event that only the wider one matches |"
    yield "|---|---|---|---|---|"
    for fault in [*equal, *sorted(implied, key=lambda fault: levels[fault.other] < levels[fault.rule])][:MOST]:
        event = "none: they are equal" if fault.kind == "equal-rules" else f"`{_event(fault)}`"
        narrow, wide = LEVELS[levels[fault.rule]], LEVELS[levels[fault.other]]
        yield f"| {fault.rule} | {narrow} | {fault.other} | {wide} | {event} |"


def _undecided(judged: Judged, top: str) -> Iterator[str]:
    faults = _of("undecided", judged)
    yield "## Undecided"
    yield "\n| rule | detection or rule | reason |" if faults else "\nNone."
    if faults:
        yield "|---|---|---|"
    for fault in faults:
        yield f"| {fault.rule} | {fault.name or fault.other or '-'} | {fault.why.rpartition(': ')[2]} |"
    values = Counter(fault.rule for fault in _of("redundant-value", judged))
    paths = {rule.id: rule.location.path for rule in judged.rules}
    yield "\n## Values that others cover"
    yield f"\n{values.total():,} values in {len(values):,} rules; the ten with the most:\n"
    yield "| rule | file | values |"
    yield "|---|---|---|"
    for rule, count in values.most_common(10):
        yield f"| {rule} | {Path(paths[rule]).relative_to(top)} | {count:,} |"


def _of(kind: Kind, judged: Judged) -> Sequence[Fault]:
    return [fault for fault in judged.faults if fault.kind == kind]


def _event(fault: Fault) -> str:
    assert fault.witness is not None
    text = printable(told(fault.witness)).replace("|", "\\|").replace("`", "'")
    return text if len(text) <= _WIDEST else f"{text[:_WIDEST]}..."


def main() -> None:
    """Read the rules and write the page."""
    shared = Path(os.environ.get("VEDETTE_SHARED", Path(__file__).resolve().parents[2] / "shared")) / "sigmahq"
    readme = (shared / "README.md").read_text(encoding="utf-8")
    commit = re.search(r"commit ([0-9a-f]{40}) \((\d{4}-\d\d-\d\d)\)", readme)
    of = f"SigmaHQ's rules at commit `{commit[1][:12]}` of {commit[2]}" if commit else "SigmaHQ's rules"
    folders = sorted(path for path in shared.glob("rules*") if path.is_dir())
    loaded = load(folders)
    names = ", ".join(f"`{folder.name}`" for folder in folders)
    PAGE.write_text(render(judge(loaded.rules), f"{of} ({names})", os.fspath(shared)), encoding="utf-8")


if __name__ == "__main__":
    main()
