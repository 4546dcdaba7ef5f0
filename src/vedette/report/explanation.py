"""A rule in words, and why it did or did not match an event, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.style import Style

from vedette.event import View
from vedette.predicate import Step, steps
from vedette.report.line import BOLD, DIM, LEVEL, PLAIN, WARN, Glyphs, Line, wrapped
from vedette.report.miss import NEVER, Judge, Judged, Nearest
from vedette.report.summary import instant
from vedette.report.terminal import pad, printable, shorten
from vedette.sigma.rule import Rule

#: How the explanation of a keyword begins; the raw event that it reads is too long to be shown.
_RAW: Final = "the raw event "
_HELD: Final = Style.parse("green")
_FAILED: Final = Style.parse("red")
#: Failing parts that are shown in a row before "and N more".
_SHOWN: Final = 12


def account(judge: Judge, found: Nearest, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The rule, how many events it matches, and the events that came nearest, part by part."""
    yield from rule_lines(judge.rule, width, glyphs)
    yield []
    if not found.events:
        yield [("the log holds no event that this rule reads", WARN)]
        return
    nouns = "event" if found.events == 1 else "events"
    yield [(f"matches {found.matches:,} of {found.events:,} {nouns} that it reads", BOLD)]
    for judged, count in found.kept:
        yield []
        yield from event_lines(judge, judged, count, width, glyphs, best_only=not found.matches_too)


def rule_lines(rule: Rule, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The rule's header and its logic in words."""
    head = [
        (printable(rule.title), BOLD),
        (printable(rule.level), LEVEL.get(rule.level, PLAIN)),
        (printable(f"by {rule.author}" if rule.author else "author not stated"), PLAIN),
        (printable(rule.license or "licence not stated"), DIM),
        (printable(rule.id), DIM),
        (printable(str(rule.location)), DIM),
    ]
    yield from wrapped(head, width, glyphs)
    reads = f"reads events of {printable(str(rule.logsource))}; matches if"
    yield from wrapped([(reads, PLAIN)], width, glyphs)
    for step in steps(rule.predicate, {}):
        text = f"{'  ' * step.depth}{printable(step.text)}"
        yield [("  " + shorten(text, width - 2, glyphs.ellipsis), PLAIN)]


def event_lines(
    judge: Judge, judged: Judged, count: int, width: int, glyphs: Glyphs, *, best_only: bool
) -> Iterator[Line]:
    """An event, and per group of views that read alike the truth of every part of the rule.

    Args:
        judge: of the rule.
        judged: the event.
        count: how many events have the same values.
        width: cells of a line.
        glyphs: signs.
        best_only: only the views in which the event comes nearest.
    """
    event = judged.event
    origin = event.origin
    where = f"{origin.file}:{origin.offset}"
    milliseconds = f".{round(event.time * 1000) % 1000:03d}Z"
    pid = event.values.get("ProcessId", "")
    like = f"and {count - 1:,} alike" if count > 1 else ""
    facts = [
        f"{instant(event.time)}{milliseconds}",
        event.host,
        f"pid {pid}" if pid != "" else "",
        f"serial {origin.serial}",
        where,
        like,
    ]
    yield from wrapped([(printable(fact), BOLD) for fact in facts if fact], width, glyphs)
    for views, parts in judge.reasons(event):
        missing = min(judged.distances[view] for view in views)
        if best_only and missing > judged.distance:
            continue
        yield from wrapped(_verdict(views, missing), width, glyphs, indent=2)
        yield from _parts(parts, width, glyphs)
        if best_only:
            return


def _verdict(views: Sequence[View], missing: int) -> Line:
    named = f"{'view' if len(views) == 1 else 'views'} {', '.join(map(str, views))}"
    if not missing:
        return [("matches", _HELD), (named, DIM)]
    short = (
        "can never match" if missing >= NEVER else f"{missing} {'part' if missing == 1 else 'parts'} short of a match"
    )
    return [(short, _FAILED), (named, DIM)]


def _parts(parts: Sequence[Step], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """One line a part: whether it holds, the part, and the value that it was held against."""
    room = width - 10
    texts = [f"{'  ' * part.depth}{printable(part.text)}" for part in parts]
    column = min(max(map(len, texts)), room * 3 // 5)
    for part, text in _few(list(zip(parts, texts, strict=True))):
        if part is None:
            yield [(" " * 12 + text, DIM)]
            continue
        mark, style = ("holds", _HELD) if part.held else ("fails", _FAILED)
        value = ""
        if part.value:
            value = shorten(part.value, max(8, room - column - 2), glyphs.ellipsis)
        elif part.value is not None and not part.text.startswith(_RAW):
            value = "(absent)"
        yield [
            (f"    {mark} ", style),
            (pad(shorten(text, column, glyphs.ellipsis), column), PLAIN if part.held else DIM),
            (f"  {value}" if value else "", DIM),
        ]


def _few(parts: list[tuple[Step, str]]) -> Iterator[tuple[Step | None, str]]:
    """Leave out what decides nothing: alternatives that fail beside one that holds, and the many that fail alike."""
    above: list[Step] = []
    run = hidden = 0
    for part, text in parts:
        del above[part.depth :]
        settled = bool(above) and above[-1].held and above[-1].text == "any of"
        above.append(part)
        run = run + 1 if part.value is not None and not part.held else 0
        if run and (settled or run > _SHOWN):
            hidden += 1
            continue
        if hidden:
            yield None, f"and {hidden} more that fail"
            hidden = 0
        yield part, text
    if hidden:
        yield None, f"and {hidden} more that fail"
