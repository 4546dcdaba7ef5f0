"""The description of content: the rule's own, and whose rule it is under which license."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vedette.sentinel.limits import read_limits
from vedette.sentinel.writing import plain
from vedette.sigma.correlation import Correlation
from vedette.sigma.rule import Rule

#: The text of the license that asks to be named wherever a rule is shared.
DRL: Final = "https://github.com/SigmaHQ/Detection-Rule-License"
_MOST_AUTHOR: Final = 1500
_MOST_JOINED: Final = 8
_CUT: Final = " ..."


def describe(rule: Rule | Correlation, joined: Sequence[Rule] = ()) -> str:
    """The description, within what Sentinel takes; where it is too long, the rule's own text is cut.

    Args:
        rule: the rule.
        joined: the rules that it joins, if it is a correlation: their authors are named too.
    """
    credit = [
        f"Author: {_line(rule.author, _MOST_AUTHOR)}",
        f"Sigma rule: {rule.id}",
        f"License: {_license(rule)}",
    ]
    credit += [
        f"Joins {one.id}, by {_line(one.author, 100)}, license: {_license(one, 40)}" for one in joined[:_MOST_JOINED]
    ]
    if len(joined) > _MOST_JOINED:
        credit.append(f"Joins {len(joined) - _MOST_JOINED:,} more rules, whose authors stand in their files")
    end = "\n".join(credit)
    most = read_limits().limit("description-length").most - len(end) - 2
    own = plain(rule.description) or _line(rule.title, most)
    if len(own) > most:
        own = own[: most - len(_CUT)].rstrip() + _CUT
    return f"{own}\n\n{end}"


def _license(rule: Rule | Correlation, most: int = 200) -> str:
    return _line(rule.license, most) + (f" ({DRL})" if _is_drl(rule.license) else "")


def _is_drl(license_: str) -> bool:
    return "DRL" in license_.upper() or "DETECTION RULE LICENSE" in license_.upper()


def _line(text: str, most: int) -> str:
    return " ".join(plain(text).split())[:most].rstrip() or "not stated"
