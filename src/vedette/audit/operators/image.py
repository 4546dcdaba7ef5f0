"""Operators on the program itself: copied, linked, called by another name or through the loader. Its words stay.

A multi-call binary that does not know its own name takes the tool's name as its first argument (attack_masquerade).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vedette.audit.mutant import Effect, Mutant, altered, program
from vedette.audit.operators.start import Start

_FOLDER: Final = "/tmp/.x"  # noqa: S108 - where the attacker puts things, not we
_COPY: Final = f"{_FOLDER}/kworker"
_NAME: Final = "[kworker/0:1]"
_LOADER: Final = "/lib64/ld-linux-x86-64.so.2"
_LOADED: Final = "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"


def images(start: Start) -> Iterator[Mutant]:
    """All of them for a program; a `#!` script is only copied."""
    if not start.invoked or not start.command:
        return
    if start.text("Script"):
        yield _script(start)
        return
    name, source = tool(start), start.text("Image.resolved") or start.invoked
    yield from _copies(start, name, source)
    yield from _links(start, name, source)
    yield from _names(start, name)
    yield from _odd(start, source)


def renamed(start: Start, words: str) -> str:
    """The command line with `words` as argv[0], so that the tool still runs."""
    if start.call is not None or (start.multi_call and not tool(start).startswith("xtables-")):
        return " ".join([words, tool(start), *_tail(start)])
    return " ".join([words, *start.words[1:]])


def _copies(start: Start, name: str, source: str) -> Iterator[Mutant]:
    command = renamed(start, _COPY)
    alone = _alone(start)
    effect: Effect = "recorded" if alone else "documented"
    basis = "attack_masquerade" if alone else "cp(1); attack_masquerade ran such a copy"
    yield Mutant(
        "copy",
        "substitution",
        program(start.values, _COPY, _COPY, command),
        effect,
        basis,
        f"cp {source} {_COPY}; {command}",
    )
    link = f"{_FOLDER}/{name}"
    command = " ".join([link, *_tail(start)])
    yield Mutant(
        "copy-and-link",
        "substitution",
        program(start.values, _COPY, link, command),
        "recorded" if _masked(start) else "documented",
        "attack_masquerade" if _masked(start) else "ln(1); attack_masquerade ran a copy through such a link",
        f"cp {source} {_COPY}; ln -s {_COPY} {link}; {command}",
    )
    yield Mutant(
        "copy-of-same-name",
        "substitution",
        program(start.values, link, link, command),
        "documented",
        "cp(1)",
        f"cp {source} {link}; {command}",
    )
    if start.call is not None and start.call.letter == "F" and start.call.chain:
        command = f"{_COPY} {start.call.tool} -F"
        yield Mutant(
            "copy-flush-all",
            "omission",
            program(start.values, _COPY, _COPY, command),
            "recorded",
            "attack_masquerade",
            f"cp {source} {_COPY}; {command}",
        )
    for folder in ("/dev/shm", "/var/tmp", "/usr/lib"):  # noqa: S108 - where the attacker puts things, not we
        path = f"{folder}/.kworker"
        command = renamed(start, path)
        yield Mutant(
            "copy",
            "substitution",
            program(start.values, path, path, command),
            "documented",
            "cp(1)",
            f"cp {source} {path}; {command}",
            as_root_writes=folder == "/usr/lib",
        )


def _links(start: Start, name: str, source: str) -> Iterator[Mutant]:
    resolved = start.text("Image.resolved") or source
    for link, command in (
        (f"{_FOLDER}/fw", renamed(start, f"{_FOLDER}/fw")),
        (f"{_FOLDER}/{name}", " ".join([f"{_FOLDER}/{name}", *_tail(start)])),
    ):
        yield Mutant(
            "symlink",
            "substitution",
            program(start.values, resolved, link, command),
            "documented",
            "symlink(7): the kernel follows it; exe names its end",
            f"ln -s {source} {link}; {command}",
        )
    path = "/usr/sbin/.kworker"
    command = renamed(start, path)
    yield Mutant(
        "hard-link",
        "substitution",
        program(start.values, path, path, command),
        "documented",
        "link(2): another name of the same file, on the same file system",
        f"ln {source} {path}; {command}",
        as_root_writes=True,
    )


def _names(start: Start, name: str) -> Iterator[Mutant]:
    """Only argv[0] changes."""
    why = "bash(1): exec -a sets argv[0] only"
    for words in (_NAME, "firewall-maintenance.sh"):
        command = renamed(start, words)
        yield Mutant(
            "exec-a",
            "substitution",
            altered(start.values, {"CommandLine": command}),
            "documented",
            why,
            f"(exec -a '{words}' {start.invoked} {command.removeprefix(words + ' ')})",
        )
    command = " ".join([f"/x/{name}", *_tail(start)])
    yield Mutant(
        "exec-a",
        "substitution",
        altered(start.values, {"CommandLine": command}),
        "documented",
        why,
        f"(exec -a /x/{name} {start.invoked} {' '.join(_tail(start))})",
    )


def _odd(start: Start, source: str) -> Iterator[Mutant]:
    if start.text("Image.invoked").startswith("/"):
        path = start.text("Image.invoked")
        folder, _, name = path.rpartition("/")
        odd = f"{folder}/../{folder.rpartition('/')[2]}/{name}"
        command = " ".join([odd, *start.words[1:]])
        yield Mutant(
            "path-with-dots",
            "recoding",
            altered(start.values, {"Image.invoked": odd, "CommandLine": command}),
            "documented",
            "path_resolution(7): `..` is the folder above",
            command,
        )
    command = " ".join([_LOADER, start.invoked, *start.words[1:]])
    yield Mutant(
        "loader",
        "substitution",
        program(start.values, _LOADED, _LOADER, command),
        "documented",
        "ld.so(8): runs the program that it is given",
        command,
    )
    command = renamed(start, "kworker")
    memory = program(start.values, "/memfd:kworker (deleted)", "/proc/self/fd/3", command)
    yield Mutant(
        "from-memory",
        "substitution",
        memory,
        "assumed",
        "memfd_create(2), fexecve(3): a copy without a file",
        f"fexecve(memfd_create() of {source}): {command}",
    )


def _script(start: Start) -> Mutant:
    path = f"{_FOLDER}/kworker"
    script = start.text("Script")
    command = start.command.replace(script, path, 1)
    values = program(start.values, start.text("Image.resolved"), path, command, script=True)
    return Mutant(
        "copy",
        "substitution",
        values,
        "assumed",
        "cp(1); what the script reads beside itself is not known",
        f"cp {script} {path}; {path}",
    )


def tool(start: Start) -> str:
    """The name by which the tool is to be called."""
    word = start.call.lead[-1] if start.call is not None else start.words[0] if start.multi_call else start.invoked
    return word.rpartition("/")[2]


def _tail(start: Start) -> tuple[str, ...]:
    return start.words[len(start.call.lead) :] if start.call is not None else start.words[1:]


def _alone(start: Start) -> bool:
    """Whether the copy was recorded with this very command."""
    return start.plain and _tail(start) in (("-F",), ("-P", "INPUT", "ACCEPT")) and tool(start) == "iptables"


def _masked(start: Start) -> bool:
    """Whether the link to a copy was recorded with this very command, whichever of ufw's logging chains it names."""
    tail = _tail(start)
    flush = len(tail) == 2 and tail[0] == "-F" and tail[1].startswith("ufw-logging-")
    return start.plain and tool(start) == "iptables" and (flush or tail == ("-X",))
