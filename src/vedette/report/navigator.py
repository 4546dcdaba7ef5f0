"""What fired as a layer for the ATT&CK Navigator, layer format 4.5."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO, Final

import msgspec

from vedette.hunt.finding import Finding
from vedette.report.attack import Technique, fired, matrix
from vedette.report.level import rank
from vedette.report.terminal import printable

FORMAT: Final = "4.5"
#: By rank of level: from informational to critical.
_COLOURS: Final = ("#c9d1d9", "#9ecae1", "#fdd49e", "#fc8d59", "#d7301f")
_MOST_RULES: Final = 20


def layer(findings: Iterable[Finding], title: str) -> dict[str, Any]:
    """The layer. A technique's score is the number of findings that alert; its colour is that of the highest level.

    A technique that has been renumbered stands under both numbers, so that the layer shows it whichever version of
    ATT&CK the Navigator has loaded; the Navigator leaves out a number that its version lacks.
    """
    techniques = fired(findings)
    entries = [_entry(technique, number) for technique in techniques for number in (technique.id, *technique.former)]
    return {
        "name": printable(title),
        "versions": {"attack": matrix().version, "navigator": "5.1.0", "layer": FORMAT},
        "domain": "enterprise-attack",
        "description": "Techniques of the Sigma rules that fired in a hunt of Vedette's; score: findings that alert.",
        "filters": {"platforms": ["Linux"]},
        "sorting": 3,
        "layout": {"layout": "side", "showID": True, "showName": True},
        "hideDisabled": False,
        "techniques": entries,
        "gradient": {
            "colors": ["#ffffff", "#d7301f"],
            "minValue": 0,
            "maxValue": max([1, *(entry["score"] for entry in entries)]),
        },
        "legendItems": [
            {"label": label, "color": colour}
            for label, colour in zip(("informational", "low", "medium", "high", "critical"), _COLOURS, strict=True)
        ],
        "metadata": [],
        "showTacticRowBackground": False,
        "selectTechniquesAcrossTactics": True,
        "selectSubtechniquesWithParent": False,
    }


def write(findings: Iterable[Finding], title: str, out: BinaryIO) -> None:
    """Write the layer as indented JSON."""
    out.write(msgspec.json.format(msgspec.json.encode(layer(findings, title)), indent=2) + b"\n")
    out.flush()


def _entry(technique: Technique, number: str) -> dict[str, Any]:
    shown = [printable(title)[:200] for title in technique.rules[:_MOST_RULES]]
    more = len(technique.rules) - len(shown)
    comment = "; ".join(shown) + (f"; and {more} more rules" if more > 0 else "")
    known = matrix().renumbered
    if number in known:
        comment += f" (now {known[number]})"
    metadata = [{"name": "highest level", "value": printable(technique.level)[:40]}]
    if technique.excluded:
        metadata.append({"name": "excluded", "value": str(technique.excluded)})
    return {
        "techniqueID": number,
        "score": technique.findings,
        "color": _COLOURS[rank(technique.level)],
        "comment": comment,
        "enabled": True,
        "metadata": metadata,
        "links": [],
        "showSubtechniques": False,
    }
