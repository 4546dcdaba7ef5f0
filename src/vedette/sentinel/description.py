"""The description of content: the rule's own, and whose rule it is under which license."""

from __future__ import annotations

from typing import Final

from vedette.sentinel.limits import read_limits
from vedette.sentinel.writing import plain
from vedette.sigma.correlation import Correlation
from vedette.sigma.rule import Rule

#: The text of the license that asks to be named wherever a rule is shared.
DRL: Final = "https://github.com/SigmaHQ/Detection-Rule-License"
_SIGMAHQ: Final = "https://github.com/SigmaHQ/sigma"
_MOST_AUTHOR: Final = 1500
_CUT: Final = " ..."


def describe(rule: Rule | Correlation, extra: str = "") -> str:
    """The description, within what Sentinel takes; where it is too long, the rule's own text is cut.

    Args:
        rule: the rule.
        extra: a line more, about the content itself; may be empty.
    """
    credit = [
        f"Author: {_line(rule.author)[:_MOST_AUTHOR] or 'not stated'}",
        f"Sigma rule: {rule.id}" + (f" ({_SIGMAHQ})" if _is_drl(rule.license) else ""),
        f"License: {_line(rule.license)[:200] or 'not stated'}" + (f" ({DRL})" if _is_drl(rule.license) else ""),
    ]
    if extra:
        credit.append(extra)
    end = "\n".join(credit)
    most = read_limits().limit("description-length").most - len(end) - 2
    own = plain(rule.description) or _line(rule.title)
    if len(own) > most:
        own = own[: most - len(_CUT)].rstrip() + _CUT
    return f"{own}\n\n{end}"


def _is_drl(license_: str) -> bool:
    return "DRL" in license_.upper() or "DETECTION RULE LICENSE" in license_.upper()


def _line(text: str) -> str:
    return " ".join(plain(text).split())
