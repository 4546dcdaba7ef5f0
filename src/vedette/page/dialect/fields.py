"""The table of field names that exclusion texts use, read from `fields.toml`."""

from __future__ import annotations

import difflib
import functools
from importlib import resources
from typing import Final, Literal

import msgspec

from vedette.event.registry import FIELDS
from vedette.page.dialect.refusal import UnreadError

#: Longest name that is looked up; the longest known has some 40 characters.
MAX_NAME: Final = 100


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names of a field and what stands for it; `fields.toml` says what each key means."""

    page: tuple[str, ...]
    sigma: str
    form: Literal["text", "name", "argument", "integer", "ip", "id"] = msgspec.field(name="as")
    note: str = ""
    named: str = ""


class _Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    page: tuple[str, ...]
    reason: str


class _Phrase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[str, ...]
    field: str


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    common: str
    introducing: str
    limiting: str
    describing: str


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    field: tuple[Field, ...]
    refused: tuple[_Refused, ...]
    phrase: tuple[_Phrase, ...]
    words: _Words


class Vocabulary(msgspec.Struct, frozen=True):
    """What is known of names and words, all in small letters.

    Attributes:
        fields: name to field.
        refused: name to the reason why nothing stands for it.
        phrases: what prose calls a field, to a name of `fields`.
        common: words that are no value without quotes.
        introducing: words of which an introduction may be made.
        limiting: words that limit or negate.
        describing: words that describe instead of naming.
    """

    fields: dict[str, Field]
    refused: dict[str, str]
    phrases: dict[str, str]
    common: frozenset[str]
    introducing: frozenset[str]
    limiting: frozenset[str]
    describing: frozenset[str]


@functools.cache
def vocabulary() -> Vocabulary:
    """The table; Sigma's own names, which it need not list, stand for themselves."""
    content = resources.files("vedette.page.dialect").joinpath("fields.toml").read_bytes()
    file = msgspec.toml.decode(content, type=_File)
    kinds: dict[str, Literal["text", "integer", "ip"]] = {"integer": "integer", "ip": "ip"}
    fields = {
        field.name.lower(): Field((field.name,), field.name, kinds.get(field.kind, "text"))
        for field in FIELDS
        if field.kind != "time"
    }
    fields |= {name.lower(): field for field in file.field for name in field.page}
    words = file.words
    return Vocabulary(
        fields,
        {name.lower(): refused.reason for refused in file.refused for name in refused.page},
        {words: phrase.field for phrase in file.phrase for words in phrase.words},
        frozenset(words.common.split()),
        frozenset(words.introducing.split()),
        frozenset(words.limiting.split()),
        frozenset(words.describing.split()),
    )


def known(name: str) -> bool:
    """Whether the table says anything of a name."""
    table = vocabulary()
    return name.lower() in table.fields or name.lower() in table.refused


def field_of(name: str, start: int) -> Field:
    """What stands for a field of the page; capitals don't matter.

    Args:
        name: as on the page.
        start: where it stands, for the error.

    Raises:
        UnreadError: nothing does; the reason holds near names, if there are any.
    """
    table = vocabulary()
    if (reason := table.refused.get(name.lower())) is not None:
        raise UnreadError(f"{name}: {reason}", start)
    if (field := table.fields.get(name.lower())) is not None:
        return field
    spelled = {each.lower(): each for one in table.fields.values() for each in one.page}
    near = difflib.get_close_matches(name.lower()[:MAX_NAME], sorted(spelled), 3, 0.75)
    tail = f"; near are {', '.join(spelled[each] for each in near)}" if near else ""
    raise UnreadError(f"the field {name[:MAX_NAME]!r} is not known{tail}", start)
