"""The account of a run: what was read, sent, refused and kept back."""

from __future__ import annotations

import os
import time
from collections import Counter

import msgspec

from vedette.errors import TelemetryError
from vedette.hunt.render import Clock


class Account(msgspec.Struct):
    """Counts of one run.

    Attributes:
        read: rows made of the logs, those before the checkpoint apart.
        sent: rows that the service acknowledged, by kind.
        dead: rows put into the dead letters.
        known: events that were acknowledged by an earlier run.
        held: rows kept back, since their log is still being written.
        cut: rows of which a text was cut.
        calls: calls that were acknowledged.
        bytes: of JSON that was acknowledged, before compression.
        retries: calls that were made again, by cause.
        doubtful: rows of calls whose answer never came: the service may have them twice.
        last: UTC epoch seconds of the latest event acknowledged; 0 if none.
        log_bytes: of logs read, decompressed.
        problems: what was wrong with logs.
        rejected: lines that are no records, by cause.
        stopped: why the run ended before the logs did; empty if it did not.
        seconds: how long it took.
    """

    read: int = 0
    sent: Counter[str] = msgspec.field(default_factory=Counter)
    dead: int = 0
    known: int = 0
    held: int = 0
    cut: int = 0
    calls: int = 0
    bytes: int = 0
    retries: Counter[str] = msgspec.field(default_factory=Counter)
    doubtful: int = 0
    last: float = 0.0
    log_bytes: int = 0
    problems: list[TelemetryError] = msgspec.field(default_factory=list)
    rejected: dict[str, int] = msgspec.field(default_factory=dict)
    stopped: str = ""
    seconds: float = 0.0


def lines(account: Account, letters: os.PathLike[str] | None = None, now: float | None = None) -> list[str]:
    """The account for people.

    Args:
        account: of a run.
        letters: where dead letters lie, if there are any.
        now: UTC epoch seconds, for the lag.
    """
    sent = account.sent.total()
    by_kind = ", ".join(f"{number:,} {kind}" for kind, number in sorted(account.sent.items()) if number)
    speed = f", {sent / account.seconds:,.0f} rows/s" if account.seconds > 1 else ""
    told = [
        f"{account.read:,} rows read of {account.log_bytes / 1e6:,.1f} MB of logs, {sent:,} acknowledged"
        + (f" ({by_kind})" if by_kind else "")
        + f" in {account.calls:,} calls, {account.bytes / 1e6:,.1f} MB of JSON{speed}"
    ]
    if account.known:
        told.append(f"{account.known:,} events were acknowledged before, and only read again for their processes")
    if account.dead:
        told.append(f"{account.dead:,} rows are refused for good and lie in {letters}")
    if account.cut:
        told.append(f"{account.cut:,} rows had texts that were cut; their AdditionalFields.Cut says which")
    if account.retries:
        causes = ", ".join(f"{number:,} for {cause}" for cause, number in account.retries.most_common())
        told.append(f"{account.retries.total():,} calls were made again: {causes}")
    if account.doubtful:
        told.append(f"at most {account.doubtful:,} rows may be there twice, with the same EventOriginalUid")
    if account.held:
        told.append(f"{account.held:,} events are kept back, as their log is being written; run again for them")
    if account.rejected:
        told.append(f"{sum(account.rejected.values()):,} lines are no records")
    if account.last:
        lag = max(0.0, (time.time() if now is None else now) - account.last)
        told.append(f"the latest acknowledged event is of {Clock().text(account.last)}, {_span(lag)} ago")
    if account.stopped == "interrupted":
        told.append("interrupted: what was acknowledged is in the checkpoint; the same command goes on from there")
    return told


def document(account: Account) -> str:
    """The account as one JSON object."""
    plain = msgspec.structs.asdict(account)
    plain["problems"] = [str(problem) for problem in account.problems]
    return msgspec.json.encode(plain).decode()


def _span(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:,.0f} seconds"
