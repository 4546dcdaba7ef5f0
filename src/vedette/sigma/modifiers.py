"""The key of a detection item: a field and the modifiers behind it, checked before pySigma meets them."""

from __future__ import annotations

import difflib
from typing import Final

import msgspec
from sigma.modifiers import modifier_mapping

from vedette.sigma.refusal import RefusedError

#: Sigma's names that pySigma lacks, in its words.
_ALIASES: Final = {"utf16le": "wide", "ignorecase": "i", "multiline": "m", "dotall": "s"}
KNOWN: Final = frozenset(modifier_mapping) | frozenset(_ALIASES)
COMPARING: Final = frozenset({"lt", "lte", "gt", "gte"})
TIME_PARTS: Final = frozenset({"minute", "hour", "day", "week", "month", "year"})
#: Modifiers whose values are numbers; every other value is text.
NUMERIC: Final = COMPARING | TIME_PARTS
#: Modifiers that make sense for a search in the raw event, which has no ends and no type.
_FOR_KEYWORDS: Final = frozenset(
    {"all", "neq", "contains", "cased", "re", "i", "m", "s", "base64", "base64offset", "wide", "utf16", "utf16be"}
    | {"windash", "expand"}
)
_FLAGS: Final = frozenset("ims")
_ENCODING: Final = frozenset({"base64", "base64offset", "wide", "utf16", "utf16be", "windash"})


class Key(msgspec.Struct, frozen=True):
    """A field and how its values are to be read.

    Attributes:
        field: None for a search in the raw event.
        modifiers: in order, in pySigma's names.
        cased: wherever `cased` stands, it holds for the whole item.
    """

    field: str | None
    modifiers: tuple[str, ...]
    cased: bool

    def has(self, *names: str) -> bool:
        """Whether one of the modifiers is there."""
        return any(name in self.modifiers for name in names)

    @property
    def numeric(self) -> bool:
        """Whether the values are numbers."""
        return not NUMERIC.isdisjoint(self.modifiers)

    @property
    def flags(self) -> str:
        """The flags of a regular expression, sorted."""
        return "".join(sorted(_FLAGS.intersection(self.modifiers)))


def read_key(text: str | None) -> Key:
    """Split `field|modifier|...`; None and an empty field mean the raw event.

    Raises:
        RefusedError: a modifier is unknown, or the modifiers contradict each other.
    """
    if text is None:
        return Key(None, (), cased=False)
    field, *names = text.split("|")
    for name in names:
        if name not in KNOWN:
            raise RefusedError(f"unknown modifier {name!r}", "modifier-unknown", remedy=_nearest(name))
    modifiers = [_ALIASES.get(name, name) for name in names]
    cased = "cased" in modifiers
    if "fieldref" in modifiers:
        # pySigma has no cased references; `Key.cased` keeps it.
        modifiers = [name for name in modifiers if name != "cased"]
    # What concerns the list as a whole holds wherever it stands.
    modifiers.sort(key=lambda name: name in ("all", "neq"))
    if "re" in modifiers:
        modifiers = [name for name in modifiers if name != "contains"]  # a search is unanchored
    _refuse_contradictions(modifiers, cased=cased)
    if not field:
        for name in modifiers:
            if name not in _FOR_KEYWORDS:
                raise RefusedError(
                    f"{name!r} needs a field; a keyword is searched anywhere in the raw event", "keyword-modifier"
                )
    return Key(field or None, tuple(modifiers), cased)


def _refuse_contradictions(modifiers: list[str], *, cased: bool) -> None:
    have = frozenset(modifiers)
    if "re" in have:
        if modifiers[0] != "re":
            raise RefusedError(f"'re' must come first, not after {modifiers[0]!r}", "modifier-order")
        if clash := have & {"startswith", "endswith"}:
            name = min(clash)
            sign = "^" if name == "startswith" else "$"
            raise RefusedError(
                f"'re' with {name!r} is ambiguous", "modifier-contradiction", remedy=f"write {sign} into the expression"
            )
        if cased:
            raise RefusedError("'re' is cased unless 'i' is given", "modifier-contradiction", remedy="drop 'cased'")
    elif flags := have & _FLAGS:
        raise RefusedError(f"the flag {min(flags)!r} needs 're' before it", "modifier-order")
    if "neq" in have and modifiers.count("neq") > 1:
        raise RefusedError("'neq' stands twice", "modifier-contradiction")
    exclusive = [name for name in modifiers if name in ("re", "cidr", "exists", "fieldref") or name in COMPARING]
    if len(set(exclusive)) > 1:
        raise RefusedError(f"{exclusive[0]!r} and {exclusive[1]!r} contradict each other", "modifier-contradiction")
    if exclusive and exclusive[0] != "re" and (clash := have & _ENCODING):
        raise RefusedError(f"{exclusive[0]!r} and {min(clash)!r} contradict each other", "modifier-contradiction")


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, sorted(KNOWN), 1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(sorted(KNOWN))}"
