"""Exit codes, and which one is given where several apply."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterable
from typing import Final

OK: Final = 0
#: A gate failed: findings at or above `--fail-on`, or checked KQL with an error.
GATE: Final = 1
#: Rule errors, with `--strict`; or the one rule that was asked about can't be loaded.
RULES: Final = 2
#: The command line or the configuration can't be obeyed.
USAGE: Final = 3
#: None of the logs could be read.
TELEMETRY: Final = 4
#: A defect of Vedette itself; sysexits.h calls it EX_SOFTWARE.
DEFECT: Final = 70
#: SIGINT or SIGTERM; what was found until then was put out.
INTERRUPTED: Final = 130

#: From the one that wins to the one that loses.
PRECEDENCE: Final = (INTERRUPTED, USAGE, TELEMETRY, GATE, RULES, OK)


def strongest(codes: Iterable[int]) -> int:
    """The code that is given where several apply.

    >>> strongest([RULES, GATE, OK])
    1
    """
    return min(codes, key=PRECEDENCE.index, default=OK)


def hush() -> None:
    """Point standard output at nothing, once its reader has gone, so that the last flush can't fail."""
    with contextlib.suppress(OSError, io.UnsupportedOperation, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)
