"""A hunt pack's description, `pack.yml`, and how it tells the attackers' own events in its recordings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from vedette.audit.recording import Step, within, written
from vedette.errors import Location, PackError
from vedette.hunt.finding import Finding

FILE: Final = "pack.yml"
_MOST: Final = 1_000


class Attackers(msgspec.Struct, frozen=True):
    """By what the events of an attack are told from others of the same time.

    Attributes:
        logins: login users of stolen accounts, by name and, for logs without names, by number.
        users: effective users of services that attackers came in through; they have no login.
        commands: step or scenario to texts of which one stands in the command line of a process above, such as of a
            job that an attacker planted.
    """

    logins: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    commands: dict[str, tuple[str, ...]] = {}

    def known_in(self, step: Step) -> bool:
        """Whether anything says whose the events of a step are."""
        return bool(step.login or self.logins or self.users or self._texts(step))

    def own(self, step: Step, finding: Finding) -> bool:
        """Whether an event is of the step's own session, or below a process of the attackers'.

        Where nothing says whose the events of the step are, all are.
        """
        login = finding.login_user
        if not self.known_in(step) or (login is not None and login in {*self.logins, *filter(None, (step.login,))}):
            return True
        above = finding.process.ancestors if finding.process else ()
        if login is None and any(ancestor.user in self.users for ancestor in above):
            return True
        texts = self._texts(step)
        return any(text in (ancestor.command_line or "") for text in texts for ancestor in above)

    def _texts(self, step: Step) -> tuple[str, ...]:
        return self.commands.get(step.name, ()) + self.commands.get(step.scenario, ()) * (step.scenario != step.name)


class Description(msgspec.Struct, frozen=True):
    """What a test needs of a pack's description.

    Attributes:
        name: the pack's, or the name of its folder.
        expectations: path of the expectations, or None.
        attackers: how their events are told.
        hosts: names of all recordings that it lists, whether they are there or not.
        location: of the description.
    """

    name: str
    expectations: str | None
    attackers: Attackers
    hosts: frozenset[str]
    location: Location


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The attackers as written; a number in a list is text."""

    logins: tuple[str | int, ...] = ()
    users: tuple[str | int, ...] = ()
    commands: dict[str, tuple[str, ...]] = {}


class _Recording(msgspec.Struct, frozen=True):
    host: str = ""
    log: str = ""


class _Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    expectations: str | None = None
    attackers: _Told = _Told()
    recordings: tuple[_Recording, ...] = ()


def read_description(folder: str | os.PathLike[str]) -> Description:
    """A pack's description.

    Raises:
        PackError: it can't be read, or says what can't be.
    """
    path = Path(folder) / FILE
    place = Location(str(path))
    content = written(path)
    try:
        evidence = msgspec.convert(content.get("evidence") or {}, _Evidence)
    except msgspec.ValidationError as error:
        raise PackError(f"`evidence`: {error}", place, code="pack") from None
    expectations = evidence.expectations
    if expectations is not None and not within(expectations):
        raise PackError(f"`evidence.expectations` leads out of the pack: {expectations}", place, code="pack")
    told = evidence.attackers
    if max(len(told.logins), len(told.users), len(told.commands), *map(len, told.commands.values()), 0) > _MOST:
        raise PackError(f"`evidence.attackers` lists more than {_MOST:,}", place, code="pack")
    if any(not text for texts in told.commands.values() for text in texts):
        raise PackError("`evidence.attackers.commands`: every command has the empty text", place, code="pack")
    name = content.get("name")
    return Description(
        name if isinstance(name, str) and name else Path(folder).resolve().name,
        None if expectations is None else str(Path(folder) / expectations),
        Attackers(frozenset(map(str, told.logins)), frozenset(map(str, told.users)), told.commands),
        frozenset(recording.host or recording.log.partition(".")[0] for recording in evidence.recordings),
        place,
    )
