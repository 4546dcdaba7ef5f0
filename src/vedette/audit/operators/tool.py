"""Operators that do the deed by another command or another program."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources
from typing import Literal

import msgspec

from vedette.audit.mutant import Effect, Family, Mutant, altered, program
from vedette.audit.operators.start import Call, Start


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of `tools.toml`, which says what each key means."""

    operator: str
    letters: str
    command: str
    basis: str
    first: str = ""
    family: Family = "substitution"
    chain: bool | Literal["user"] = False
    backend: Literal["nft", "legacy", ""] = ""
    ufw: bool = False
    same_program: bool = False
    resolved: str = ""
    invoked: str = ""
    script: bool = False
    recorded: str = ""
    recorded_for: str = ""
    recorded_alone: bool = False
    documented: bool = False


class _Tools(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tool: tuple[Tool, ...]


@functools.cache
def tools() -> tuple[Tool, ...]:
    """All entries, in order."""
    content = resources.files("vedette.audit.operators").joinpath("tools.toml").read_bytes()
    return msgspec.toml.decode(content, type=_Tools).tool


def other_tools(start: Start) -> Iterator[Mutant]:
    """All of them for one call of iptables; nothing for other programs."""
    call = start.call
    if call is None:
        return
    for tool in tools():
        if _fits(tool, call):
            yield _by(start, call, tool)


def _fits(tool: Tool, call: Call) -> bool:
    return (
        call.letter in tool.letters
        and (not tool.chain or bool(call.chain))
        and not (tool.chain == "user" and call.built_in)
        and tool.backend in ("", call.backend or tool.backend)
        and not (tool.ufw and "ufw" not in call.chain)
    )


def _by(start: Start, call: Call, tool: Tool) -> Mutant:
    table = "" if call.table == "filter" else f"-t {call.table} "
    places = {
        "lead": " ".join([*call.lead, *table.split()]),
        "rest": call.line(f"-{call.flags}{call.letter}", *call.rest, lead=()),
        "ip": call.ip,
        "six": "6" if call.ip == "ip6" else "4",
        "tool": call.tool,
        "table": call.table,
        "chain": call.chain,
    }
    command, invoked = _filled(tool.command, places), _filled(tool.invoked, places)
    if tool.same_program:
        values = altered(start.values, {"CommandLine": command})
    else:
        resolved = tool.resolved or f"/usr/sbin/xtables-{call.backend or 'nft'}-multi"
        values = program(start.values, resolved, invoked, command, script=tool.script)
    effect, basis = _effect(tool, start, call)
    step = f"{_filled(tool.first, places)}; {command}" if tool.first else command
    return Mutant(tool.operator, tool.family, values, effect, basis, step)


def _effect(tool: Tool, start: Start, call: Call) -> tuple[Effect, str]:
    """What was recorded for one backend or command says nothing of the others."""
    if tool.backend and not call.backend:
        return "assumed", f"{tool.basis}; where iptables keeps its rules is not known"
    asked = call.letter in (tool.recorded_for or tool.letters) and not (tool.recorded_alone and call.chain)
    if tool.recorded and start.plain and asked:
        return "recorded", f"{tool.recorded}; {tool.basis}"
    if tool.recorded and not tool.recorded_for:
        return "documented", tool.basis
    return ("documented" if tool.documented else "assumed"), tool.basis


def _filled(text: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        text = text.replace("{" + name + "}", value)
    return text
