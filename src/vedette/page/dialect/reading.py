"""What became of one exclusion text of a page. Data, no logic."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

#: How the text is written: as comparisons of fields, as a shell command, or in plain words.
Dialect: TypeAlias = Literal["ecs", "grep", "prose"]


class FieldMapping(msgspec.Struct, frozen=True):
    """One field of the page and what stands for it.

    Attributes:
        page_field: as the page has it; for prose the words that name a field, for a shell command its option.
        sigma_field: the Sigma field, or `raw event` for a keyword.
        how: the modifiers and the form of the value, one line.
        note: what the mapping changes or loses, or the empty text.
    """

    page_field: str
    sigma_field: str
    how: str
    note: str = ""


class Unread(msgspec.Struct, frozen=True):
    """Words that were not read, and why.

    Attributes:
        text: as on the page.
        line: 1-based line of the page.
        column: 1-based column, in characters.
        reason: one line.
    """

    text: str
    line: int
    column: int
    reason: str


class Reading(msgspec.Struct, frozen=True):
    """One exclusion text of a page, read or not.

    Attributes:
        scenario: title of the scenario to which it belongs.
        text: as on the page.
        dialect: how it is written.
        detection: a Sigma detection section that holds on the events to be excluded, or None if nothing was read.
        mapping: each field of the page that the detection rests on.
        unread: what was not read of it; beside a detection these are alternatives, without which it silences less.
        notes: what else to know, a line each.
        line: 1-based line of the page on which the text begins.
    """

    scenario: str
    text: str
    dialect: Dialect
    detection: dict[str, Any] | None
    mapping: tuple[FieldMapping, ...]
    unread: tuple[Unread, ...]
    notes: tuple[str, ...]
    line: int = 0
