"""Operators on the spelling of one call of iptables: words put in, their order, the same option in another form.

A blank more between words is no operator: argv is joined by one blank, so the event stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vedette.audit.mutant import Effect, Family, Mutant, altered
from vedette.audit.operators.start import Call, Start, commands

_MANUAL: Final = "iptables(8): "
#: Operator, the words put in, and why they change nothing.
_INSERTED: Final = (
    ("insert-table", "-t filter", "-t: the filter table is the default"),
    ("insert-table", "--table filter", "--table: the filter table is the default"),
    ("insert-table", "-tfilter", "-t takes its value without a blank (getopt(3)); the filter table is the default"),
    ("insert-wait", "-w", "-w only waits for the lock"),
    ("insert-wait", "-w 5", "-w only waits for the lock"),
    ("insert-wait", "--wait", "--wait only waits for the lock"),
    ("insert-verbose", "-v", "-v only says more"),
    ("insert-verbose", "--verbose", "--verbose only says more"),
    ("insert-modprobe", "--modprobe=/sbin/modprobe", "-M names the program that loads modules"),
)


def spellings(start: Start) -> Iterator[Mutant]:
    """All of them for one call; nothing for other programs."""
    call = start.call
    if call is None:
        return
    command = (f"-{call.flags}{call.letter}", *call.rest)
    yield from _inserted(start, call, command)
    yield from _reordered(start, call, command)
    yield from _options(start, call)
    yield from _attached(start, call)
    yield from _leads(start, call)


def _inserted(start: Start, call: Call, command: tuple[str, ...]) -> Iterator[Mutant]:
    given = tuple(operator for operator, words, _ in _INSERTED if _given(call, words.partition(" ")[0]))
    for operator, words, why in _INSERTED:
        if operator not in given:
            yield _mutant(start, operator, "insertion", call.line(words, *command), "documented", _MANUAL + why)
    four = "-6" if call.ip == "ip6" else "-4"
    yield _mutant(
        start, "insert-family", "insertion", call.line(four, *command), "documented", f"{_MANUAL}{four} is the default"
    )


def _given(call: Call, option: str) -> bool:
    """Whether the call has an option already."""
    return any(word.startswith(option) for word in (*call.before, *call.after))


def _reordered(start: Start, call: Call, command: tuple[str, ...]) -> Iterator[Mutant]:
    why = f"{_MANUAL}options may stand before or after the command"
    if call.before and (len(call.before) % 2 == 0 or call.before[-1].startswith("-")):
        line = " ".join([*call.lead, *command, *call.after, *call.before])
        yield _mutant(start, "options-last", "reordering", line, "documented", why)
    if call.after:
        line = " ".join([*call.lead, *call.after, *call.before, *command])
        yield _mutant(start, "options-first", "reordering", line, "documented", why)
    if not _given(call, "-t") and not _given(call, "--table"):
        for words in ("-t filter", "--table=filter"):
            line = " ".join([*call.lead, *call.before, *command, *call.after, words])
            yield _mutant(start, "table-last", "reordering", line, "documented", why)
    for words in ("-w", "-v"):
        if not _given(call, words):
            line = " ".join([*call.lead, *call.before, *command, *call.after, words])
            yield _mutant(start, "flag-last", "reordering", line, "documented", why)


def _options(start: Start, call: Call) -> Iterator[Mutant]:
    """The command in its long form, and in the short forms of that."""
    option = commands()[call.letter]
    spelled = f"-{call.letter}"
    with_what = "policy" if call.letter == "P" else "chain" if call.rest else "alone"
    recorded = start.plain and with_what in option.recorded and call.rest in ((), (call.chain,), ("INPUT", "ACCEPT"))
    basis = "attack_long_options" if recorded else f"{_MANUAL}{option.long} is {spelled}"
    line = call.line(*_flags(call), option.long, *call.rest)
    yield _mutant(start, "long-option", "substitution", line, "recorded" if recorded else "documented", basis)
    for short in option.short_forms:
        line = call.line(*_flags(call), short, *call.rest)
        why = f"getopt_long(3): {short} is an unambiguous beginning of {option.long}"
        yield _mutant(start, "abbreviated-option", "substitution", line, "documented", why)
    yield _mutant(
        start,
        "short-option",
        "substitution",
        call.line(*_flags(call), spelled, *call.rest),
        "documented",
        f"{_MANUAL}{spelled} is {option.long}",
    )
    if "v" not in call.flags:
        line = call.line(f"-v{call.flags}{call.letter}", *call.rest)
        yield _mutant(start, "bundled-option", "substitution", line, "documented", "getopt(3): -vF is -v -F")
        four = "6" if call.ip == "ip6" else "4"
        line = call.line(f"-{four}v{call.flags}{call.letter}", *call.rest)
        yield _mutant(start, "bundled-option", "substitution", line, "documented", "getopt(3): -4vF is -4 -v -F")


def _attached(start: Start, call: Call) -> Iterator[Mutant]:
    option = commands()[call.letter]
    if not option.attached or len(call.rest) != 1:
        return
    for word, why in (
        (f"-{call.letter}{call.chain}", "getopt(3): an option's value may follow without a blank"),
        (f"{option.long}={call.chain}", "getopt_long(3): a long option's value may follow `=`"),
        (f"{(*option.short_forms, option.long)[0]}={call.chain}", "getopt_long(3): as a beginning, and with `=`"),
    ):
        line = call.line(*_flags(call), word)
        yield _mutant(start, "attached-chain", "substitution", line, "documented", why)


def _leads(start: Start, call: Call) -> Iterator[Mutant]:
    """The tool by name or by path: argv[0] only, the program stays."""
    command = (f"-{call.flags}{call.letter}", *call.rest)
    if len(call.lead) > 1:
        return
    name = call.lead[0].rpartition("/")[2]
    for lead in (name, f"/usr/sbin/{name}", f"/sbin/{name}", f"/proc/self/root/usr/sbin/{name}"):
        if lead == call.lead[0]:
            continue
        line = call.line(*command, lead=(lead,))
        changes = {"CommandLine": line}
        if lead.startswith("/") and start.text("Image.invoked"):
            changes["Image.invoked"] = lead
        why = "hier(7), proc(5): another path of the same file"
        yield Mutant("path-of-tool", "substitution", altered(start.values, changes), "documented", why, line)


def _flags(call: Call) -> tuple[str, ...]:
    return (f"-{call.flags}",) if call.flags else ()


def _mutant(start: Start, operator: str, family: Family, line: str, effect: Effect, basis: str) -> Mutant:
    return Mutant(operator, family, altered(start.values, {"CommandLine": line}), effect, basis, line)
