"""What a hunt would send, for people."""

from __future__ import annotations

from vedette.kql.strings import comment
from vedette.sentinel.hunting.plan import Plan
from vedette.sentinel.hunting.window import Window


def text(plan: Plan, window: Window, batch: int) -> str:
    """The queries in their order, each below comments with the rule, the window and the request that it goes in."""
    found = []
    requests = -(-len(plan.asks) // batch)
    for number, ask in enumerate(plan.asks):
        rule = ask.rule
        lines = [
            f"{ask.name} ({rule.id})",
            f"author: {rule.author or 'not stated'}; license: {rule.license or 'not stated'}",
            f"{plan.target} ({ask.query.table}); {'checked' if plan.proved else 'unchecked'}; level {rule.level}",
            f"rows received in {window}; request {number // batch + 1} of {requests}",
            *(f"note: {note}" for note in ask.query.notes),
        ]
        found.append("\n".join([*map(comment, lines), ask.text]) + "\n")
    return "\n".join(found)
