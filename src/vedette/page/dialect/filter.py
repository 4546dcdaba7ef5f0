"""A reading as a Sigma filter that any tool of Sigma's can load, marked as a candidate."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from vedette.page.dialect.reading import Reading
from vedette.page.naming import slug
from vedette.report.terminal import printable

#: Of which the ids of candidates are made, so that a page imported again gives the same ones.
_NAMESPACE: Final = uuid.UUID("5d0b8a5e-0f4c-5c8e-9f0e-3f1f6a7f2f61")
MAX_TITLE: Final = 256
#: Where candidates stand in a pack; nothing there is applied.
FOLDER: Final = "exclusions/candidate"
#: Longest file name without number and ending.
MAX_STEM: Final = 60


def filter_document(reading: Reading, rule: Mapping[str, Any]) -> dict[str, Any]:
    """The filter that silences what a reading's detection holds on.

    Sigma joins a filter's condition to the rule's by and, so the condition is the detection's contrary.

    Args:
        reading: with a detection.
        rule: the page's rule, with `id` or `name`, `title` and `logsource`.

    Raises:
        ValueError: the reading has no detection, or the rule nothing by which a filter could name it.
    """
    reference = reference_of(rule)
    if reading.detection is None or not reference:
        raise ValueError("no detection, or no id of the rule")
    detections = {name: value for name, value in reading.detection.items() if name != "condition"}
    condition = str(reading.detection["condition"])
    negated = f"not {condition}" if condition in detections else f"not ({condition})"
    title = f"Candidate exclusion: {printable(reading.scenario) or 'no title'}"
    source = rule.get("logsource")
    logsource = source if isinstance(source, Mapping) else {}
    return {
        "title": title if len(title) <= MAX_TITLE else f"{title[: MAX_TITLE - 1]}…",
        "id": str(uuid.uuid5(_NAMESPACE, "\n".join((reference, reading.scenario, str(reading.line), reading.text)))),
        "status": "experimental",
        "description": f"The page says: {reading.text}",
        "logsource": {key: logsource[key] for key in ("product", "category", "service") if logsource.get(key)},
        "filter": {"rules": [reference], **detections, "condition": negated},
        "vedette": {
            "scenario": reading.scenario,
            "wording": reading.text,
            "source": "page",
            "decision": "candidate",
            "mapping": [msgspec.to_builtins(each) for each in reading.mapping],
        },
    }


def reference_of(rule: Mapping[str, Any]) -> str:
    """What a filter can name a rule by: its id, or else its name; the empty text if it has neither."""
    reference = rule.get("id") or rule.get("name")
    return reference if isinstance(reference, str) else ""


def file_names(readings: Sequence[Reading], rule: Mapping[str, Any]) -> tuple[str, ...]:
    """The file of each reading below the pack, named by its scenario; empty for those that make no filter."""
    names: list[str] = []
    for reading in readings:
        if reading.detection is None or not reference_of(rule):
            names.append("")
            continue
        stem = slug(reading.scenario)[:MAX_STEM].rstrip("_") or "scenario"
        number, name = 1, f"{FOLDER}/{stem}.yml"
        while name in names:
            number += 1
            name = f"{FOLDER}/{stem}_{number}.yml"
        names.append(name)
    return tuple(names)
