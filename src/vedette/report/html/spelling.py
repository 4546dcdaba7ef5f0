"""Text of strangers as a page shows it: nothing hidden, nothing that turns round, and of moderate length."""

from __future__ import annotations

from typing import Any, Final

from vedette.report.terminal import printable

#: Longest text that is shown whole; of a longer one beginning and end are.
MAX_TEXT: Final = 4096
#: Longest record.
MAX_RECORD: Final = 16_384
#: Beyond it a number is no longer exact in a browser.
_EXACT: Final = 2**53 - 1
_MOST_ITEMS: Final = 10_000


def spelled(text: str, most: int = MAX_TEXT) -> str:
    r"""One line of printable text; the middle of a very long one is left out, and it says so.

    >>> spelled("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    if len(text) > most:
        half = most // 2
        left = len(text) - 2 * half
        return f"{printable(text[:half])} … {left:,} characters left out … {printable(text[-half:])}"
    return printable(text)


def block(text: str, most: int = 65_536) -> str:
    """Text over several lines, each of which is printable."""
    cut = text[:most]
    lines = "\n".join(printable(line) for line in cut.expandtabs(4).splitlines())
    return lines if len(cut) == len(text) else f"{lines}\n… {len(text) - most:,} characters left out"


def number(value: float) -> int | float | str:
    """A number that a browser can hold exactly, else its digits."""
    if isinstance(value, int) and abs(value) > _EXACT:
        return spelled(str(value)) if value.bit_length() < 4096 else "a very large number"
    return value


def plain(value: Any, *, blocks: frozenset[str] = frozenset()) -> Any:
    """Builtin data with every text spelled out.

    Args:
        value: dicts, lists, texts and numbers.
        blocks: keys whose texts keep their line ends.
    """
    match value:
        case str():
            return spelled(value)
        case bool() | None:
            return value
        case int() | float():
            return number(value)
        case dict():
            return {
                spelled(str(key)): block(inner)
                if key in blocks and isinstance(inner, str)
                else plain(inner, blocks=blocks)
                for key, inner in list(value.items())[:_MOST_ITEMS]
            }
        case list() | tuple():
            return [plain(inner, blocks=blocks) for inner in value[:_MOST_ITEMS]]
        case _:
            return spelled(str(value))
