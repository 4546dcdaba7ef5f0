"""The survey of logs of other formats than the audit log: what they hold, and which rules they leave blind."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

from vedette.hunt.plain import HostSeen, PlainHunt
from vedette.hunt.survey import Blind, Firing, Gap, HostSurvey
from vedette.sigma.rule import Rule

_HOUR: Final = 3600
#: So many names are told at most.
_MOST: Final = 40


def plain_surveys(hunt: PlainHunt, rules: Sequence[Rule]) -> list[HostSurvey]:
    """A survey of each host whose events were noted."""
    missing = {
        (kind, rule.id): lane.missing(rule) for kind, lane in hunt.lanes.items() for rule in rules if lane.sees(rule.id)
    }
    found: list[HostSurvey] = []
    for name, seen in hunt.hosts.items():
        can: list[Firing] = []
        cannot: list[Blind] = []
        for rule in rules:
            why = _blind(rule, [missing[kind, rule.id] for kind in seen.kinds if (kind, rule.id) in missing])
            if why is None:
                can.append(Firing(rule.id, rule.title))
            else:
                cannot.append(Blind(rule.id, rule.title, why))
        starts = seen.events["process_creation"]
        found.append(
            HostSurvey(
                name,
                seen.first,
                seen.last,
                len(seen.hours),
                _gaps(seen),
                dict(seen.events),
                {},
                seen.parents_known / starts if starts else 1.0,
                tuple(can),
                tuple(cannot),
            )
        )
    return found


def _blind(rule: Rule, absent: Sequence[tuple[str, ...] | None]) -> str | None:
    if not absent:
        return f"no event of log source {rule.logsource} in this log"
    if None in absent:
        return None
    names = dict.fromkeys(name for some in absent for name in some or ())
    return f"needs {', '.join(names) or 'what can never hold'}, which no such event in this log has"


def _gaps(seen: HostSeen) -> tuple[Gap, ...]:
    """Whole hours of the clock without an event."""
    hours = sorted(seen.hours)
    return tuple(
        Gap((before + 1) * _HOUR, after * _HOUR) for before, after in itertools.pairwise(hours) if after - before > 1
    )


def plain_remarks(hunt: PlainHunt) -> list[str]:
    """What was no event, and what a map leaves out or asks for in vain."""
    told = [
        f"{number:,} {reason} (first at {hunt.rejects.examples.get(reason, '?')})"
        for reason, number in hunt.rejects.counts.items()
    ]
    if hunt.mapper is not None:
        if hunt.mapper.unmapped:
            told.append(f"columns that the map leaves out: {_names(list(hunt.mapper.unmapped))}")
        if hunt.mapper.empty:
            told.append(f"columns of the map that no row has: {_names(sorted(hunt.mapper.empty))}")
    return told


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
