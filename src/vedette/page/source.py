"""The bytes of a page made lines: bounded, UTF-8, and free of characters that hide what a reader sees."""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from pathlib import Path
from typing import Final

from vedette.errors import Location, PageError

#: A hunt page is some hundred lines of text.
MAX_BYTES: Final = 1 << 20
MAX_LINES: Final = 20_000
MAX_LINE: Final = 1 << 16
#: Controls that turn text round or hide it. What they cover is not what the analyst reads.
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def read_bytes(path: str) -> bytes:
    """The page's bytes.

    Args:
        path: a regular file, or `-` for standard input.

    Raises:
        PageError: it can't be read, is no file, or is over `MAX_BYTES`.
    """
    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            # Without O_NONBLOCK, opening a pipe that nobody writes to never ends.
            descriptor = os.open(Path(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise PageError("the page is no regular file", Location(path), code="page-unreadable")
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PageError(f"the page can't be read: {error.strerror}", Location(path), code="page-unreadable") from None
    if len(data) > MAX_BYTES:
        raise PageError(
            f"the page is over {MAX_BYTES >> 20} MiB", Location(path), remedy="a hunt page is text", code="page-size"
        )
    return data


def lines_of(data: bytes, path: str) -> tuple[str, ...]:
    """The lines of a page, without their ends and a byte order mark.

    Raises:
        PageError: not UTF-8, too many or too long lines, or a hidden character.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        at = data.count(b"\n", 0, error.start) + 1
        raise PageError(
            "the page is not UTF-8", Location(path, at), remedy="save it as UTF-8", code="page-encoding"
        ) from None
    lines = tuple(text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    if len(lines) > MAX_LINES:
        raise PageError(f"the page has over {MAX_LINES} lines", Location(path, MAX_LINES), code="page-size")
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_LINE:
            raise PageError(f"the line has over {MAX_LINE} characters", Location(path, number), code="page-size")
        if not line.isprintable():
            _check_visible(line, path, number)
    return lines


def _check_visible(line: str, path: str, number: int) -> None:
    for column, character in enumerate(line, 1):
        if character == "\t":
            continue
        if character in _BIDI or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise PageError(
                f"the line holds the control character U+{ord(character):04X}",
                Location(path, number, column),
                remedy="take it out: it can hide or turn round what stands beside it",
                code="page-hidden",
            )


def check_exact(line: str, path: str, number: int, what: str) -> None:
    """Refuse blanks and format characters that look like nothing or like a plain blank.

    Raises:
        PageError: the line, which is part of a rule or a query, holds one.
    """
    if line.isascii():
        return
    for column, character in enumerate(line, 1):
        if character != " " and unicodedata.category(character) in ("Zs", "Cf", "Co", "Cn"):
            raise PageError(
                f"the {what} holds the invisible character U+{ord(character):04X}",
                Location(path, number, column),
                remedy="write a plain blank, or take it out",
                code="page-hidden",
            )
