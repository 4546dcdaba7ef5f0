"""What an import tells whoever ran it, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from vedette.page.importing import Imported
from vedette.report.terminal import printable, shorten


def account(done: Imported) -> Iterator[str]:
    """Lines for a terminal: files, rule, query, scenarios, and all that was not read or is incomplete."""
    page = done.page
    yield f"page       {printable(page.name)}: {shorten(page.title, 80)}"
    how = f"indentation of {page.restored} lines restored" if page.form == "flat" else "as indented"
    yield f"rule       line {page.rule_line}: {how}; license {done.license}{' (assumed)' if done.assumed else ''}"
    yield f"query      line {page.kql_line}" if page.kql else "query      none on the page"
    whole = sum(scenario.complete for scenario in page.scenarios)
    yield f"scenarios  {len(page.scenarios)}, of which {whole} complete"
    for scenario in page.scenarios:
        if not scenario.complete:
            yield f"           line {scenario.line}: {shorten(scenario.title or '(no title)', 60)}: {scenario.why}"
    yield f"unread     {len(page.unread) or 'nothing'}"
    for each in page.unread:
        yield f"           line {each.line}: {printable(each.why)}: {shorten(each.text, 60)}"
    yield f"pack       {printable(str(done.pack))}"
    for name in done.files:
        yield f"           {name}"
