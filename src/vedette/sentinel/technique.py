"""ATT&CK in the numbering of Sentinel's content tests: tactics and techniques out of a rule's tags."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable
from importlib import resources
from typing import Final

import msgspec

_TECHNIQUE: Final = re.compile(r"T[0-9]{4}(?:\.[0-9]{3})?")
_NAMESPACE: Final = "attack."


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    as_of: dt.date
    tactics: dict[str, str]
    former: dict[str, str]
    techniques: dict[str, str]


class Attack(msgspec.Struct, frozen=True):
    """The numbering.

    Attributes:
        as_of: the day on which it was read.
        tactics: Sigma's tactic, `defense-evasion`, to Sentinel's, `DefenseEvasion`.
        former: a number of today to the one that the tests know.
        techniques: technique, without its part, to all its tactics.
    """

    as_of: dt.date
    tactics: dict[str, str]
    former: dict[str, str]
    techniques: dict[str, tuple[str, ...]]

    def of(self, technique: str) -> tuple[str, ...]:
        """All tactics of a technique or of a part of one; none where the tests don't know it."""
        return self.techniques.get(technique.partition(".")[0], ())

    def known(self, technique: str) -> str:
        """The number by which the tests know a technique; empty where they don't."""
        base = technique.partition(".")[0]
        number = self.former.get(technique) or self.former.get(base) or technique
        return number if self.of(number) else ""


class Tags(msgspec.Struct, frozen=True):
    """What a rule's tags say of ATT&CK.

    Attributes:
        tactics: Sentinel's, all of each technique among them, in the order of the matrix.
        techniques: numbers that the tests know, sorted.
        unknown: tags of techniques or tactics that they don't know, which are left out.
    """

    tactics: tuple[str, ...]
    techniques: tuple[str, ...]
    unknown: tuple[str, ...]


@functools.cache
def read_attack() -> Attack:
    """The numbering that comes with this version."""
    content = resources.files("vedette.sentinel").joinpath("techniques.toml").read_bytes()
    file = msgspec.toml.decode(content, type=_File)
    techniques: dict[str, tuple[str, ...]] = {}
    for tactic, numbers in file.techniques.items():
        for number in numbers.split():
            techniques[number] = (*techniques.get(number, ()), tactic)
    named = {re.sub(r"(?<=.)([A-Z])", r"-\1", tactic).lower(): tactic for tactic in file.techniques}
    return Attack(file.as_of, {**named, **file.tactics}, file.former, techniques)


def read_tags(tags: Iterable[str]) -> Tags:
    """Tactics and techniques of a rule.

    Args:
        tags: as a rule has them, in lower case; those that are not ATT&CK's are passed over.
    """
    attack = read_attack()
    tactics: set[str] = set()
    techniques: set[str] = set()
    unknown: dict[str, None] = {}
    for tag in tags:
        name = tag.removeprefix(_NAMESPACE)
        if name == tag:
            continue
        if _TECHNIQUE.fullmatch(name.upper()):
            number = attack.known(name.upper())
            if number:
                techniques.add(number)
                tactics.update(attack.of(number))
            else:
                unknown[name.upper()] = None
        elif name.replace("_", "-") in attack.tactics:
            tactics.add(attack.tactics[name.replace("_", "-")])
        elif not re.fullmatch(r"[gs][0-9]{4}", name):  # groups and software, which no content names
            unknown[name] = None
    order = list(dict.fromkeys(attack.tactics.values()))
    return Tags(tuple(sorted(tactics, key=order.index)), tuple(sorted(techniques)), tuple(unknown))
