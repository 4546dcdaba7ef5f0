"""Rule text for tests."""

from __future__ import annotations

import textwrap
from pathlib import Path


def rule_text(detection: str, *, head: str = "", title: str = "sample") -> str:
    """A rule with this detection section, dedented, and these further lines at its head."""
    body = textwrap.indent(textwrap.dedent(detection).strip("\n"), "    ")
    return f"title: {title}\n{head}logsource:\n    category: process_creation\ndetection:\n{body}\n"


def write_rule(folder: Path, name: str, detection: str, *, head: str = "", title: str = "sample") -> Path:
    """The rule as a file."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rule_text(detection, head=head, title=title), encoding="utf-8")
    return path


SIMPLE = """
a:
    User: eve
condition: a
"""
