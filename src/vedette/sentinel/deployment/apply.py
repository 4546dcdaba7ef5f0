"""A plan done: each object for itself, in order, and what became of each."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, TypeAlias

import msgspec

from vedette.errors import UsageError
from vedette.sentinel.deployment.plan import DONE, Plan, Step
from vedette.sentinel.deployment.resource import FIELDS, Resource, digest_of
from vedette.sentinel.deployment.service import RefusedError, Service
from vedette.sentinel.deployment.state import COLLECTIONS, of_answer, with_rows
from vedette.sentinel.deployment.wanted import with_description

Outcome: TypeAlias = Literal["done", "conflict", "failed", "skipped"]
_ROWS: Final = uuid.UUID("5b4b0c53-1a56-5f5a-9f6b-8d7c4e1f2a3b")
#: How often, and after how many seconds, an upload of a list's rows is asked after.
_TURNS, _WAIT = 60, 1.0
#: What the service tells of an object, and does not take.
_TOLD: Final = frozenset(
    {"lastModifiedUtc", "created", "updated", "createdBy", "updatedBy", "watchlistId", "uploadStatus"}
)


class Fate(msgspec.Struct, frozen=True):
    """What became of a step.

    Attributes:
        step: the step.
        outcome: `conflict`: somebody else changed the object in the meantime, and it was left alone.
        why: where it was not done.
    """

    step: Step
    outcome: Outcome
    why: str = ""


def apply(service: Service, plan: Plan, *, wait: Callable[[float], None] = time.sleep) -> Iterator[Fate]:
    """Do a plan; each object's fate is told, and the rest goes on.

    Args:
        service: the workspace.
        plan: what to do.
        wait: sleeps so many seconds.
    """
    failed_lists: set[str] = set()
    reader_failed = False
    for step in plan.steps:
        if step.action not in DONE:
            if step.action == "foreign" and step.subject.kind == "watchlist":
                failed_lists.add(step.subject.name)
            continue
        fate = _fate(service, step, failed_lists, reader_failed=reader_failed, wait=wait)
        if fate.outcome != "done":
            if step.subject.kind == "watchlist":
                failed_lists.add(step.subject.name)
            else:
                reader_failed = True
        yield fate


def _fate(
    service: Service, step: Step, failed: set[str], *, reader_failed: bool, wait: Callable[[float], None]
) -> Fate:
    subject = step.subject
    missing = [alias for alias in subject.needs if alias in failed]
    if missing and step.action != "delete":
        return Fate(step, "skipped", f"the watchlist that it reads is not in place: {', '.join(missing)}")
    if step.action == "delete" and subject.kind == "watchlist" and reader_failed:
        return Fate(step, "skipped", "a rule or query was not put in place, which may still read it")
    try:
        if step.action == "delete":
            service.delete(COLLECTIONS[subject.kind], subject.name, etag=subject.etag)
        elif subject.kind == "watchlist":
            _put_list(service, step, wait)
        else:
            _put(service, step)
    except RefusedError as error:
        if step.action != "delete" and error.status in (0, 409, 412) and _is_there(service, step):
            return Fate(step, "done")  # an answer was lost on the way
        return Fate(step, "conflict" if error.conflict else "failed", str(error))
    return Fate(step, "done")


def _put(service: Service, step: Step) -> None:
    before, after = step.before, step.after
    assert after is not None
    service.put(
        COLLECTIONS[after.kind], after.name, _body(step), etag=before.etag if before else "", new=before is None
    )


def _body(step: Step) -> dict[str, Any]:
    """The object as it is sent: our fields, and of the others what the workspace has."""
    before, after = step.before, step.after
    assert after is not None
    if after.kind == "search":
        held = before.body if before is not None else {}
        ours = {tag["name"] for tag in after.body.get("tags", ())} | {"description", "tactics", "techniques"}
        others = [tag for tag in held.get("tags") or () if isinstance(tag, dict) and tag.get("name") not in ours]
        kept = {key: held[key] for key in ("functionAlias", "functionParameters") if held.get(key)}
        return {"properties": {**kept, **after.body, "tags": [*after.body.get("tags", ()), *others]}}
    properties = {"enabled": False, **after.body}
    if before is not None:
        own = {key: value for key, value in before.body.items() if key not in _TOLD and value is not None}
        written = {key: value for key, value in after.body.items() if key in FIELDS["rule"]}
        # What is settled when a rule is made stays as it is; a field of ours that is gone is gone there too.
        kept = {key: value for key, value in own.items() if key not in FIELDS["rule"]}
        properties = {**{key: value for key, value in properties.items() if key not in own}, **kept, **written}
    if step.enable:
        properties["enabled"] = True
    return {"kind": "Scheduled", "properties": properties}


def _put_list(service: Service, step: Step, wait: Callable[[float], None]) -> None:
    """A list: a new one with its rows in one upload; of one that is there row by row, marked while that goes on."""
    before, after = step.before, step.after
    assert after is not None
    if before is None:
        service.put("watchlists", after.name, {"properties": after.body}, new=True)
        _uploaded(service, after.name, wait)
        return
    bare = {key: value for key, value in after.body.items() if key not in ("rawContent", "contentType")}
    bare.pop("numberOfLinesToSkip", None)
    etag = before.etag
    gone, fresh = _rows(before, after)
    if gone or fresh:
        pending = str(msgspec.structs.replace(after.mark, digest="pending")) if after.mark else ""
        told = f"{after.fields.get('description', '')}\n\n{pending}"
        put = service.put(
            "watchlists", after.name, {"properties": with_description("watchlist", bare, told)}, etag=etag
        )
        etag = str(put.get("etag") or "")
        # First what hides more is taken away, so that an apply that breaks off hides less, not more.
        for name in gone:
            service.delete("watchlists", f"{after.name}/watchlistItems/{name}")
        for name, row in fresh.items():
            body = {"properties": {"itemsKeyValue": row}}
            service.put("watchlists", f"{after.name}/watchlistItems/{name}", body)
    service.put("watchlists", after.name, {"properties": bare}, etag=etag)


def _rows(before: Resource, after: Resource) -> tuple[list[str], dict[str, dict[str, str]]]:
    """Ids of rows to be deleted, and rows to be added by their ids."""
    wanted = {digest_of(_filled(row)): row for row in after.items.values()}
    gone = []
    there: set[str] = set()
    for name, row in before.items.items():
        key = digest_of(_filled(row))
        if key not in wanted or key in there:
            gone.append(name)
        there.add(key)
    return gone, {str(uuid.uuid5(_ROWS, f"{after.name}:{key}")): row for key, row in wanted.items() if key not in there}


def _filled(row: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in sorted(row.items()) if value}


def _uploaded(service: Service, alias: str, wait: Callable[[float], None]) -> None:
    """Wait until the rows of a new list are there, so that no rule runs without them."""
    for _ in range(_TURNS):
        found = service.get("watchlists", alias)
        told = found.get("properties") if found else None
        status = told.get("uploadStatus") if isinstance(told, dict) else None
        if found is not None and (status is None or str(status).lower() == "complete"):
            return
        wait(_WAIT)
    raise RefusedError("its rows are still being uploaded; apply again", 0)


def _is_there(service: Service, step: Step) -> bool:
    """Whether the object is as it was to be, whoever made it so."""
    after = step.after
    assert after is not None
    try:
        answer = service.get(COLLECTIONS[after.kind], after.name)
        found = of_answer(after.kind, answer) if answer else None
        if found is not None and after.kind == "watchlist":
            found = with_rows(service, found)
    except UsageError:
        return False
    return found is not None and found.fields == after.fields and found.mark == after.mark
