"""What a program costs: CPU seconds, wall seconds and memory of the whole process, by the kernel's own account."""

from __future__ import annotations

import dataclasses
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

_POLL: Final = 0.01
_HIGH_WATER: Final = re.compile(rb"VmHWM:\s*(\d+) kB")


@dataclasses.dataclass(frozen=True)
class Cost:
    """One run.

    Attributes:
        cpu: seconds, user and system, of the process and its children.
        wall: seconds.
        peak: bytes of resident memory at most, as last seen; 0 where the process was too short to be seen.
        code: exit code.
        errors: its standard error.
    """

    cpu: float
    wall: float
    peak: int
    code: int
    errors: str


class RunFailedError(Exception):
    """A contestant ended in an error or took too long."""


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    output: Path | None = None,
    limit: float = 1800,
    codes: tuple[int, ...] = (0,),
) -> Cost:
    """Run a program to its end.

    Args:
        command: program and arguments.
        environment: added to this program's.
        folder: to run in.
        output: file for its standard output; None discards it.
        limit: wall seconds after which it is killed.
        codes: exit codes that are no error.

    Raises:
        RunFailedError: it was killed or ended with another code.
    """
    with tempfile.TemporaryFile() as errors, Path(output or os.devnull).open("wb") as out:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            env={**os.environ, **(environment or {})},
            cwd=folder,
        )
        peak = 0
        while True:
            peak = max(peak, _peak(process.pid))
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() - started > limit:
                process.send_signal(signal.SIGKILL)
            time.sleep(_POLL)
        wall = time.monotonic() - started
        code = process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        said = errors.read().decode("utf-8", "replace")
    if code not in codes:
        raise RunFailedError(f"{' '.join(command)[:300]} ended with {code}: {said[-600:]}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, peak, code, said)


def _peak(pid: int) -> int:
    """The high-water mark of a process; `ru_maxrss` would count this program's own pages, which it begins with."""
    try:
        found = _HIGH_WATER.search(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def summary(costs: Sequence[Cost]) -> dict[str, object]:
    """Medians of several runs, for JSON."""
    return {
        "runs": len(costs),
        "cpu": [round(cost.cpu, 3) for cost in costs],
        "cpu_median": round(statistics.median(cost.cpu for cost in costs), 3),
        "wall_median": round(statistics.median(cost.wall for cost in costs), 3),
        "peak_mib": round(max(cost.peak for cost in costs) / 2**20),
    }
