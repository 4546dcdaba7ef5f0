"""A hunt on several cores: processes that each put out a share, and their accounts as one."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import stat
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import msgspec

from vedette.errors import Location, TelemetryError, UsageError

if TYPE_CHECKING:
    from vedette.hunt.hunt import Hunt
    from vedette.hunt.share import Share
    from vedette.hunt.summary import Summary

#: Logs of fewer bytes, as they lie, are hunted through on one core: another would hardly have begun.
_WORTH: Final = 48 << 20
_PIECE: Final = 1 << 20
#: Seconds between two looks at whether a helper is done.
_PAUSE: Final = 0.01


class _Problem(msgspec.Struct):
    cause: str
    location: Location
    remedy: str
    code: str


class _Account(msgspec.Struct):
    """What a helper sends of its summary; all but the counts only where it read the logs to their end."""

    alerts: dict[str, int]
    excluded: dict[str, int]
    cpu_seconds: float
    error: str = ""
    whole: msgspec.Raw = msgspec.Raw(b"null")
    problems: tuple[_Problem, ...] = ()


def cores_for(running: Hunt, jobs: int | None, form: str) -> int:
    """How many cores a hunt is given.

    Args:
        running: what hunts; it has loaded its rules.
        jobs: as asked for, or None for as many as are of use.
        form: how findings are written.

    Raises:
        UsageError: several were asked for, and this hunt can't be shared.
    """
    if jobs == 1:
        return 1
    reason = _unshared(running, form)
    if reason:
        if jobs is None:
            return 1
        raise UsageError(f"--jobs {jobs}: {reason}; leave it out")
    if jobs is not None:
        return jobs
    size = sum(file.size or 0 for file in running.listing.files)
    # More than two would read the same beginning more often than they gain.
    return min(2, len(os.sched_getaffinity(0))) if size >= _WORTH else 1


def _unshared(running: Hunt, form: str) -> str:
    from vedette.hunt.hunt import Hunt
    from vedette.telemetry.format import FORMATS

    if type(running) is not Hunt:
        return "this hunt reads no logs"
    if not hasattr(os, "fork") or not hasattr(os, "sched_getaffinity"):
        return "this system starts no processes that share what is loaded"
    if form != "ndjson":
        return "only NDJSON is written in shares"
    if running.joins:
        return "correlations and incidents need all events in one process"
    if running.options.backend == "polars" or importlib.util.find_spec("hyperscan") is None:
        return "the polars back end has threads of its own"
    for file in running.listing.files:
        if not _is_file(file.path):
            return "a pipe can be read once only"
        if file.format in FORMATS and FORMATS[file.format].family == "events":
            return f"{file.path} holds no audit records"
    return ""


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        return False


class Helper:
    """A process that hunts through a later share; it has loaded all that this one has.

    Args:
        running: the hunt, which has not begun.
        share: the part that it puts out.
        folder: where its findings wait until those before them are written; None for the system's temporary folder.

    Raises:
        UsageError: no file can be made there, or no process started.
    """

    def __init__(self, running: Hunt, share: Share, folder: str | None) -> None:
        self._share = share
        self._parent = os.getpid()
        try:
            self._spool: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `take` or `stop`
            self._answer: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - likewise
            self._pid = os.fork()
        except OSError as error:
            raise UsageError(f"can't hunt on another core: {error.strerror}; use --jobs 1") from error
        if self._pid == 0:
            self._run(running)

    def take(self, out: BinaryIO, summary: Summary, wanted: Callable[[], bool]) -> None:
        """Wait for it, write what it found, and add its account; nothing of that once it is no longer wanted.

        Raises:
            UsageError: its findings could not be kept, as on a full disk.
            RuntimeError: it failed by a defect.
        """
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            if not wanted():
                self.stop()
                return
            time.sleep(_PAUSE)
        self._pid = 0
        self._answer.seek(0)
        content = self._answer.read()
        if not content:
            self.stop()
            raise RuntimeError("a process that hunted on another core ended before it was done")
        account = msgspec.json.decode(content, type=_Account)
        if account.error:
            self.stop()
            raise UsageError(f"a process that hunted on another core stopped: {account.error}")
        self._spool.seek(0)
        while piece := self._spool.read(_PIECE):
            out.write(piece)
        out.flush()
        self._add(account, summary)
        self.stop()

    def stop(self) -> None:
        """End it, if it still runs, and forget what it found."""
        if self._pid:
            with contextlib.suppress(OSError):
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
            self._pid = 0
        self._spool.close()
        self._answer.close()

    def _add(self, account: _Account, summary: Summary) -> None:
        summary.alerts.update(account.alerts)
        summary.excluded.update(account.excluded)
        summary.cpu_seconds += account.cpu_seconds
        if not self._share.is_last:
            return
        from vedette.hunt.summary import Summary

        whole = msgspec.json.decode(account.whole, type=Summary, dec_hook=lambda kind, counts: kind(counts))
        summary.log_problems[:] = [
            TelemetryError(one.cause, one.location, remedy=one.remedy, code=one.code) for one in account.problems
        ]
        for name in ("rejected", "rejected_examples", "hosts", "bytes_read", "notes", "dead", "rules_live", "seconds"):
            setattr(summary, name, getattr(whole, name))

    def _run(self, running: Hunt) -> None:
        """The helper's own life, which ends here."""
        code = 1
        try:
            # Who stops the hunt stops its first process, which ends this one.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._answer.write(msgspec.json.encode(self._hunt(running)))
            self._answer.flush()
            code = 0
        except BaseException:  # noqa: BLE001 - nothing of this process may go on as if it were the first
            traceback.print_exc()
        finally:
            os._exit(code)

    def _hunt(self, running: Hunt) -> _Account:
        from vedette.report import ndjson

        running.take(self._share)
        try:
            ndjson.write(self._while_wanted(running), self._spool)
            self._spool.flush()
        except OSError as error:
            return _Account({}, {}, 0.0, error=f"{error.strerror} where its findings wait")
        summary = running.summary
        account = _Account(dict(summary.alerts), dict(summary.excluded), summary.cpu_seconds)
        if self._share.is_last:
            account.problems = tuple(
                _Problem(one.cause, one.location, one.remedy, one.code) for one in summary.log_problems
            )
            summary.log_problems, summary.rule_problems = [], []
            account.whole = msgspec.Raw(msgspec.json.encode(summary))
        return account

    def _while_wanted(self, running: Hunt) -> Iterator[msgspec.Struct]:
        for found in running.sightings():
            if os.getppid() != self._parent:
                os._exit(1)
            yield found


def helpers_for(running: Hunt, number: int, output: str | None) -> list[Helper]:
    """Start what hunts on the further cores; the hunt itself is left with the first share."""
    if number == 1:
        return []
    from vedette.hunt.share import shares

    folder = None if output is None else os.path.dirname(os.path.realpath(output))  # noqa: PTH120 - as Output has it
    first, *others = shares(number)
    started: list[Helper] = []
    try:
        started.extend(Helper(running, share, folder) for share in others)
    except UsageError:
        for helper in started:
            helper.stop()
        raise
    running.share = first
    return started
