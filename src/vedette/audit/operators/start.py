"""A process start as the operators read it: the words of its command line, and the call of a packet filter tool."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Mapping
from importlib import resources
from typing import Final, Literal

import msgspec

from vedette.predicate import Value

_TOOL: Final = re.compile(r"(ip6?)tables(?:-(?:nft|legacy))?")
_MULTI: Final = re.compile(r"xtables-(nft|legacy)-multi")
_BUILT_IN: Final = frozenset({"INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"})
#: Longer command lines are left to the operators on images and parents.
_MOST_WORDS: Final = 64


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A command of iptables(8).

    Attributes:
        long: its long form.
        short_forms: unambiguous beginnings of the long form, as getopt_long(3) takes them.
        attached: its chain may be written without a blank, as `-FCHAIN` and `--flush=CHAIN`.
        recorded: `chain`, `alone` or `policy`: with what its long form was recorded.
    """

    long: str
    short_forms: tuple[str, ...] = ()
    attached: bool = False
    recorded: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of iptables or ip6tables.

    Attributes:
        lead: words up to and with the tool's name: one, or two if the multi-call binary was called by its own name.
        ip: `ip` or `ip6`, nft's name of the family.
        backend: `nft`, `legacy`, or the empty text where the image does not say.
        before: words between the tool and the command.
        flags: short options bundled before the command's letter, such as `v`.
        letter: of the command: F, X, Z, P, ...
        rest: words of the command: chain and what follows, up to the next option.
        after: the words from there on.
        table: that it works on.
    """

    lead: tuple[str, ...]
    ip: Literal["ip", "ip6"]
    backend: Literal["nft", "legacy", ""]
    before: tuple[str, ...]
    flags: str
    letter: str
    rest: tuple[str, ...]
    after: tuple[str, ...]
    table: str

    @property
    def chain(self) -> str:
        """The chain, or the empty text for all of them."""
        return self.rest[0] if self.rest else ""

    @property
    def built_in(self) -> bool:
        """Whether the chain is one that the kernel calls."""
        return self.chain in _BUILT_IN

    @property
    def tool(self) -> str:
        """`iptables` or `ip6tables`."""
        return f"{self.ip}tables"

    def line(self, *command: str, lead: tuple[str, ...] | None = None, options: bool = True) -> str:
        """A command line with the same options around another command.

        Args:
            command: the words of the command.
            lead: the words before the options, or None for the same.
            options: keep the other options; else only the table, where it is not the filter table.
        """
        table = () if self.table == "filter" else ("-t", self.table)
        before, after = (self.before, self.after) if options else (table, ())
        return " ".join([*(self.lead if lead is None else lead), *before, *command, *after])


@dataclasses.dataclass(frozen=True)
class Start:
    """A process start.

    Attributes:
        values: its columns.
        words: its command line split at blanks: argv, where no argument holds a blank.
        call: the call of iptables that it is, or None.
    """

    values: Mapping[str, Value]
    words: tuple[str, ...]
    call: Call | None

    def text(self, column: str) -> str:
        """A column as text, empty where it is absent."""
        return str(self.values.get(column, ""))

    @property
    def invoked(self) -> str:
        """The path that was executed, or what the kernel calls it where that is not known."""
        return self.text("Image.invoked") or self.text("Image.resolved")

    @property
    def command(self) -> str:
        """The command line."""
        return self.text("CommandLine")

    @property
    def multi_call(self) -> bool:
        """Whether the program is the binary that is iptables and its like by the name it is called by."""
        return _MULTI.fullmatch(_name(self.text("Image.resolved"))) is not None

    @property
    def plain(self) -> bool:
        """Whether it is the genuine tool by its own name, with nothing but its command: as most were recorded."""
        call = self.call
        return (
            call is not None
            and len(call.lead) == 1
            and not (call.before or call.after or call.flags)
            and self.invoked in (f"/usr/sbin/{call.tool}", f"/sbin/{call.tool}")
            and call.lead[0] in (call.tool, self.invoked)
            and bool(call.backend)
        )


@functools.cache
def commands() -> dict[str, Option]:
    """Letter to command of iptables(8)."""
    content = resources.files("vedette.audit.operators").joinpath("commands.toml").read_bytes()
    return msgspec.toml.decode(content, type=dict[str, Option])


def read_start(values: Mapping[str, Value]) -> Start:
    """A process start, with its call of iptables if it is one."""
    words = tuple(str(values.get("CommandLine", "")).split(" "))
    return Start(values, words, _call(words, str(values.get("Image.resolved", ""))))


def _call(words: tuple[str, ...], resolved: str) -> Call | None:
    if len(words) > _MOST_WORDS:
        return None
    lead = next((words[: place + 1] for place in (0, 1) if place < len(words) and _tool(words[place])), None)
    if lead is None or (len(lead) == 2 and "/" in lead[1]):
        return None
    family = _TOOL.fullmatch(_name(lead[-1]))
    multi = _MULTI.fullmatch(_name(resolved)) or _MULTI.fullmatch(_name(words[0]))
    for place, word in enumerate(words[len(lead) :], len(lead)):
        if (found := _command(word)) is not None:
            flags, letter, attached = found
            stop = next((n for n in range(place + 1, len(words)) if words[n].startswith("-")), len(words))
            rest = (*((attached,) if attached else ()), *words[place + 1 : stop])
            before, after = words[len(lead) : place], words[stop:]
            return Call(
                lead,
                "ip6" if family is not None and family[1] == "ip6" else "ip",
                "" if multi is None else "nft" if multi[1] == "nft" else "legacy",
                before,
                flags,
                letter,
                rest,
                after,
                _table((*before, *after)),
            )
    return None


def _command(word: str) -> tuple[str, str, str] | None:
    """Bundled flags, letter and attached chain of a word that is a command."""
    if word.startswith("--"):
        name, _, attached = word.partition("=")
        known = (
            (letter, option) for letter, option in commands().items() if name in (option.long, *option.short_forms)
        )
        return next((("", letter, attached) for letter, _ in known), None)
    letters = "".join(commands())
    if (found := re.fullmatch(f"-([46nvx]*)([{letters}])(.*)", word)) is None:
        return None
    return found[1], found[2], found[3]


def _table(words: tuple[str, ...]) -> str:
    pairs = itertools.pairwise(words)
    return next((after for word, after in pairs if word in ("-t", "--table")), "filter")


def _tool(word: str) -> bool:
    return _TOOL.fullmatch(_name(word)) is not None


def _name(path: str) -> str:
    return path.rpartition("/")[2]
