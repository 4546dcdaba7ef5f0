r"""The law's regular expressions: what RE2 and Rust's regex both accept, with one meaning.

RE2 is the oracle. `portable` spells out what the dialects read differently (`\d`, `\w`, `\s`, `\b`, `\v`, `\<`,
brackets and set operators in a class), so that Rust's regex, Hyperscan and Kusto answer as RE2 does. What can't be
spelled alike is refused: `\B`, which Rust allows only in bytes, and `{,n}`, which RE2 takes as text and Rust as a
repetition.
"""

from __future__ import annotations

import functools
import re
from typing import Any, Final

import re2

from vedette.predicate.pattern import Regex

#: Longest expression that is compiled; the longest public rule has some 700 characters.
MAX_LENGTH: Final = 8192

_CLASSES: Final = {
    "d": "0-9",
    "w": "0-9A-Za-z_",
    "s": r"\t\n\f\r\x20",
    "D": r"\x{00}-\x{2F}\x{3A}-\x{10FFFF}",
    # Not ranges: where case is ignored, those would hold the long s and thereby s.
    "W": "[:^word:]",
    "S": r"\x{00}-\x{08}\x{0B}\x{0E}-\x{1F}\x{21}-\x{10FFFF}",
}
_LINES: Final = re.compile(r"\(\?[A-Za-z]*m")


class RegexRefusedError(ValueError):
    """An expression that is outside the law; the text is the cause."""


@functools.lru_cache(maxsize=8192)
def compile_regex(pattern: Regex) -> Any:
    """The RE2 object of a pattern; `search` is unanchored.

    Raises:
        RegexRefusedError: RE2 does not accept the expression.
    """
    options = re2.Options()
    options.log_errors = False
    flags = f"(?{pattern.flags})" if pattern.flags else ""
    try:
        return re2.compile(flags + pattern.source, options)
    except UnicodeEncodeError:
        raise RegexRefusedError("it holds half of a surrogate pair") from None
    except re2.error as error:
        cause = error.args[0] if error.args else "refused by RE2"
        raise RegexRefusedError(cause.decode("utf-8", "replace") if isinstance(cause, bytes) else str(cause)) from None


def check_regex(pattern: Regex) -> None:
    """Hold a pattern against the law.

    Raises:
        RegexRefusedError: it is too long, RE2 or Rust's regex refuses it, or the two read it differently.
    """
    if len(pattern.source) > MAX_LENGTH:
        raise RegexRefusedError(f"longer than {MAX_LENGTH:,} characters")
    compile_regex(pattern)
    # Polars carries Rust's regex; only uncached rules come here, so its import is not paid at every start.
    import polars as pl  # noqa: PLC0415 (see above)

    try:
        pl.Series([""]).str.contains(portable(pattern, word_boundary=r"(?-u:\b)"))
    except pl.exceptions.ComputeError as error:
        cause = re.findall(r"error: (?!regex)(.{1,200}?)(?:$| This error)", " ".join(str(error).split()))
        raise RegexRefusedError(f"Rust's regex: {cause[-1] if cause else 'refused'}") from None


def portable(pattern: Regex, *, word_boundary: str = r"\b", end: str = "$") -> str:
    r"""Spell an expression so that every dialect reads it as RE2 does; its flags become a prefix.

    Args:
        pattern: an expression that RE2 accepts.
        word_boundary: how the target spells an ASCII `\b`.
        end: how the target spells the end of the text where `m` is not set.

    Raises:
        RegexRefusedError: it holds what can't be spelled alike.
    """
    source, out = pattern.source, []
    index, in_class, class_start = 0, False, 0
    while index < len(source):
        character = source[index]
        if character == "\\" and index + 1 < len(source):
            out.append(_escape(source[index + 1], in_class=in_class, word_boundary=word_boundary))
            index += 2
            continue
        if in_class:
            if character == "[" and source.startswith("[:", index) and ":]" in source[index + 2 : index + 14]:
                stop = source.index(":]", index) + 2
                out.append(source[index:stop])
                index = stop
                continue
            if character == "]" and index > class_start:
                in_class = False
                out.append("]")
            else:
                out.append("\\" + character if character in "[]&~" else character)
            index += 1
            continue
        if character == "[":
            in_class = True
            out.append("[")
            index += 1
            if source.startswith("^", index):
                out.append("^")
                index += 1
            class_start = index
            continue
        if character == "(" and end != "$" and _LINES.match(source, index):
            raise RegexRefusedError("`(?m)` inside the expression; write it as the flag `m`")
        if character == "{" and source.startswith("{,", index):
            raise RegexRefusedError(
                "`{,n}` means text to RE2 and a repetition to Rust's regex; write `{0,n}` or `\\{,`"
            )
        out.append(end if character == "$" and "m" not in pattern.flags else character)
        index += 1
    return (f"(?{pattern.flags})" if pattern.flags else "") + "".join(out)


def _escape(letter: str, *, in_class: bool, word_boundary: str) -> str:
    if letter in _CLASSES:
        return _CLASSES[letter] if in_class else f"[{_CLASSES[letter]}]"
    if letter == "b" and not in_class:
        return word_boundary
    if letter == "B":
        raise RegexRefusedError(r"`\B` has no spelling that Rust's regex accepts on text")
    if letter == "v":
        return r"\x0B"
    if letter in "<>":
        return letter
    return "\\" + letter
