"""Guards: a cheap condition that must hold before a predicate is worth evaluating.

A guard is a set of leaves of which at least one hits wherever the predicate holds: the rarest child of a conjunction,
all children of a disjunction together, nothing for a negation. Only guards are scanned, so that a rule whose guard
never hits costs nothing. How rare a leaf is, is guessed; a bad guess costs time, never a match.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Final

from vedette.predicate import (
    And,
    Cidr,
    Compare,
    Const,
    Glob,
    Match,
    Not,
    Or,
    Pattern,
    Predicate,
    Regex,
    TimePart,
    fold,
    holds,
)

#: Surprise of one character in bits, by kind; rough figures of command lines and paths.
_COMMON: Final = frozenset(" -/.etaoinsr")
_COMMON_BITS: Final = 2.5
_LETTER_BITS: Final = 4.0
_OTHER_BITS: Final = 6.0
#: A literal that may stand anywhere has about this many places to hit.
_PLACES: Final = 64
#: A cost beside its rarity that each leaf adds, so that of two guards that never hit the smaller is scanned.
_LEAF_COST: Final = 1e-6
_REGEX_COST: Final = 0.002
_NUMBER_COST: Final = 0.05
#: Programs that an ordinary Unix host starts all the time, and what its command lines are full of.
# fmt: off
_EVERYDAY: Final = frozenset({
    "sh", "bash", "dash", "zsh", "busybox", "env", "sudo", "su", "cat", "ls", "grep", "egrep", "awk", "gawk",
    "mawk", "sed", "cut", "head", "tail", "sort", "uniq", "tr", "wc", "find", "xargs", "ps", "id", "date", "sleep",
    "test", "true", "stat", "chmod", "chown", "mkdir", "rm", "cp", "mv", "ln", "tee", "echo", "touch", "basename",
    "dirname", "readlink", "python", "python3", "perl", "ruby", "php", "node", "java", "git", "ssh", "sshd", "scp",
    "curl", "wget", "cron", "crond", "run-parts", "systemctl", "systemd", "iptables", "ip6tables", "nft", "ip",
    "ufw", "apt", "dpkg", "modprobe", "mount", "umount", "hostname", "uname", "bin", "sbin", "usr", "etc", "tmp",
    "var", "lib", "proc", "dev", "run", "home", "root", "usr/bin", "usr/sbin", "var/log", "sh -c", "bash -c",
})
# fmt: on
_EVERYDAY_COST: Final = 0.05
#: What of an expression is no literal text: escapes, classes, repetitions, groups.
_SYNTAX: Final = re.compile(r"\\.|\[[^\]]*\]|\{[^}]*\}|\(\?[a-z:]*|[()*+?|^$.]")


#: Guards that hit less often than this need no others beside them.
_RARE: Final = 0.002
#: A guard beside the first one may have so many leaves and hit so often.
_MAX_FURTHER_LEAVES: Final = 64
_MAX_FURTHER_COST: Final = 0.5


@dataclasses.dataclass(frozen=True)
class Guard:
    """Leaves of which one must hit.

    Attributes:
        cost: guessed share of rows that hit.
        leaves: field and pattern of each.
    """

    cost: float
    leaves: tuple[tuple[str, Pattern], ...]


def guard(predicate: Predicate, scannable: Callable[[Pattern], bool], *, positive: bool = True) -> Guard | None:
    """The cheapest guard of a predicate, or of its negation; None where nothing needs to hit.

    Args:
        predicate: reduced to fields that shapes supply.
        scannable: whether a scan can answer a pattern; it must be false for patterns that hold on the absent value.
        positive: false for the guard of the negation.
    """
    match predicate:
        case Const(value=value):
            return None if value == positive else Guard(0.0, ())
        case Match(field=field, pattern=pattern):
            return Guard(cost(pattern), ((field, pattern),)) if positive and scannable(pattern) else None
        case Not(child=child):
            return guard(child, scannable, positive=not positive)
        case And(children=children) | Or(children=children):
            parts = [guard(child, scannable, positive=positive) for child in children]
            if isinstance(predicate, And) == positive:
                return min((part for part in parts if part is not None), key=lambda part: part.cost, default=None)
            total, leaves = 0.0, dict[tuple[str, Pattern], None]()
            for part in parts:
                if part is None:
                    return None
                total += part.cost
                leaves.update(dict.fromkeys(part.leaves))
            return Guard(total, tuple(leaves))
    return None


def guards(predicate: Predicate, scannable: Callable[[Pattern], bool]) -> tuple[Guard, ...]:
    """Guards each of which must hit: the cheapest one, and others of a conjunction until together they are rare."""
    children = predicate.children if isinstance(predicate, And) else (predicate,)
    found = sorted(
        (part for part in (guard(child, scannable) for child in children) if part is not None),
        key=lambda part: part.cost,
    )
    chosen: list[Guard] = []
    together = 1.0
    for part in found:
        further = part.cost <= _MAX_FURTHER_COST and len(part.leaves) <= _MAX_FURTHER_LEAVES
        if chosen and (together <= _RARE or not further):
            break
        chosen.append(part)
        together *= min(part.cost, 1.0)
    return tuple(chosen)


def scannable(pattern: Pattern) -> bool:
    """Whether a scan can find the pattern: it never holds on an absent value and has something to look for."""
    match pattern:
        case Glob():
            return bool(pattern.literal)
        case Regex() | Compare() | Cidr() | TimePart():
            return not holds(pattern, "")
    return False


def cost(pattern: Pattern) -> float:
    """The guessed share of rows on which a pattern holds, between 0 and 1."""
    match pattern:
        case Glob():
            literal = fold(pattern.literal)
            floating = pattern.form in ("contains", "wildcard")
            rarity = _rarity(literal, floating=floating)
            core = literal.strip("/ ")
            if core in _EVERYDAY or core.rpartition("/")[2] in _EVERYDAY:
                rarity = max(rarity, _EVERYDAY_COST)
            return rarity + _LEAF_COST * (10 if floating else 1)
        case Regex(source=source):
            branches = _SYNTAX.sub("", source), source.count("|") + 1
            return _rarity(branches[0][: len(branches[0]) // branches[1]], floating=True) + _REGEX_COST
    return _NUMBER_COST


def _rarity(literal: str, *, floating: bool) -> float:
    return min(1.0, (_PLACES if floating else 1) * 2.0 ** -sum(map(_bits, literal[:_PLACES])))


def _bits(character: str) -> float:
    if character in _COMMON:
        return _COMMON_BITS
    return _LETTER_BITS if character.isalnum() else _OTHER_BITS
