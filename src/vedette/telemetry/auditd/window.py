"""How far the records of one event may lie apart in a log, in bytes."""

from __future__ import annotations

from typing import Final

#: Records of one event lie within this many bytes of its SYSCALL record.
WINDOW: Final = 64 * 1024
#: Most lie within this many.
NEAR: Final = 1536
