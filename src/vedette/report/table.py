"""Findings as a table for people: groups in rows, laid out for the width at hand.

From `WIDE` columns on a row is one line; from `MEDIUM` on two, with the author under the rule and the ancestor under
the command; below that a row is a small paragraph. Colour only repeats what the words say.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style

from vedette.hunt.finding import Finding
from vedette.report.group import MAX_DEEDS, Group, group
from vedette.report.joint import joined
from vedette.report.legend import legend
from vedette.report.level import SHORT
from vedette.report.line import DIM, LEVEL, PLAIN, Glyphs, Line, show
from vedette.report.terminal import pad, printable, shorten, truncate

WIDE: Final = 150
MEDIUM: Final = 100
#: Below it, a paragraph hangs from the left edge instead of from its title.
_NARROW: Final = 60
_GAP: Final = "  "
_CLOCK: Final = 8
#: Widest host and user columns, in the wide and in the medium layout.
_NAMES: Final = (24, 16)


def write(findings: Iterable[Finding], console: Console) -> None:
    """Print the table of all findings; nothing at all if there are none (the summary says so)."""
    rows = group(findings)
    if rows:
        show(lambda width, glyphs: lines(rows, width, glyphs), console)


def lines(rows: Sequence[Group], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """The lines of the table: a heading for each day, its rows, then totals and the rules with their authors."""
    columns = _columns(rows, width)
    margin = sum(columns[name] + len(_GAP) for name in ("time", "level")) if width >= _NARROW else len(_GAP)
    if width >= MEDIUM:
        yield [(_GAP.join(name.rjust(n) if name == "count" else name.ljust(n) for name, n in columns.items()), DIM)]
    for day, of_day in itertools.groupby(rows, key=lambda row: row.time[:10]):
        yield [(printable(f"{day} UTC"), DIM)]
        for row in of_day:
            if width >= WIDE:
                yield _one_line(row, columns, glyphs)
            elif width >= MEDIUM:
                yield from _two_lines(row, columns, glyphs)
            else:
                yield from _paragraph(row, columns["level"], width, glyphs, margin)
            yield from _below(row, width, glyphs, margin)
    yield []
    yield from legend(rows, width, glyphs)


def share(room: int, needs: dict[str, int], shares: dict[str, int]) -> dict[str, int]:
    """Divide `room` cells: each column gets what it needs, or its share of what the satisfied ones leave.

    >>> share(100, {"rule": 10, "what": 300, "via": 200}, {"rule": 1, "what": 2, "via": 1})
    {'rule': 10, 'what': 60, 'via': 30}
    """
    given: dict[str, int] = {}
    while len(given) < len(needs):
        open_ = [name for name in needs if name not in given]
        left = room - sum(given.values())
        quota = {name: left * shares[name] // sum(shares[other] for other in open_) for name in open_}
        given |= {name: needs[name] for name in open_ if needs[name] <= quota[name]} or quota
    return {name: given[name] for name in needs}


def _columns(rows: Sequence[Group], width: int) -> dict[str, int]:
    """Column to width in cells. Time, level, host, user and count take what they need; the others share the rest."""
    name = _NAMES[width < WIDE]
    widths = {
        "time": _CLOCK,
        "level": max(5, *(cell_len(_level(row)) for row in rows)),
        "host": _widest(4, name, (row.host for row in rows)),
        "user": _widest(4, name, (_user(row) for row in rows)),
        "count": max(5, *(len(f"{row.count:,}") for row in rows)),
    }
    titles = _widest(4, 60, (row.rule.title for row in rows))
    authors = _widest(0, 60, (row.rule.author for row in rows))
    deeds = _widest(4, 2000, (row.deed + _others(row) for row in rows))
    origins = _widest(6, 60, (row.origin for row in rows))
    if width >= WIDE:
        needs = {"rule": titles + 3 + authors if authors else titles, "what": deeds, "origin": origins}
        shares = {"rule": 38, "what": 40, "origin": 22}
    else:
        needs = {"rule": max(titles, authors), "what": max(deeds, origins)}
        shares = {"rule": 42, "what": 58}
    room = width - sum(widths.values()) - len(_GAP) * (len(widths) + len(needs) - 1)
    widths |= share(room, needs, shares)
    return {
        name: widths[name]
        for name in ("time", "level", "host", "user", "rule", "what", "origin", "count")
        if name in widths
    }


def _widest(least: int, most: int, texts: Iterable[str]) -> int:
    return min(most, max(least, *(cell_len(printable(text[:most])) for text in texts)))


def _one_line(row: Group, columns: dict[str, int], glyphs: Glyphs) -> Line:
    body = _body(row)
    title = truncate(row.rule.title, columns["rule"], glyphs.ellipsis)
    author = truncate(
        f" {glyphs.dot} {row.rule.author}" if row.rule.author else "",
        columns["rule"] - cell_len(title),
        glyphs.ellipsis,
    )
    return [
        *_front(row, columns, glyphs),
        (title, body),
        (pad(author, columns["rule"] - cell_len(title)) + _GAP, DIM),
        *_what(row, columns["what"], glyphs),
        (_GAP + pad(truncate(row.origin, columns["origin"], glyphs.ellipsis), columns["origin"]) + _GAP, body),
        (f"{row.count:,}".rjust(columns["count"]), body),
    ]


def _two_lines(row: Group, columns: dict[str, int], glyphs: Glyphs) -> Iterator[Line]:
    body, rule, what = _body(row), columns["rule"], columns["what"]
    yield [
        *_front(row, columns, glyphs),
        (pad(truncate(row.rule.title, rule, glyphs.ellipsis), rule) + _GAP, body),
        *_what(row, what, glyphs),
        (_GAP + f"{row.count:,}".rjust(columns["count"]), body),
    ]
    origin = truncate(row.origin, what, glyphs.ellipsis)
    if row.rule.author or origin:
        margin = sum(columns[name] + len(_GAP) for name in ("time", "level", "host", "user"))
        yield [(" " * margin + pad(truncate(row.rule.author, rule, glyphs.ellipsis), rule) + _GAP + origin, DIM)]


def _paragraph(row: Group, level: int, width: int, glyphs: Glyphs, margin: int) -> Iterator[Line]:
    body = _body(row)
    count = f"  {glyphs.times}{row.count:,}" if row.count > 1 else ""
    room = width - _CLOCK - level - 2 * len(_GAP) - len(count)
    title = truncate(row.rule.title, room, glyphs.ellipsis)
    author = truncate(
        f" {glyphs.dot} {row.rule.author}" if row.rule.author else "", room - cell_len(title), glyphs.ellipsis
    )
    yield [
        (f"{_clock(row)}{_GAP}", body),
        (pad(_level(row), level) + _GAP, _style(row)),
        (title, body),
        (pad(author, room - cell_len(title)), DIM),
        (count, body),
    ]
    yield [(" " * margin, PLAIN), *_what(row, width - margin, glyphs)]
    place = _GAP.join(part for part in (row.host, _user(row), row.origin) if part)
    yield [(" " * margin + truncate(place, width - margin, glyphs.ellipsis), DIM)]


def _below(row: Group, width: int, glyphs: Glyphs, margin: int) -> Iterator[Line]:
    """What a row carries beneath it: the rules that it joins, the exclusion that covers it, and its records."""
    # A correlation may join many rules; those that took part are what there is to see.
    for part in [part for part in row.joined if part.count != 0]:
        yield [(" " * margin + truncate(joined(part), width - margin, glyphs.ellipsis), DIM)]
    if row.decision == "excluded":
        why = f": {row.why}" if row.why else ""
        yield [(" " * margin + truncate(f"excluded by {row.by}{why}", width - margin, glyphs.ellipsis), DIM)]
    for record in row.raw or ():
        yield [(" " * margin + printable(record), DIM)]


def _front(row: Group, columns: dict[str, int], glyphs: Glyphs) -> Line:
    body = _body(row)
    host = truncate(row.host, columns["host"], glyphs.ellipsis)
    user = truncate(_user(row), columns["user"], glyphs.ellipsis)
    return [
        (f"{_clock(row)}{_GAP}", body),
        (pad(_level(row), columns["level"]) + _GAP, _style(row)),
        (pad(host, columns["host"]) + _GAP + pad(user, columns["user"]) + _GAP, body),
    ]


def _what(row: Group, width: int, glyphs: Glyphs) -> Line:
    """The deed, cut in its middle so that the number of others still fits; exactly `width` cells."""
    others = _others(row)
    text = shorten(row.deed, max(1, width - len(others)), glyphs.ellipsis)
    return [(text, _body(row)), (pad(others, width - cell_len(text)), DIM)]


def _others(row: Group) -> str:
    """` +7`, if the group holds 7 further distinct deeds."""
    if len(row.deeds) >= MAX_DEEDS:
        return f" +{MAX_DEEDS:,} or more"
    return f" +{len(row.deeds) - 1:,}" if len(row.deeds) > 1 else ""


def _clock(row: Group) -> str:
    return pad(printable(row.time[11:19]), _CLOCK)


def _level(row: Group) -> str:
    return truncate(SHORT.get(row.rule.level, row.rule.level), 8, "")


def _user(row: Group) -> str:
    """`root (ops)`: the effective user and who logged in; a process of no login has the first alone."""
    if row.login_user is None:
        return row.user or ""
    if row.joined and row.user is None:
        return f"({row.login_user})"
    return f"{row.user or '?'} ({row.login_user})"


def _style(row: Group) -> Style:
    return DIM if row.decision == "excluded" else LEVEL.get(row.rule.level, PLAIN)


def _body(row: Group) -> Style:
    return DIM if row.decision == "excluded" else PLAIN
