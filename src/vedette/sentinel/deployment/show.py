"""A plan, and what became of it, for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from vedette.sentinel.deployment.apply import Fate
from vedette.sentinel.deployment.estimate import Estimate
from vedette.sentinel.deployment.plan import Plan, Step

SCHEMA: Final = "vedette.deployment/1"
_SIGNS: Final = dict(
    zip(("create", "change", "delete", "same", "drift", "foreign", "left", "refused"), "+~-=!!?x", strict=True)
)
_KINDS: Final = {"watchlist": "watchlist", "rule": "analytics rule", "search": "hunting query"}
#: Lines of a field that are shown.
_MOST: Final = 200


def lines_of(plan: Plan, estimates: Mapping[str, Estimate] | None = None) -> Iterator[str]:
    """The plan as text: an object a paragraph, those that are the same in the sum alone."""
    for step in plan.steps:
        if step.action == "same":
            continue
        subject = step.subject
        told = f": {step.why}" if step.why else ""
        yield f"{_SIGNS[step.action]} {step.action} {_KINDS[subject.kind]} {subject.title!r} ({subject.name}){told}"
        known = (estimates or {}).get(subject.rule)
        if known is not None and subject.kind == "rule":
            yield f"    {known}"
        if step.action in ("change", "drift", "foreign"):
            yield from _differences(step)
        elif step.action == "create":
            fields = subject.fields
            rows = fields.get("rows")
            yield from ([f"    {len(rows):,} rows"] if isinstance(rows, list) else [])
            if subject.kind == "rule":
                yield f"    {'enabled' if step.enable else 'disabled'}, severity {fields.get('severity', '?')}"


def account(plan: Plan) -> str:
    """The sum, one line."""
    count = plan.count()
    names = ("create", "change", "delete", "same", "drift", "foreign", "left", "refused")
    told = [f"{count[name]:,} {name}" for name in names if name in count]
    return f"plan: {', '.join(told) or 'nothing'}"


def told(fate: Fate) -> str:
    """What became of one object, one line."""
    subject = fate.step.subject
    why = f": {fate.why}" if fate.why else ""
    return f"{fate.outcome}: {fate.step.action} {_KINDS[subject.kind]} {subject.title!r} ({subject.name}){why}"


def document(plan: Plan, resource: str, estimates: Mapping[str, Estimate] | None = None) -> bytes:
    """The plan as one document of JSON, as `apply --plan` takes it."""
    content = {
        "schema": SCHEMA,
        "workspace": resource,
        "fingerprint": plan.fingerprint,
        "changes": plan.changes,
        "open": plan.open,
        "steps": [_data(step) for step in plan.steps],
        "estimates": {name: msgspec.to_builtins(one) for name, one in (estimates or {}).items()},
    }
    return msgspec.json.format(msgspec.json.encode(content)) + b"\n"


def outcome(fates: Sequence[Fate]) -> str:
    """The sum of an apply, one line."""
    count = {name: sum(fate.outcome == name for fate in fates) for name in ("done", "conflict", "failed", "skipped")}
    return f"apply: {', '.join(f'{number:,} {name}' for name, number in count.items() if number) or 'nothing to do'}"


def _differences(step: Step) -> Iterator[str]:
    for one in step.differences:
        yield f"    {one.field}:"
        yield from (f"      {line}" for line in one.lines[:_MOST])
        if len(one.lines) > _MOST:
            yield f"      ... {len(one.lines) - _MOST:,} more lines"


def _data(step: Step) -> dict[str, Any]:
    subject = step.subject
    return {
        "action": step.action,
        "kind": subject.kind,
        "name": subject.name,
        "title": subject.title,
        "rule": subject.rule,
        "why": step.why,
        "enable": step.enable,
        "differences": [{"field": one.field, "lines": list(one.lines)} for one in step.differences],
    }
