"""What analysts made of incidents, by id, in a file that can live in git."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from vedette.correlate.incident import Decision, Incident
from vedette.errors import UsageError

_MAX_BYTES: Final = 16 << 20
_ID: Final = re.compile(r"[0-9a-f]{12}")


def read_decisions(path: str | os.PathLike[str] | None) -> dict[str, Decision]:
    """The decisions of a file; none where there is no such file yet.

    Raises:
        UsageError: it can't be read, or says what can't be.
    """
    if path is None:
        return {}
    place = Path(path)
    try:
        if not place.exists():
            return {}
        # A pipe would be waited for.
        if not place.is_file():
            raise UsageError(f"{path} is no regular file; name one as `vedette decide` writes it")
        if place.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path}: more than {_MAX_BYTES >> 20} MiB of decisions")
        found = msgspec.json.decode(place.read_bytes() or b"{}", type=dict[str, Decision])
    except OSError as error:
        raise UsageError(f"can't read {path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}; it is written by `vedette decide`") from None
    wrong = next((name for name in found if not _ID.fullmatch(name)), None)
    if wrong is not None:
        raise UsageError(f"{path}: {wrong!r} is no id of an incident")
    return found


def decide(path: str | os.PathLike[str], identity: str, decision: Decision | None) -> None:
    """Write a decision, or take it back; the file has an id a line, sorted, so that git shows what changed.

    Raises:
        UsageError: the id is none, there is nothing to take back, or the file can't be read or written.
    """
    if not _ID.fullmatch(identity):
        raise UsageError(
            f"{identity!r} is no id of an incident: twelve hex digits, as `vedette hunt --incidents` shows"
        )
    held = read_decisions(path)
    if decision is None:
        if held.pop(identity, None) is None:
            raise UsageError(f"{path} holds no decision on {identity}")
    else:
        held[identity] = decision
    lines = [
        f"  {msgspec.json.encode(name).decode()}: {msgspec.json.encode(held[name]).decode()}" for name in sorted(held)
    ]
    text = "{\n" + ",\n".join(lines) + "\n}\n" if lines else "{}\n"
    place = Path(path)
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}.tmp")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(place)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise UsageError(f"can't write {path}: {error.strerror}") from None


def decided(incidents: Iterable[Incident], decisions: Mapping[str, Decision]) -> Iterator[Incident]:
    """Incidents with what was made of them."""
    for one in incidents:
        known = decisions.get(one.id)
        yield one if known is None else msgspec.structs.replace(one, decision=known)
