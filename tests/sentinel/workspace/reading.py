"""KQL as the oracle can read it: parsers' arguments as conditions, watchlists as tables, ingestion's clock a column.

Each rewriting says the same; what it can't say is refused, and breaks the test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from tests.kql.oracle import readable
from tests.sentinel.workspace import parsers

#: What a parameter of a parser says of a row, where `{0}` is its argument; parameters of both schemas have one meaning.
_PARAMETERS: Final = {
    "starttime": "TimeGenerated >= {0}",
    "endtime": "TimeGenerated <= {0}",
    "commandline_has_any": "TargetProcessCommandLine has_any ({0})",
    "commandline_has_all": "TargetProcessCommandLine has_all ({0})",
    "targetprocess_has_any": "TargetProcessName has_any ({0})",
    "actingprocess_has_any": "ActingProcessName has_any ({0})",
    "parentprocess_has_any": "ParentProcessName has_any ({0})",
    "targetusername_has": "TargetUsername has {0}",
    "actorusername_has": "ActorUsername has {0}",
    "dvcipaddr_has_any_prefix": "false",
    "dvchostname_has_any": "DvcHostname has_any ({0})",
    "eventtype": "EventType == {0}",
    "dstportnumber": "DstPortNumber == {0}",
    "eventresult": "EventResult == {0}",
    "dvcaction": "DvcAction in ({0})",
}
_CALL: Final = re.compile(rf"\b({'|'.join(map(re.escape, parsers.VIEWS))})\s*\(")
_WATCHLIST: Final = re.compile(r"_GetWatchlist\s*\(")
_HASHED: Final = re.compile(r"\|\s*extend (\w+) = hash_sha256\(strcat_delim\(")
_IF_EXISTS: Final = re.compile(r"\bcolumn_ifexists\s*\(")
#: A literal, or a comment.
_LITERAL: Final = re.compile(r"""(@"(?:[^"]|"")*"|@'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|//[^\n]*""")
#: Arguments that say nothing.
_IDLE: Final = {"datetime(null)", "dynamic([])", "int(null)", "'*'", '"*"'}


class UnreadableError(Exception):
    """The oracle can't read the text; the text may be right all the same."""


def read(
    query: str, watchlists: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]], sixes: set[str]
) -> tuple[str, dict[str, str]]:
    """A query for the oracle.

    Args:
        query: as it arrived.
        watchlists: alias to the columns that its rows have.
        names: table or parser to its columns.
        sixes: the IPv6 addresses of the rows.

    Returns:
        The text, and the tables that stand in it for watchlists, each with its alias.
    """
    query = _without_comments(query)
    query = _calls(query)
    query = _columns(query, watchlists, names)
    query = _staged(query)
    query, tables = _watchlists(query)
    query = re.sub(r"\bingestion_time\s*\(\s*\)", "_TimeReceived", query)
    return readable(query, sixes), tables


def literals(text: str) -> list[tuple[int, int]]:
    """Where string literals stand, as half-open ranges."""
    return [found.span() for found in _LITERAL.finditer(text) if found[1]]


def _without_comments(text: str) -> str:
    return _LITERAL.sub(lambda found: found[1] or "", text)


def _arguments(text: str, start: int) -> tuple[list[str], int]:
    """The arguments of a call whose bracket is open at `start`, and where it is closed."""
    strings = dict(literals(text))
    depth, place, begin = 0, start, start
    given: list[str] = []
    while place < len(text):
        if place in strings:
            place = strings[place]
            continue
        letter = text[place]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            if depth == 0:
                given.append(text[begin:place].strip())
                return [one for one in given if one], place + 1
            depth -= 1
        elif letter == "," and depth == 0:
            given.append(text[begin:place].strip())
            begin = place + 1
        place += 1
    raise UnreadableError("a bracket is never closed")


def _outside(pattern: re.Pattern[str], text: str, start: int = 0) -> re.Match[str] | None:
    """The first match that stands in no literal."""
    inside = literals(text)
    for found in pattern.finditer(text, start):
        if not any(begin <= found.start() < end for begin, end in inside):
            return found
    return None


def _calls(text: str) -> str:
    while found := _outside(_CALL, text):
        given, end = _arguments(text, found.end())
        said = []
        for argument in given:
            name, equals, value = argument.partition("=")
            name, value = name.strip(), value.strip()
            if name in {"pack", "disabled"} or re.sub(r"\s", "", value) in _IDLE:
                continue
            if not equals or name not in _PARAMETERS:
                raise UnreadableError(f"the parser {found[1]} is called with {argument!r}")
            said.append(_PARAMETERS[name].format(value))
        head, tail = text[: found.start()], text[end:]
        called = f"{found[1]} | where {' and '.join(said)}" if said else found[1]
        # The oracle reads brackets around a table in a list of tables alone, and there they are needed.
        listed = re.search(r"(?:\bunion|,)\s*$", head) or re.match(r"\s*,", tail)
        text = head + (f"({called})" if said and listed else called) + tail
    return text


def _columns(text: str, watchlists: Mapping[str, Sequence[str]], names: Mapping[str, Sequence[str]]) -> str:
    """`column_ifexists` as the column or the other value, by the table or watchlist that is named before it."""
    tables = re.compile(rf"_GetWatchlist\s*\(\s*[\"']([^\"']+)[\"']|\b({'|'.join(map(re.escape, names))})\b")
    while found := _outside(_IF_EXISTS, text):
        given, end = _arguments(text, found.end())
        if len(given) != 2 or not re.fullmatch(r"[\"'][^\"']+[\"']", given[0]):
            raise UnreadableError(f"column_ifexists is called with {given}")
        before = list(tables.finditer(text, 0, found.start()))
        last = before[-1] if before else None
        if last is None:
            raise UnreadableError("column_ifexists stands before any table")
        columns = watchlists.get(last[1], ()) if last[1] else names[last[2]]
        name = given[0][1:-1]
        text = text[: found.start()] + (f"['{name}']" if name in columns else given[1]) + text[end:]
    return text


def _staged(text: str) -> str:
    """A hash of joined text in steps: written as one expression, the oracle's SQL for it has 100 kB."""
    while found := _outside(_HASHED, text):
        given, end = _arguments(text, found.end())
        close = re.match(r"\s*\)(?=\s*(?:\||;|$))", text[end:])
        if close is None:
            raise UnreadableError("a hash is more than one column of an extend")
        steps, names = [], []
        for number, argument in enumerate(given[1:]):
            if re.fullmatch(r"\w+", argument):
                names.append(argument)
            else:
                names.append(f"Staged{number}")
                steps.append(f"extend {names[-1]} = {argument}")
        away = [name for name in names if name.startswith("Staged")]
        steps.append(f"extend Staged = strcat_delim({given[0]}, {', '.join(names)})")
        steps.append(f"extend {found[1]} = hash_sha256(Staged)")
        steps.append(f"project-away {', '.join(['Staged', *away])}")
        text = text[: found.start()] + "| " + " | ".join(steps) + text[end + close.end() :]
    return text


def _watchlists(text: str) -> tuple[str, dict[str, str]]:
    tables: dict[str, str] = {}
    while found := _outside(_WATCHLIST, text):
        given, end = _arguments(text, found.end())
        if not given or not re.fullmatch(r"[\"'][^\"']+[\"']", given[0]):
            raise UnreadableError(f"_GetWatchlist is called with {given}")
        alias = given[0][1:-1]
        table = next((name for name, known in tables.items() if known == alias), f"WatchlistOf{len(tables)}")
        tables[table] = alias
        text = text[: found.start()] + table + text[end:]
    return text, tables
