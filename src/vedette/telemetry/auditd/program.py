"""What was executed, from `exe`, the PATH records and argv: the two readings of Image, and the `#!` script."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from vedette.telemetry.auditd.process import Program, Script
from vedette.telemetry.auditd.value import untrusted

#: The dynamic loader is the PATH record after an ordinary program; after a script it is the interpreter.
_LOADER: Final = re.compile(r"/ld(-[^/]*)?\.so[^/]*$|/ld-[^/]*\.so[^/]*$")
_PATH: Final = re.compile(
    rb"(?:item=\d+ )?name=(\S+)(?: inode=(\d+))?(?: dev=(\S+))?(?: mode=(\S+))?(?: ouid=(\d+))?", re.ASCII
)


def program_of(exe: str, cwd: str, path0: bytes, path1: bytes, argv0: str) -> Program:
    """Join what the records of one exec say.

    Args:
        exe: `exe` of the SYSCALL record.
        cwd: working directory, or empty.
        path0: body of the PATH record with item 0 from `item=` on, or empty where there is none.
        path1: the same of item 1.
        argv0: first argument; used, and marked as guessed, where no PATH record names what was executed.
    """
    name, inode, device, mode, owner = _path(path0)
    if not name:
        return Program(exe, argv0 if argv0.startswith("/") else "", None, guessed=True)
    invoked = name if name.startswith("/") else posixpath.normpath(posixpath.join(cwd or "/", name))
    second = _path(path1)[0]
    is_script = second != "" and (exe == second or _LOADER.search(second) is None)
    script = Script(invoked, inode, device, owner, mode) if is_script else None
    return Program(exe, invoked, script)


def _path(body: bytes) -> tuple[str, int, str, str, int]:
    match = _PATH.match(body)
    if match is None:
        return "", -1, "", "", -1
    name, inode, device, mode, owner = match.groups()
    return (
        untrusted(name),
        int(inode[:20]) if inode else -1,
        device.decode("ascii", "replace") if device else "",
        mode.decode("ascii", "replace") if mode else "",
        int(owner[:20]) if owner else -1,
    )
