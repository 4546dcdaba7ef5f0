"""Content as YAML: text of strangers stays text, queries and descriptions stand as blocks."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

import yaml

from vedette.sigma.dumper import TextDumper

_WIDTH: Final = 4096
#: What can't be seen, or changes how the text around it looks.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class _Dumper(TextDumper):
    """Writes lists behind an indentation."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        del indentless
        super().increase_indent(flow, indentless=False)


def document(content: Mapping[str, Any]) -> str:
    """A document of YAML that reads back as `content`."""
    return yaml.dump(
        dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )


def plain(text: str) -> str:
    r"""Text in lines as a block may have it: no blanks at their ends, nothing unseen.

    >>> plain("a \r\nb\u202ec\n\n\n\nd")
    'a\nb\\u202ec\n\nd'
    """
    lines = [
        "".join(map(_letter, line)).rstrip() for line in text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    ]
    kept = [line for place, line in enumerate(lines) if line or (place and lines[place - 1])]
    return "\n".join(kept).strip()


def _letter(letter: str) -> str:
    if letter.isprintable() or unicodedata.category(letter) not in _UNSEEN:
        return " " if letter.isspace() else letter
    return f"\\u{ord(letter):04x}" if ord(letter) <= 0xFFFF else f"\\U{ord(letter):08x}"
