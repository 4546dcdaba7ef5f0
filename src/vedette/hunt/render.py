"""Processes and rules of the reader's and loader's own form in the form of findings."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from vedette.hunt.finding import Ancestor, Process, RuleHeader, Session
from vedette.sigma.correlation import Correlation
from vedette.sigma.rule import Rule
from vedette.telemetry.auditd.process import Process as Running

_ATTACK: Final = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)")
_MAX_ANCESTORS: Final = 64


def header(rule: Rule | Correlation) -> RuleHeader:
    """The header of a rule or correlation; techniques in ATT&CK's own spelling."""
    attack = tuple(match[1].upper() for tag in rule.tags if (match := _ATTACK.fullmatch(tag.lower())))
    return RuleHeader(rule.id, rule.title, rule.level, rule.author, rule.license, rule.location.path, attack)


def process_of(process: Running) -> Process:
    """The process of a finding."""
    program, command, parent = process.program, process.command, process.parent
    ancestors = lineage(parent) if parent is not None else ()
    return Process(
        process.pid,
        program.resolved or None,
        program.invoked or None,
        program.script.path if program.script else None,
        command.text if command else None,
        command.cut if command else False,
        process.cwd or None,
        ancestors[0] if ancestors else None,
        ancestors,
    )


def lineage(process: Running) -> tuple[Ancestor, ...]:
    """The process itself and its ancestors; kept with the process, which every child shares."""
    shown = process.shown
    if not isinstance(shown, tuple):
        program, command = process.program, process.command
        own = Ancestor(
            process.pid,
            program.resolved or None,
            program.invoked or None,
            program.script.path if program.script else None,
            command.text if command else None,
            process.tail.user or None,
            command.cut if command else False,
        )
        above = lineage(process.parent) if process.parent is not None else ()
        shown = process.shown = (own, *above[: _MAX_ANCESTORS - 1])
    return shown


def session_of(process: Running) -> Session | None:
    """The audit session, or None if unset."""
    ses = process.tail.ses
    return None if ses < 0 else Session(process.node, process.boot, ses)


class Clock:
    """Epoch seconds as RFC 3339 in UTC with milliseconds; the text of the last day and second are kept."""

    def __init__(self) -> None:
        self._second = self._day = -1
        self._date = self._text = ""

    def text(self, time: float) -> str:
        """`2026-11-24T08:35:30.164Z`."""
        second, rest = divmod(round(time * 1000), 1000)
        if second != self._second:
            self._second = second
            day, of_day = divmod(second, 86_400)
            if day != self._day:
                self._day, self._date = day, _date(second)
            hour, of_hour = divmod(of_day, 3600)
            self._text = f"{self._date}T{hour:02d}:{of_hour // 60:02d}:{of_hour % 60:02d}"
        return f"{self._text}.{rest:03d}Z"


def _date(second: int) -> str:
    try:
        return dt.datetime.fromtimestamp(second, dt.UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return "9999-12-31"
