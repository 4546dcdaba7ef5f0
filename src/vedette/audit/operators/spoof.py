"""Operators that make an exclusion's claims true: each by itself, and all of them together.

A claim says its value but not whether the field must be that, begin, end or hold it. So each is made true in several
ways, of which some fit: the value as it is, and the value as a part of what an attacker would write.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias

from vedette.audit.forge import Claim
from vedette.audit.mutant import Effect, Mutant, altered, below, below_script, program
from vedette.audit.operators.image import renamed, tool
from vedette.audit.operators.start import Start, read_start
from vedette.event import REGISTRY
from vedette.predicate import Match, Regex, Value
from vedette.predicate.solve import Sat, solve

#: `inside`: the value as a part of more; `exact`: as it is; `pattern`: a text that the expression matches.
_Way: TypeAlias = Literal["inside", "exact", "pattern"]
_WAYS: Final[tuple[_Way, ...]] = ("inside", "exact", "pattern")
_FREE: Final = frozenset({"C", "D", "E"})
#: In this order: what a later claim sets stays.
_ORDER: Final = ("Script", "ParentScript", "Image", "ParentImage", "CommandLine", "ParentCommandLine")
_OTHER: Final = "kworker"
#: What is no part of a folder's name.
_MARKS: Final = re.compile(r"[\^$()\[\]\\|+{}]|[.][*?]")
_BASIS: Final = {
    "ParentScript": "attack_maint_name: a script of the maintenance job's name below /tmp is run by its interpreter",
    "ParentImage": "attack_fake_parent_ansible: a copied shell of another name is the parent",
    "ParentCommandLine": "attack_maint_name: the parent's words are the attacker's",
    "CommandLine": "bash(1): exec -a sets argv[0]; attack_masquerade: the tool's name is then the first argument",
    "Image": "attack_masquerade: a copied binary of another name",
}
_MANUAL: Final = {
    "CurrentDirectory": "chdir(2): a process chooses its folder",
    "ProcessName": "execve(2): the name is that of the file that was executed",
}
#: Parents below /tmp under whose names a flush was recorded, by field.
_RECORDED: Final = {"ParentScript": ("firewall-maintenance.sh", "puppet"), "ParentImage": ("ansible", "virsh")}


def spoofs(start: Start, claims: Sequence[Claim]) -> Iterator[Mutant]:
    """Mutants for the claims of an exclusion; claims of grade A are left alone, and those of F hold already.

    Args:
        start: the process start.
        claims: of a forging: what must hold together.
    """
    free = [claim for claim in claims if claim.grade in _FREE]
    hard = [claim for claim in claims if claim.grade == "B"]
    for claim in free:
        yield from _made(start, f"spoof:{claim.field or 'keyword'}", [claim])
    if len(free) > 1:
        yield from _made(start, "spoof-all", free)
    for claim in hard:
        yield from _made(start, "overwrite", [claim], root=True)
    if hard and len(free) + len(hard) > 1:
        yield from _made(start, "overwrite-all", [*hard, *free], root=True)


def _made(start: Start, operator: str, claims: Sequence[Claim], *, root: bool = False) -> Iterator[Mutant]:
    steps = "; ".join(dict.fromkeys(_step(claim) for claim in claims))
    fields = {claim.field for claim in claims}
    known = {**_BASIS, **_MANUAL}
    basis = "; ".join(known[field] for field in sorted(fields) if field in known) or "judgement: docs/exclusions.md"
    for way in _WAYS:
        values: dict[str, Value] | None = dict(start.values)
        for claim in sorted(claims, key=_place):
            values = None if values is None else _claimed(values, claim, way, fields, root=root)
        if values is not None and values != start.values:
            effect: Effect = "assumed"
            if not root and len(claims) == 1 and _recorded(values, claims[0]):
                effect = "recorded"
            elif fields <= set(known) and not root and all(claim.positive for claim in claims):
                effect = "documented"
            yield Mutant(operator, "substitution", values, effect, basis, steps, as_root_writes=root)


def _recorded(values: Mapping[str, Value], claim: Claim) -> bool:
    """Whether a parent of that name was recorded: what it is called changes nothing of what its child does."""
    path = _column(values, claim.field)
    return claim.positive and path.startswith("/tmp/") and path.endswith(_RECORDED.get(claim.field, ()))  # noqa: S108


def _place(claim: Claim) -> int:
    return _ORDER.index(claim.field) if claim.field in _ORDER else len(_ORDER)


def _step(claim: Claim) -> str:
    return claim.step if claim.positive else f"have {claim.field} say something else than {claim.value}"


def _claimed(
    values: dict[str, Value], claim: Claim, way: _Way, fields: set[str], *, root: bool
) -> dict[str, Value] | None:
    """The columns with a claim made true, or None where this way is no way."""
    if not claim.positive:
        return _denied(values, claim)
    if claim.form == "present":
        return values if _column(values, claim.field) else _set(values, claim.field, _OTHER, fields, root=root)
    if REGISTRY.get(claim.field) is not None and REGISTRY[claim.field].kind in ("integer", "time"):
        return _numbered(values, claim, way)
    text = _text(claim, way)
    if text is None:
        return None
    if not claim.field:
        return altered(values, {"CurrentDirectory": f"/tmp/{text}"})  # noqa: S108 - the attacker's folder
    return _set(values, claim.field, _placed(values, claim, way, text), fields, root=root)


def _denied(values: dict[str, Value], claim: Claim) -> dict[str, Value]:
    """Something else than the value; a field that holds something else already stays."""
    held = _column(values, claim.field)
    if held and claim.value.strip("*").lower() not in held.lower():
        return values
    if claim.field in REGISTRY and REGISTRY[claim.field].kind == "integer":
        return altered(values, {claim.field: 4_194_301})
    path = claim.field.endswith(("Image", "Script", "Directory"))
    text = "/usr/lib/.kworker" if path else _OTHER
    return _set(values, claim.field or "CurrentDirectory", text, {claim.field}, root=False)


def _text(claim: Claim, way: _Way) -> str | None:
    """The claim's value as a text that fits it."""
    # An expression stands between slashes, and so may a folder.
    expression = len(claim.value) > 1 and claim.value.startswith("/") and claim.value.endswith("/")
    if way == "pattern":
        return _matching(claim.value[1:-1]) if expression else None
    if expression and _MARKS.search(claim.value):
        return None
    if way == "exact" and claim.form == "file_named" and not expression and not {"*", "?"} & {*claim.value}:
        return None  # as a part of a path below /tmp it fits as well
    return claim.value.replace("*", "").replace("?", "x")


@functools.lru_cache(maxsize=1_000)
def _matching(source: str) -> str | None:
    """A text that a regular expression finds something in, if one is found."""
    try:
        outcome = solve(Match("CommandLine", Regex(source)))
    except ValueError:  # a path between slashes need not be an expression
        return None
    return str(outcome.row.get("CommandLine", "")) if isinstance(outcome, Sat) else None


def _placed(values: Mapping[str, Value], claim: Claim, way: _Way, text: str) -> str:
    """The whole value of the field."""
    # A copy keeps the tool's name, so that the rule has a reason to match it.
    name = tool(read_start(values)) if claim.field == "Image" else _OTHER
    if claim.form == "file_below":
        return f"{text}{name}"
    if claim.form == "file_below_textual":
        return f"{text}../../../../tmp/{name}"
    if way != "inside":
        return text
    match claim.field:
        case "Image" | "ParentImage" | "Script" | "ParentScript":
            folder = "/usr/bin" if claim.form in ("launcher", "genuine") else "/tmp/.m"  # noqa: S108 - the attacker's
            if text.startswith("/"):
                return text if text.count("/") > 1 and claim.form != "file_named" else folder + text
            return f"{folder}/{text}"
        case "ParentCommandLine":
            return f"{values.get('ParentCommandLine') or '/bin/sh -c'} {text}"
        case "CurrentDirectory":
            return f"/tmp{text}" if text.startswith("/") else f"/tmp/{text}"  # noqa: S108 - the attacker's folder
    return text


def _numbered(values: dict[str, Value], claim: Claim, way: _Way) -> dict[str, Value] | None:
    found = re.search(r"-?\d+", claim.value)
    if found is None or len(found[0]) > 18:
        return None
    return altered(values, {claim.field: int(found[0]) + {"exact": 0, "inside": 1, "pattern": -1}[way]})


def _set(values: dict[str, Value], field: str, text: str, fields: set[str], *, root: bool) -> dict[str, Value]:
    """One field set, with what goes along with it."""
    make: Callable[[], dict[str, Value]] | None = {
        "ParentScript": lambda: below_script(values, ("/usr/bin/bash", "/bin/bash"), text, root=root or _roots(text)),
        "ParentImage": lambda: _parent(values, text, fields),
        "ParentCommandLine": lambda: altered(values, {"ParentCommandLine": text}),
        "CommandLine": lambda: altered(values, {"CommandLine": renamed(read_start(values), text)}),
        "Image": lambda: program(values, text, text, renamed(read_start(values), text)),
        "ProcessName": lambda: _named(values, text),
    }.get(field)
    return altered(values, {field: text}) if make is None else make()


def _roots(path: str) -> bool:
    """Whether a script stands where only root writes, so that it is root's and on the disk."""
    anyone = ("/tmp/", "/var/tmp/", "/dev/shm/", "/run/", "/home/")  # noqa: S108 - the attacker's folders
    return not path.startswith(anyone) and "/../" not in path


def _parent(values: dict[str, Value], path: str, fields: set[str]) -> dict[str, Value]:
    if "ParentScript" in fields:
        # Below a script the path that was executed is the script's: only the kernel's reading is the interpreter's.
        return altered(values, {"ParentImage.resolved": path})
    return below(values, path, path, f"{path} -c {values.get('CommandLine', '')}; true")


def _named(values: dict[str, Value], name: str) -> dict[str, Value]:
    path = f"/tmp/.x/{name}"  # noqa: S108 - the attacker's folder
    changes: dict[str, Value] = {"ProcessName": name[:15], "Image.invoked": path}
    return altered(values, {**changes, "CommandLine": renamed(read_start(values), path)})


def _column(values: Mapping[str, Value], field: str) -> str:
    names = (field, f"{field}.resolved", f"{field}.invoked")
    return next((str(values[name]) for name in names if name in values), "")
