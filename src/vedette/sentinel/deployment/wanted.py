"""What a rendering wants in a workspace, as objects with their marks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from typing import Any, Final

from vedette.sentinel import template
from vedette.sentinel.deployment.resource import Kind, Mark, Resource, resource_of
from vedette.sentinel.limits import read_limits
from vedette.sentinel.render import Rendering

_LISTED: Final = re.compile(r'_GetWatchlist\("(vedette-[0-9a-f]{16})"\)')
_CUT: Final = " ..."


def wanted(rendering: Rendering, pack: str) -> tuple[Resource, ...]:
    """The objects of a rendering; lists before what reads them.

    Args:
        rendering: of one target.
        pack: name under which they are deployed.
    """
    made: list[Resource] = []
    for one in rendering.artefacts:
        if one.form == "watchlist" and one.content:
            body = template.unescaped(one.content["properties"])
            rows = list(csv.DictReader(io.StringIO(body["rawContent"])))
            items = {str(number): dict(row) for number, row in enumerate(rows)}
            made.append(_marked("watchlist", body["watchlistAlias"], body, pack, rendering.target, (), one.rule, items))
        elif one.form in ("analytics", "hunting"):
            kind: Kind = "rule" if one.form == "analytics" else "search"
            made_of = template.rule if kind == "rule" else template.search
            # In a template brackets are escaped and the switch is a parameter; here text is text.
            body = made_of(one.content)["properties"]
            body.pop("enabled", None)
            needs = tuple(dict.fromkeys(_LISTED.findall(one.content["query"])))
            made.append(
                _marked(kind, one.content["id"], template.unescaped(body), pack, rendering.target, needs, one.rule)
            )
    order = {"watchlist": 0, "rule": 1, "search": 2}
    return tuple(sorted(made, key=lambda one: order[one.kind]))


def _marked(
    kind: Kind,
    name: str,
    body: dict[str, Any],
    pack: str,
    target: str,
    needs: tuple[str, ...],
    rule: str,
    items: Mapping[str, Mapping[str, str]] | None = None,
) -> Resource:
    """The object with the line that says whose it is below its description, which is cut where both are too long."""
    most = read_limits().limit("description-length").most - len(str(Mark(pack, target, "0" * 32))) - 2
    text = _description(kind, body)
    if len(text) > most:
        # What is cut is the rule's own text: who wrote it and under which license stays.
        own, _, credit = text.rpartition("\n\n")
        text = f"{own[: max(0, most - len(credit) - 2 - len(_CUT))].rstrip()}{_CUT}\n\n{credit}"
    bare = resource_of(kind, name, with_description(kind, body, text), items=items, needs=needs, rule=rule)
    mark = Mark(pack, target, bare.digest)
    told = with_description(kind, body, f"{text}\n\n{mark}")
    return resource_of(kind, name, told, items=items, needs=needs, rule=rule)


def _description(kind: Kind, body: Mapping[str, Any]) -> str:
    if kind == "search":
        return next((str(tag["value"]) for tag in body["tags"] if tag["name"] == "description"), "")
    return str(body.get("description", ""))


def with_description(kind: Kind, body: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Properties with another description."""
    if kind != "search":
        return {**body, "description": text}
    others = [tag for tag in body.get("tags") or () if tag["name"] != "description"]
    return {**body, "tags": [{"name": "description", "value": text}, *others]}
