"""What a workspace answers to a query, told apart by what has to be done next."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

#: `whole`; `partial`: some rows are missing; `large`: the query asked for more than an answer holds; `slow`: it took
#: too long; `throttled`: asked too fast; `cut`: no answer came, or none that can be read; `missing`: a table, function
#: or column is not in the workspace; `denied`: the rows may not be read; `failed`: anything else.
Kind: TypeAlias = Literal["whole", "partial", "large", "slow", "throttled", "cut", "missing", "denied", "failed"]
Row: TypeAlias = Mapping[str, Any]

#: Longest message of the service that is kept, in characters.
MAX_MESSAGE: Final = 500
_SLOW: Final = re.compile(r"time[d ]?[- ]?out|exceeded the allowed (?:limits|time)|runaway", re.IGNORECASE)
_LARGE: Final = re.compile(
    r"too ?large|result ?set|payload size|E_QUERY_RESULT_SET_TOO_LARGE|max(?:imum)? (?:result|size)", re.IGNORECASE
)
_THROTTLED: Final = re.compile(
    r"throttl|too ?many ?requests|rate ?limit|ServiceUnavailable|server is busy", re.IGNORECASE
)
_DENIED: Final = re.compile(
    r"InsufficientAccess|AuthorizationFailed|Forbidden|not authori[sz]ed|does not have access", re.IGNORECASE
)
_MISSING: Final = re.compile(
    r"Failed to resolve[^'\"`]{0,80}['\"`](\w{1,200})['\"`]"
    r"|Unknown function:?\s*['\"`](\w{1,200})['\"`]"
    r"|['\"`](\w{1,200})['\"`]:? (?:is not a recognized|could not be found|does not exist)",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back for one query over one window.

    Attributes:
        kind: see `Kind`.
        rows: of the first table, column to value; of an answer that is not `whole`, as far as they came.
        code: the service's name of what went wrong; empty where nothing did.
        message: in its words, on one line, cut at `MAX_MESSAGE`.
        name: of what is `missing`.
        after: seconds after which to ask again, as the service says, or None.
    """

    kind: Kind
    rows: Sequence[Row] = ()
    code: str = ""
    message: str = ""
    name: str = ""
    after: float | None = None

    @property
    def told(self) -> str:
        """Code and message, for people."""
        return ": ".join(part for part in (self.code, self.message) if part) or "no reason was given"


def error_of(code: object, message: object, *, rows: Sequence[Row] = (), after: float | None = None) -> Answer:
    """What an error means, told by its code and words; both are the service's and may be anything."""
    code, text = one_line(code, 80), one_line(message, MAX_MESSAGE)
    both = f"{code} {text}"
    if code in ("401", "403") or _DENIED.search(both):
        return Answer("denied", rows, code, text)
    if code in ("429", "503") or _THROTTLED.search(both):
        return Answer("throttled", rows, code, text, after=after)
    if missing := _MISSING.search(both):
        return Answer("missing", rows, code, text, name=next(part for part in missing.groups() if part))
    if code == "504" or _SLOW.search(both):
        return Answer("slow", rows, code, text)
    if code == "413" or _LARGE.search(both):
        return Answer("large", rows, code, text)
    if code in ("500", "502"):
        return Answer("cut", rows, code, text, after=after)
    return Answer("failed", rows, code, text)


def one_line(text: object, most: int) -> str:
    """A text of the service's on one line, cut."""
    return " ".join(str(text or "")[: 4 * most].split())[:most]
