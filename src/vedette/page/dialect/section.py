"""A tree as a Sigma detection section, joined as plainly as Sigma allows."""

from __future__ import annotations

from typing import Any

import msgspec

from vedette.page.dialect.item import Item, Separator, item_of
from vedette.page.dialect.reading import FieldMapping
from vedette.page.dialect.tree import And, Comparison, Not, Tree


class _Section:
    """Names the parts that a condition needs."""

    def __init__(self) -> None:
        self.parts: list[Any] = []

    def condition(self, tree: Any, *, inner: bool = False) -> str:
        """The condition of a tree of items, with placeholders for names."""
        definition = _definition(tree)
        if definition is not None:
            self.parts.append(definition)
            return f"selection_{len(self.parts)}"
        if isinstance(tree, _Not):
            return f"not {self.condition(tree.part, inner=True)}"
        assert isinstance(tree, _Join)
        parts = list(tree.parts)
        if tree.every:
            plain = [part for part in parts if _definition(part) is not None]
            together = _definition(_Join(tuple(plain), every=True)) if len(plain) > 1 else None
            if together is not None:
                parts = [_Join(tuple(plain), every=True), *(part for part in parts if part not in plain)]
        word = " and " if tree.every else " or "
        text = word.join(self.condition(part, inner=True) for part in parts)
        return f"({text})" if inner else text


class _Not(msgspec.Struct, frozen=True):
    part: Any


class _Join(msgspec.Struct, frozen=True):
    parts: tuple[Any, ...]
    every: bool


def section_of(tree: Tree, separator: Separator) -> tuple[dict[str, Any], tuple[FieldMapping, ...]]:
    """A tree as a Sigma detection section.

    Returns:
        The section, whose condition holds where the tree does, and the mapping of each field, without repetitions.

    Raises:
        UnreadError: a comparison of it can't be said.
    """
    mapping: dict[FieldMapping, None] = {}

    def mapped(part: Tree) -> Any:
        if isinstance(part, Comparison):
            item = item_of(part, separator)
            mapping[item.mapping] = None
            return item
        if isinstance(part, Not):
            return _Not(mapped(part.part))
        return _Join(tuple(dict.fromkeys(mapped(each) for each in part.parts)), every=isinstance(part, And))

    made = mapped(tree)
    section = _Section()
    condition = section.condition(made)
    if len(section.parts) == 1:
        condition = condition.replace("selection_1", "selection")
        names = ["selection"]
    else:
        names = [f"selection_{number}" for number in range(1, len(section.parts) + 1)]
    return {**dict(zip(names, section.parts, strict=True)), "condition": condition}, tuple(mapping)


def _definition(tree: Any) -> Any:
    """A tree as one named detection, or None if it takes a condition."""
    if isinstance(tree, Item):
        return [tree.value] if not tree.key else {tree.key: tree.value}
    if isinstance(tree, _Not):
        return None
    parts = [_definition(part) for part in tree.parts]
    if any(part is None for part in parts):
        return None
    if len(parts) == 1:
        return parts[0]
    return _all_of(parts) if tree.every else _any_of(parts)


def _all_of(parts: list[Any]) -> dict[str, Any] | None:
    """Maps joined into one; values that one field must all hold go below `all`."""
    made: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, dict):
            return None
        for key, value in part.items():
            if key not in made and f"{key}|all" not in made:
                made[key] = value
                continue
            bare = key.removesuffix("|all")
            if key.endswith("|all") or isinstance(value, list) or isinstance(made.get(bare), list):
                return None
            before = made.pop(bare, None)
            values = [*made.get(f"{bare}|all", ()), *([] if before is None else [before]), value]
            made[f"{bare}|all"] = values
    return made


def _any_of(parts: list[Any]) -> Any:
    """Values of one key as its list, else the parts as a list."""
    if all(isinstance(part, list) and not any(isinstance(one, dict) for one in part) for part in parts):
        return [value for part in parts for value in part]
    if all(isinstance(part, dict) and len(part) == 1 for part in parts):
        keys = {key for part in parts for key in part}
        if len(keys) == 1 and not next(iter(keys)).endswith("|all"):
            (key,) = keys
            values = [part[key] for part in parts]
            return {key: [one for value in values for one in (value if isinstance(value, list) else [value])]}
    if not all(isinstance(part, dict) or any(isinstance(one, dict) for one in part) for part in parts):
        return None
    return [one for part in parts for one in (part if isinstance(part, list) else [part])]
