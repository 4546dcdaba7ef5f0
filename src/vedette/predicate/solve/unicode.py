r"""Unicode classes such as `\pL`, asked of RE2, since each release knows its own edition of Unicode."""

from __future__ import annotations

import functools
from typing import Final

from vedette.predicate.pattern import Regex
from vedette.predicate.regex import compile_regex

#: All letters in order; half of a surrogate pair is none.
_STARTS: Final = (0, 0xE000)


@functools.lru_cache(maxsize=64)
def unicode_class(name: str) -> tuple[tuple[int, int], ...]:
    """The code points of a class, as sorted ranges.

    Raises:
        RegexRefusedError: RE2 knows no such class.
    """
    machine = compile_regex(Regex(f"\\p{{{name}}}+"))
    found: list[tuple[int, int]] = []
    for start, stop in zip(_STARTS, (0xD800, 0x110000), strict=True):
        text = "".join(map(chr, range(start, stop)))
        found += [(start + match.start(), start + match.end() - 1) for match in machine.finditer(text)]
    return tuple(found)
