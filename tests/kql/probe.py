"""Rules of our own, converted."""

from __future__ import annotations

import textwrap
from pathlib import Path

from vedette.kql import Options, Query, convert, read_target
from vedette.sigma.ruleset import load


def probe(
    folder: Path,
    detection: str,
    target: str = "asim",
    *,
    category: str = "process_creation",
    product: str = "linux",
    service: str = "",
    **settings: str,
) -> Query:
    """The query of a rule with this detection section, dedented."""
    body = textwrap.indent(textwrap.dedent(detection).strip("\n"), "    ")
    path = folder / "probe.yml"
    source = {"product": product, "category": category, "service": service}
    named = "".join(f"    {key}: {value}\n" for key, value in source.items() if value)
    head = f"title: probe\nlogsource:\n{named}"
    path.write_text(f"{head}detection:\n{body}\n", encoding="utf-8")
    loaded = load([path], cache=False)
    assert loaded.problems == ()
    target_data = read_target(target)
    return convert(loaded.rules[0], target_data, Options.of(settings, target_data))


def item(line: str) -> str:
    """A detection of one item."""
    return f"s:\n{textwrap.indent(textwrap.dedent(line), '    ')}\ncondition: s"
