"""A mutant: a true positive as an attacker could have had it recorded, and how far its effect is known to be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.predicate import Value

#: The five kinds of evasion of rules.
Family: TypeAlias = Literal["insertion", "substitution", "omission", "reordering", "recoding"]
#: `recorded`: a recorded step did it; `documented`: a manual says so, or a test runs it; `assumed`: neither.
Effect: TypeAlias = Literal["recorded", "documented", "assumed"]
EFFECTS: Final[tuple[Effect, ...]] = ("recorded", "documented", "assumed")
#: Longest name of a process that the kernel keeps.
_COMM: Final = 15
_SCRIPT: Final = ("", "Inode", "Device", "OwnerId", "Mode")


class Mutant(msgspec.Struct, frozen=True):
    """One variant of a process start.

    Attributes:
        operator: stable name of what was done.
        family: which kind of evasion it is.
        values: columns, as `Event.values` has them.
        effect: how far it is known that the deed is still done.
        basis: the recorded step or the manual on which `effect` rests.
        step: what the attacker does, as one line of shell.
        as_root_writes: it takes a write to what only root may write, or a login, which leaves a record of its own
            where it is watched.
    """

    operator: str
    family: Family
    values: dict[str, Value]
    effect: Effect
    basis: str
    step: str
    as_root_writes: bool = False


def altered(values: Mapping[str, Value], changes: Mapping[str, Value | None]) -> dict[str, Value]:
    """Columns with some of them replaced; None leaves a column out."""
    kept = {name: value for name, value in values.items() if name not in changes}
    return {**kept, **{name: value for name, value in changes.items() if value is not None}}


def program(
    values: Mapping[str, Value], resolved: str, invoked: str, command: str, *, script: bool = False
) -> dict[str, Value]:
    """The same process start with another program and command line.

    Args:
        values: the columns.
        resolved: what the kernel calls the program.
        invoked: the path that was executed.
        command: argv joined by one blank.
        script: `invoked` is a `#!` script and `resolved` its interpreter.
    """
    changes: dict[str, Value | None] = {f"Script{part}": None for part in _SCRIPT}
    changes |= {"Image.resolved": resolved, "Image.invoked": invoked, "CommandLine": command}
    if script:
        changes |= {"Script": invoked, **{f"Script{part}": values.get(f"Script{part}") for part in _SCRIPT[1:]}}
    if "ProcessName" in values:
        changes["ProcessName"] = invoked.rpartition("/")[2][:_COMM]
    return altered(values, changes)


def below(values: Mapping[str, Value], resolved: str, invoked: str, command: str) -> dict[str, Value]:
    """The same process start below another parent that is no `#!` script."""
    changes: dict[str, Value | None] = {f"ParentScript{part}": None for part in _SCRIPT}
    changes |= {"ParentImage.resolved": resolved, "ParentImage.invoked": invoked or None, "ParentCommandLine": command}
    return altered(values, changes)


def below_script(
    values: Mapping[str, Value], interpreter: tuple[str, str], path: str, *, root: bool = False
) -> dict[str, Value]:
    """The same process start below a `#!` script.

    Args:
        values: the columns.
        interpreter: what the kernel calls the interpreter, and its path as the first line of the script has it.
        path: of the script.
        root: it stands on the disk and is root's; else on the tmpfs of /tmp and the attacker's own.
    """
    resolved, written = interpreter
    owner: Value = 0 if root else values.get("LoginUserId", 1001)
    return altered(
        values,
        {
            "ParentImage.resolved": resolved,
            "ParentImage.invoked": path,
            "ParentCommandLine": f"{written} {path}",
            "ParentScript": path,
            # Any number that is not the genuine script's will do.
            "ParentScriptInode": 4_194_303 if root else 152,
            "ParentScriptDevice": "07:00" if root else "00:27",
            "ParentScriptOwnerId": owner,
            "ParentScriptMode": "0100755",
        },
    )
