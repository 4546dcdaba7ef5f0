"""One call of the Logs Ingestion API until it is acknowledged: what is tried again, parted, or ends the run."""

from __future__ import annotations

import email.utils
import gzip
import io
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from vedette.errors import VedetteError
from vedette.sentinel.shipping.call import body_of
from vedette.sentinel.shipping.dead_letters import Dead
from vedette.sentinel.shipping.row import Row

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.monitor.ingestion import LogsIngestionClient

#: Seconds before the first retry, and at most; each wait is a random part of twice the one before.
FIRST_WAIT: Final = 0.5
LONGEST_WAIT: Final = 60.0
#: Rows that are refused one by one without any being taken, before the fault is looked for in the set-up.
SUSPECT: Final = 25
_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_SPLIT: Final = frozenset({400, 413, 422})
#: Errors of status 400 that no row is the cause of.
_SETUP: Final = ("stream", "immutableid", "datacollectionrule", "dcr", "apiversion")
_TICK: Final = 0.1
_ROLE: Final = (
    "whoever ships needs the role Monitoring Metrics Publisher on the data collection rule, which takes up to half an "
    "hour to come into force"
)


class ServiceError(VedetteError):
    """The service refuses what no further try changes, or has not answered for too long."""


class StoppedError(Exception):
    """The user asked to stop while a call waited to be tried again."""


@dataclass(slots=True)
class Sent:
    """What became of some rows.

    Attributes:
        accepted: rows that are acknowledged.
        bytes: of their JSON.
        calls: that were acknowledged.
        dead: rows that are refused for good.
        retries: calls made again, by cause.
        doubtful: rows of calls whose answer never came, which the service may have taken all the same.
    """

    accepted: int = 0
    bytes: int = 0
    calls: int = 0
    dead: list[Dead] = field(default_factory=list)
    retries: Counter[str] = field(default_factory=Counter)
    doubtful: int = 0


class Sender:
    """Sends rows; may be used by several threads at once.

    Args:
        client: Microsoft's client, without retries of its own.
        rule: immutable id of the data collection rule.
        streams: kind of event to stream.
        patience: seconds for which nothing may be acknowledged before the run ends.
        stopped: whether the user asked to stop.
        waiting: told the cause and the seconds of each wait.
    """

    def __init__(
        self,
        client: LogsIngestionClient,
        rule: str,
        streams: Mapping[str, str],
        *,
        patience: float = 3600.0,
        stopped: Callable[[], bool] = lambda: False,
        waiting: Callable[[str, float], None] = lambda _cause, _seconds: None,
    ) -> None:
        self._client = client
        self._rule = rule
        self._streams = streams
        self._patience = patience
        self._stopped = stopped
        self._waiting = waiting
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        self._last = time.monotonic()
        self._halted = False

    def halt(self) -> None:
        """Let no call wait any longer to be tried again."""
        self._halted = True

    def send(self, kind: str, rows: Sequence[Row]) -> Sent:
        """Send rows of one kind until each is acknowledged or refused for good.

        Raises:
            ServiceError: the service refuses the caller or the rule, or has not answered for `patience`.
            StoppedError: the user asked to stop.
        """
        sent = Sent()
        left = [list(rows)]
        while left:
            part = left.pop()
            if not part:
                continue
            refusal = self._until(kind, part, sent)
            if refusal is None:
                continue
            if len(part) > 1:
                half = len(part) // 2
                left += [part[half:], part[:half]]
                continue
            sent.dead.append(Dead(part[0], _told(refusal), refusal.status_code or 0))
            if len(sent.dead) >= SUSPECT and not sent.accepted and kind not in self._taken:
                left = [self._probed(kind, [row for rest in reversed(left) for row in rest], sent, refusal)]
        return sent

    def _probed(self, kind: str, rest: list[Row], sent: Sent, refusal: HttpResponseError) -> list[Row]:
        """The rows that are left, once one of them was taken.

        Raises:
            ServiceError: none of those that were tried is taken, so it is not the rows that are wrong.
        """
        for place in sorted({len(rest) - 1, len(rest) // 2, 0}, reverse=True) if rest else ():
            if self._until(kind, [rest[place]], sent) is None:
                return rest[:place] + rest[place + 1 :]
        raise ServiceError(
            f"the service refuses every row of the stream {self._streams[kind]}: {_told(refusal)}; does it have "
            "the columns that `vedette ship template` declares?"
        )

    def _until(self, kind: str, rows: Sequence[Row], sent: Sent) -> HttpResponseError | None:
        """One call, tried until the service takes it; the error if it refuses its content."""
        from azure.core.exceptions import (
            AzureError,
            ClientAuthenticationError,
            HttpResponseError,
            ServiceRequestError,
        )

        body = body_of(rows)
        packed = gzip.compress(body, 6, mtime=0)
        tries, began = 0, time.monotonic()
        while True:
            try:
                self._client.upload(self._rule, self._streams[kind], io.BytesIO(packed))
            except ClientAuthenticationError as error:
                raise ServiceError(f"Azure does not let the caller in: {_told(error)}; {_ROLE}") from None
            except HttpResponseError as error:
                status = error.status_code or 0
                if status in _SPLIT:
                    if _is_setup(error):
                        raise ServiceError(self._setup(kind, error)) from None
                    return error
                if status not in _AGAIN:
                    raise ServiceError(self._final(kind, error)) from None
                cause, asked = str(status), _retry_after(error)
                # Behind a gateway's error the service may have taken the rows.
                sent.doubtful += len(rows) if status in {408, 500, 502, 504} else 0
            except ServiceRequestError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise ServiceError(f"the endpoint's certificate is not trusted: {_told(error)}") from None
                cause, asked = "no connection", None
            except AzureError:
                cause, asked = "connection cut", None
                sent.doubtful += len(rows)
            else:
                with self._lock:
                    self._taken.add(kind)
                    self._last = time.monotonic()
                sent.accepted += len(rows)
                sent.bytes += len(body)
                sent.calls += 1
                return None
            tries += 1
            sent.retries[cause] += 1
            self._wait(cause, asked, tries, began)

    def _wait(self, cause: str, asked: float | None, tries: int, began: float) -> None:
        """Wait before the next try: as long as the service asks, or ever longer, with jitter.

        Raises:
            ServiceError: nothing was acknowledged for `patience`.
            StoppedError: the user asked to stop.
        """
        longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(tries, 20))
        # Jitter keeps shippers that were refused together from coming back together; it is no secret.
        seconds = random.uniform(longest / 4, longest)  # noqa: S311
        if asked is not None:
            seconds = asked * random.uniform(1.0, 1.25) + random.uniform(0.0, 0.1)  # noqa: S311 - as above
        now = time.monotonic()
        with self._lock:
            silent = now - max(self._last, began)
        if silent + seconds > self._patience:
            raise ServiceError(
                f"nothing was acknowledged for {silent:.0f} seconds ({cause}); what was is in the checkpoint: run the "
                "same command again later"
            )
        self._waiting(cause, seconds)
        end = now + seconds
        while (left := end - time.monotonic()) > 0:
            if self._halted or self._stopped():
                raise StoppedError
            time.sleep(min(_TICK, left))

    def _setup(self, kind: str, error: HttpResponseError) -> str:
        return (
            f"the rule {self._rule} has no use for the stream {self._streams[kind]}: {_told(error)}; "
            "see `vedette ship template`, or name the stream with --stream"
        )

    def _final(self, kind: str, error: HttpResponseError) -> str:
        told = _told(error)
        if error.status_code in {401, 403}:
            return f"Azure refuses the caller: {told}; {_ROLE}"
        if error.status_code == 404:
            return (
                f"there is no data collection rule {self._rule} with the stream {self._streams[kind]} here: {told}; "
                f"give the rule's immutable id (dcr-...), and {_ROLE}"
            )
        return f"the service answers {error.status_code}: {told}"


def _is_setup(error: HttpResponseError) -> bool:
    code = str(getattr(error.error, "code", "") or "").lower()
    return any(word in code for word in _SETUP)


def _told(error: Exception) -> str:
    """An error of the service or of the credentials in one line of bounded length."""
    inner = getattr(error, "error", None)
    code, message = getattr(inner, "code", None), getattr(inner, "message", None)
    text = f"{code}: {message}" if code or message else str(getattr(error, "message", "") or error)
    status = getattr(error, "status_code", None)
    text = " ".join(text.split())[:300]
    return f"{status} {text}" if status else text


def _retry_after(error: HttpResponseError) -> float | None:
    """Seconds that the service asks to wait, as a number or a date; None if it does not."""
    headers: Mapping[str, str] = getattr(error.response, "headers", {})
    for name, unit in (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("Retry-After", 1.0)):
        value = headers.get(name)
        if not value:
            continue
        try:
            return max(0.0, float(value) * unit)
        except ValueError:
            try:
                return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
            except (ValueError, OverflowError):
                continue
    return None
