"""Shipping: rows out, acknowledgements in, and the checkpoint behind them, in that order whatever happens."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

from vedette.sentinel.shipping.account import Account
from vedette.sentinel.shipping.call import MAX_CALL, Group, groups
from vedette.sentinel.shipping.checkpoint import Checkpoint, Log
from vedette.sentinel.shipping.dead_letters import Dead, DeadLetters
from vedette.sentinel.shipping.row import Row
from vedette.sentinel.shipping.sender import Sender, Sent, StoppedError


class Shipper:
    """Sends the rows of one run.

    For each group of rows, in this order: its calls are acknowledged, its refused rows are on the disk as dead letters,
    the checkpoint moves behind it. Groups are sent side by side and closed in the order of the logs, so a run that is
    killed at any point leaves a checkpoint before which nothing is missing, and sends again at most what was under way.

    Args:
        sender: sends.
        checkpoint: moves.
        letters: takes what is refused.
        account: counts.
        calls: groups that are under way at once.
        most: bytes of JSON in one call.
        stopped: whether the user asked to stop.
    """

    def __init__(
        self,
        sender: Sender,
        checkpoint: Checkpoint,
        letters: DeadLetters,
        account: Account,
        *,
        calls: int = 4,
        most: int = MAX_CALL,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self._sender = sender
        self._checkpoint = checkpoint
        self._letters = letters
        self._account = account
        self._calls = calls
        self._most = most
        self._stopped = stopped
        self._logs: dict[str, Log] = {}

    def start(self, path: str) -> int:
        """Up to which offset the rows of a log are acknowledged; -1 if none are.

        Raises:
            TelemetryError: it can't be opened.
        """
        log = self._logs[path] = self._checkpoint.log(path)
        return log.offset

    def ship(self, rows: Iterable[Row]) -> None:
        """Send rows until there are no more or the user asks to stop; calls under way are finished then.

        Raises:
            ServiceError: the service refuses what no further try changes. What was acknowledged is in the checkpoint.
            UsageError: checkpoint or dead letters can't be written.
        """
        account, began = self._account, time.monotonic()
        under_way: deque[tuple[Group, Future[list[Sent]]]] = deque()
        try:
            with ThreadPoolExecutor(self._calls, thread_name_prefix="ship") as pool:
                try:
                    for group in groups(rows, self._most):
                        # Reading waits here: memory holds the groups that are under way and the one after them.
                        while len(under_way) >= self._calls:
                            self._close(*under_way.popleft())
                        if self._stopped():
                            break
                        under_way.append((group, pool.submit(self._send, group)))
                    while under_way:
                        self._close(*under_way.popleft())
                except BaseException:
                    # What waits to be tried again must not keep the run from ending.
                    self._sender.halt()
                    raise
        except StoppedError:
            account.stopped = "interrupted"
        finally:
            account.seconds = time.monotonic() - began
        if self._stopped():
            account.stopped = "interrupted"

    def _send(self, group: Group) -> list[Sent]:
        return [self._sender.send(kind, rows) for kind, rows in group.calls.items()]

    def _close(self, group: Group, future: Future[list[Sent]]) -> None:
        """Wait for a group's calls, bury what was refused, move the checkpoint."""
        sent = future.result()
        dead = [Dead(row, f"the row has {len(row.data):,} bytes, more than a call") for row in group.oversized]
        dead += [each for one in sent for each in one.dead]
        self._letters.bury(dead)
        account, state = self._account, self._checkpoint.state
        for kind, one in zip(group.calls, sent, strict=True):
            account.sent[kind] += one.accepted
            account.calls += one.calls
            account.bytes += one.bytes
            account.retries += one.retries
            account.doubtful += one.doubtful
            state.rows += one.accepted
        account.dead += len(dead)
        state.dead += len(dead)
        account.last = max(account.last, group.latest)
        for path, row in group.last.items():
            log = self._logs.get(path)
            if log is not None:
                log.offset, log.event = row.offset, row.event
        self._checkpoint.save()
