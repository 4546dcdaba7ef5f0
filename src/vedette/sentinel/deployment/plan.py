"""What would be done to a workspace, object by object, and why."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from vedette.sentinel.deployment.difference import Difference, differences
from vedette.sentinel.deployment.resource import KINDS, Kind, Resource, digest_of

#: `same`: nothing to do; `drift`: ours, and changed by hand since; `foreign`: not ours; `left`: ours, wanted no more,
#: and not to be deleted; `refused`: not put in place, for a reason of its own.
Action: TypeAlias = Literal["create", "change", "delete", "same", "drift", "foreign", "left", "refused"]
#: What `apply` does something about.
DONE: Final[tuple[Action, ...]] = ("create", "change", "delete")
#: What keeps a deployment from being whole.
OPEN: Final[tuple[Action, ...]] = ("drift", "foreign", "refused")
_RULE: Final = re.compile(r"^Sigma rule: (\S+)$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Intent:
    """What may be done.

    Attributes:
        pack: name under which is deployed.
        targets: of whose queries.
        kinds: of objects that are looked at.
        enable: switch rules on.
        delete: delete what is ours and wanted no more.
        take_over: overwrite what was changed by hand, and what is not ours.
    """

    pack: str
    targets: tuple[str, ...]
    kinds: tuple[Kind, ...] = KINDS
    enable: bool = False
    delete: bool = False
    take_over: bool = False


class Step(msgspec.Struct, frozen=True):
    """One object.

    Attributes:
        action: what is done, or why nothing is.
        before: as it is in the workspace, or None.
        after: as it is wanted, or None.
        differences: of the two.
        why: in words, where it is not plain.
        enable: switch the rule on.
    """

    action: Action
    before: Resource | None
    after: Resource | None
    differences: tuple[Difference, ...] = ()
    why: str = ""
    enable: bool = False

    @property
    def subject(self) -> Resource:
        """The object, wanted or there."""
        found = self.after or self.before
        assert found is not None
        return found


@dataclasses.dataclass(frozen=True)
class Plan:
    """All objects, in the order in which they are dealt with; deletions last."""

    steps: tuple[Step, ...]

    @property
    def fingerprint(self) -> str:
        """Stands for what would be done to what; another if the workspace or the wish has moved."""
        told = [
            (
                step.subject.key,
                step.action,
                step.before.etag if step.before else "",
                digest_of(_fields(step)),
                step.enable,
            )
            for step in self.steps
            if step.action != "same"
        ]
        return digest_of({"steps": told})

    @property
    def changes(self) -> int:
        """How many objects would be written or deleted."""
        return sum(step.action in DONE for step in self.steps)

    @property
    def open(self) -> int:
        """How many objects are not as they are wanted, and would not be touched."""
        return sum(step.action in OPEN for step in self.steps)

    def count(self) -> dict[Action, int]:
        """Each action to how many there are."""
        return dict(Counter(step.action for step in self.steps))


def plan(
    state: Sequence[Resource],
    wanted: Sequence[Resource],
    intent: Intent,
    *,
    refused: Mapping[str, str] | None = None,
    noisy: Mapping[str, str] | None = None,
    known: Collection[str] = (),
) -> Plan:
    """Compare what is there with what is wanted.

    Args:
        state: what is in the workspace.
        wanted: what is rendered.
        intent: what may be done.
        refused: rule id to why its objects are not put in place.
        noisy: rule id to why its analytics rule is not created or changed; a hunting query makes no alert.
        known: ids of all rules of the set, rendered or not: what belongs to them is never deleted.
    """
    held = {one.key: one for one in state}
    refused = refused or {}
    loud = noisy or {}
    steps = [
        _quiet(_step(held.get(one.key), one, intent, refused.get(one.rule, "")), loud.get(one.rule, ""))
        for one in wanted
    ]
    names = {one.key for one in wanted}
    orphans = [one for one in state if one.key not in names and _ours(one, intent) and one.kind in intent.kinds]
    gone = [_gone(one, intent, known) for one in orphans]
    read = list(_read([*steps, *gone], state, {one.key for one in orphans}))
    gone = [_still_read(one, read) for one in gone]
    # Rules go before the lists that they read.
    gone.sort(key=lambda one: -KINDS.index(one.subject.kind))
    return Plan((*steps, *gone))


def removal(state: Sequence[Resource], intent: Intent, *, everything: bool = False) -> Plan:
    """The deletion of what is ours.

    Args:
        state: what is in the workspace.
        intent: whose; what was changed by hand is only deleted with its `take_over`.
        everything: of all packs and targets.
    """
    ours = [one for one in state if one.mark is not None and (everything or _ours(one, intent))]
    gone = [_gone(one, dataclasses.replace(intent, delete=True), ()) for one in ours if one.kind in intent.kinds]
    read = list(_read(gone, state, {one.key for one in ours}))
    gone = [_still_read(one, read) for one in gone]
    gone.sort(key=lambda one: -KINDS.index(one.subject.kind))
    return Plan(tuple(gone))


def touched(one: Resource) -> bool:
    """Whether an object of ours was changed by hand since it was written."""
    return one.mark is not None and one.mark.digest not in ("pending", one.digest)


def _ours(one: Resource, intent: Intent) -> bool:
    return one.mark is not None and one.mark.pack == intent.pack and one.mark.target in intent.targets


def _step(before: Resource | None, after: Resource, intent: Intent, why: str) -> Step:
    if why:
        return Step("refused", before, after, (), why)
    if before is None:
        return Step("create", None, after, differences({}, after.fields), enable=intent.enable and after.kind == "rule")
    if str(before.body.get("uploadStatus", "")).lower() in ("new", "inprogress"):
        return Step("refused", before, after, (), "its rows are still being uploaded; plan again in a while")
    enable = intent.enable and after.kind == "rule" and before.body.get("enabled") is not True
    found = differences(before.fields, after.fields)
    if enable:
        found = (*found, Difference("enabled", ("- false", "+ true")))
    if not _ours(before, intent):
        whose = f"deployed by the pack {before.mark.pack}" if before.mark else "not deployed by Vedette"
        if not intent.take_over:
            return Step("foreign", before, after, found, f"it is there, and {whose}; --take-over overwrites it")
        return Step("change", before, after, found, f"taken over; it was {whose}", enable)
    assert before.mark is not None
    if before.fields != after.fields and touched(before) and not intent.take_over:
        return Step("drift", before, after, found, "it was changed by hand; --take-over overwrites that")
    if not found and before.mark.digest == after.digest:
        return Step("same", before, after)
    why = "taken over; it was changed by hand" if touched(before) else ""
    return Step("change", before, after, found, why or ("" if found else "its mark alone"), enable)


def _quiet(step: Step, why: str) -> Step:
    if why and step.subject.kind == "rule" and step.action in DONE:
        return Step("refused", step.before, step.after, (), why)
    return step


def _gone(one: Resource, intent: Intent, known: Collection[str]) -> Step:
    rules = _RULE.findall(str(one.fields.get("description", "")))
    if any(rule in known for rule in rules):
        return Step("left", one, None, (), "its rule is there, but was not rendered")
    if not intent.delete:
        return Step("left", one, None, (), "wanted no more; --delete deletes it")
    if touched(one) and not intent.take_over:
        return Step(
            "drift", one, None, (), "to be deleted, but it was changed by hand; --take-over deletes it all the same"
        )
    return Step("delete", one, None)


def _read(steps: Iterable[Step], state: Sequence[Resource], seen: Collection[str]) -> Iterator[str]:
    """The queries that will be in the workspace."""
    keys = set(seen)
    for step in steps:
        keys.add(step.subject.key)
        if step.action == "delete":
            continue
        stays = (step.after,) if step.action in ("create", "change", "same") else (step.before,)
        yield from (str(one.fields.get("query", "")) for one in stays if one is not None)
    yield from (str(one.fields.get("query", "")) for one in state if one.key not in keys)


def _still_read(step: Step, queries: Sequence[str]) -> Step:
    alias = step.subject.name
    if step.subject.kind == "watchlist" and step.action == "delete" and any(alias in one for one in queries):
        return Step("left", step.before, None, (), "a query that stays reads it")
    return step


def _fields(step: Step) -> dict[str, Any]:
    return step.after.fields if step.after else {}
