"""YAML whose text reads back as it was: text of strangers stays text."""

from __future__ import annotations

from typing import Any

import yaml


class TextDumper(yaml.SafeDumper):
    """Writes text of several lines as a block, and escapes what can't be seen.

    PyYAML writes some line ends as they are and reads them back as blanks, or as ends of the block that they stand in.
    """


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    seen = all(letter.isprintable() or letter == "\n" for letter in text)
    style = ("|" if "\n" in text else None) if seen else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


TextDumper.add_representer(str, _text)


def dump(*documents: Any, indent: int = 2, width: int = 1 << 20) -> str:
    """Documents as YAML, in the order of their keys; nothing for none.

    Args:
        documents: What each document holds.
        indent: Blanks of a level.
        width: Letters after which a long text is folded.
    """
    if not documents:
        return ""
    return yaml.dump_all(documents, Dumper=TextDumper, sort_keys=False, allow_unicode=True, width=width, indent=indent)
