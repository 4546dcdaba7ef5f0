"""Sightings as NDJSON: the same bytes as their findings one by one, what they share encoded once."""

from __future__ import annotations

from typing import Final

import msgspec

from vedette.hunt.finding import SCHEMA, Matched, Process, RuleHeader, Session, Verdict
from vedette.hunt.sighting import Match, Sighting
from vedette.report.quelled import quelled

_BEGIN: Final = b'{"schema":"%s","kind":"finding","time":"' % SCHEMA.encode()
_MOST_PLACES: Final = 4096

_encoder: Final = msgspec.json.Encoder()


class _Place(msgspec.Struct):
    host: str
    category: str


class _Event(msgspec.Struct):
    user: str | None
    login_user: str | None
    session: Session | None
    process: Process | None
    event: dict[str, str | int | float]


class _Why(msgspec.Struct):
    matched: tuple[Matched, ...]
    views: tuple[str, ...]
    verdict: Verdict


class _Raw(msgspec.Struct):
    raw: tuple[str, ...] | None
    correlation: None = None


class _Rule(msgspec.Struct):
    rule: RuleHeader


_NO_RAW: Final = b'"raw":null,"correlation":null'


class SightedEncoder:
    """Encodes sightings; keeps what many of them share."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], bytes] = {}
        self._files: dict[str, bytes] = {}
        self._rules: dict[int, tuple[RuleHeader, bytes]] = {}

    def lines(self, sighting: Sighting) -> bytes:
        """A line for each of its findings, in order, as `ndjson.encode` writes them.

        Raises:
            UnicodeEncodeError: a text holds a lone surrogate.
        """
        place = self._places.get((sighting.host, sighting.category))
        if place is None:
            if len(self._places) > _MOST_PLACES:
                self._places.clear()
            place = b'",' + _members(_Place(sighting.host, sighting.category)) + b","
            self._places[sighting.host, sighting.category] = place
        head = b"%b%b%b" % (_BEGIN, sighting.time.encode("ascii"), place)
        middle = _members(
            _Event(sighting.user, sighting.login_user, sighting.session, sighting.process, sighting.event)
        )
        origin = sighting.origin
        file = self._files.get(origin.file)
        if file is None:
            if len(self._files) > _MOST_PLACES:
                self._files.clear()
            file = self._files[origin.file] = quelled(_encoder.encode(origin.file))
        raw = _NO_RAW if sighting.raw is None else _members(_Raw(sighting.raw))
        end = b'"origin":{"file":%b,"offset":%d,"serial":%d},%b}\n' % (file, origin.offset, origin.serial, raw)
        parts: list[bytes] = []
        for match in sighting.matches:
            shown = match.shown
            if not isinstance(shown, tuple):
                shown = match.shown = self._shown(match)
            parts += (head, shown[0], middle, shown[1], end)
        return b"".join(parts)

    def _shown(self, match: Match) -> tuple[bytes, bytes]:
        """What stands before and behind the event's own part; a rule's header is kept once."""
        rule = self._rules.get(id(match.rule))
        if rule is None or rule[0] is not match.rule:
            rule = self._rules[id(match.rule)] = match.rule, _members(_Rule(match.rule)) + b","
        why = _members(_Why(match.matched, match.views, match.verdict))
        return rule[1], b"," + why + b","


def _members(part: msgspec.Struct) -> bytes:
    """The members of an object, without its braces."""
    return quelled(_encoder.encode(part))[1:-1]
