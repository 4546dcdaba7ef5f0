"""One comparison as an item of a Sigma detection."""

from __future__ import annotations

import ipaddress
import re
from typing import Final, Literal, TypeAlias

import msgspec

from vedette.page.dialect.fields import Field, field_of
from vedette.page.dialect.reading import FieldMapping
from vedette.page.dialect.refusal import UnreadError
from vedette.page.dialect.tree import RAW, Comparison, Relation
from vedette.predicate import Token, Wild

#: What parts the folders of a path.
Separator: TypeAlias = Literal["/", "\\"]
_INTEGER: Final = re.compile(r"-?[0-9]{1,18}")
_ORDERS: Final = ("lt", "lte", "gt", "gte")
#: Characters of an expression that stand for themselves.
_PLAIN: Final = re.compile(r"[\w \-/:,=@%~\"'<>&;!#]")


class Item(msgspec.Struct, frozen=True):
    """One item of a detection.

    Attributes:
        key: field and modifiers; those of a keyword have no field.
        value: as Sigma has it, its wildcards escaped where they are plain.
        mapping: how the page's field became it.
    """

    key: str
    value: str | int
    mapping: FieldMapping


def item_of(comparison: Comparison, separator: Separator) -> Item:
    """One comparison as an item.

    Args:
        comparison: of the tree.
        separator: what parts the folders of a path where the rule looks.

    Raises:
        UnreadError: the field is unknown, or Sigma can't say the comparison of it.
    """
    shown = comparison.shown or comparison.field
    if comparison.field == RAW:
        return _keyword(comparison)
    field = field_of(comparison.field, comparison.start)
    sigma, note = field.sigma, field.note
    if field.form == "id":
        number = _plain(comparison.value) is not None and _INTEGER.fullmatch(_plain(comparison.value) or "")
        sigma, field = (sigma, _as(field, "integer")) if number else (field.named, _as(field, "text"))
    if comparison.value == (Wild.ANY,) and comparison.relation == "equals":
        return Item(sigma, "*", FieldMapping(shown, sigma, "not empty", note))
    value: str | int
    match field.form:
        case "integer":
            modifiers, value = _integer(comparison)
        case "ip":
            modifiers, value = _address(comparison)
        case "name":
            modifiers, value = _name(comparison, separator)
        case "argument":
            modifiers, value = _argument(comparison)
        case _:
            modifiers, value = _text(comparison)
    key = "|".join((sigma, *modifiers))
    return Item(key, value, FieldMapping(shown, sigma, _how(modifiers, value), note))


def escaped(text: str) -> str:
    r"""Text as a Sigma value in which nothing is a wildcard.

    >>> print(escaped("a*b\\c"))
    a\*b\\c
    """
    return re.sub(r"([\\*?])", r"\\\1", text)


def _as(field: Field, form: Literal["integer", "text"]) -> Field:
    return msgspec.structs.replace(field, form=form)


def _how(modifiers: tuple[str, ...], value: str | int) -> str:
    return f"{'|'.join(modifiers) or 'equals'} {str(value)!r}"


def _plain(tokens: tuple[Token, ...]) -> str | None:
    """The text, or None if there is a wildcard."""
    return "".join(token for token in tokens if isinstance(token, str)) if _is_plain(tokens) else None


def _is_plain(tokens: tuple[Token, ...]) -> bool:
    return not any(isinstance(token, Wild) for token in tokens)


def _glob(tokens: tuple[Token, ...]) -> str:
    signs = {Wild.ANY: "*", Wild.ONE: "?"}
    return "".join(escaped(token) if isinstance(token, str) else signs[token] for token in tokens)


def _refuse(comparison: Comparison, why: str) -> UnreadError:
    return UnreadError(f"{comparison.shown or comparison.field} {why}", comparison.start)


def _cased(comparison: Comparison, *modifiers: str) -> tuple[str, ...]:
    return (*modifiers, "cased") if comparison.cased else modifiers


def _keyword(comparison: Comparison) -> Item:
    if comparison.relation == "regex":
        modifiers: tuple[str, ...] = ("re",) if comparison.cased else ("re", "i")
        value = _source(comparison)
    else:
        modifiers, value = _cased(comparison), _glob(comparison.value)
    key = "|".join(("", *modifiers))
    note = "the page looks into a log's lines; here the whole raw event is searched"
    how = f"{'|'.join(modifiers) or 'keyword'} {value!r}"
    return Item(key, value, FieldMapping(comparison.shown, "raw event", how, note))


def _source(comparison: Comparison) -> str:
    (source,) = comparison.value
    assert isinstance(source, str)
    return source


def _integer(comparison: Comparison) -> tuple[tuple[str, ...], str | int]:
    text = _plain(comparison.value)
    if text is None or not _INTEGER.fullmatch(text):
        raise _refuse(comparison, "is a number, and the value is none")
    if comparison.relation in _ORDERS:
        return (comparison.relation,), int(text)
    if comparison.relation != "equals":
        raise _refuse(comparison, f"is a number, which {comparison.relation!r} can't be asked of")
    return (), int(text)


def _address(comparison: Comparison) -> tuple[tuple[str, ...], str]:
    text = _plain(comparison.value) or ""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise _refuse(comparison, "is an address, and the value is neither an address nor a network") from None
    if comparison.relation != "equals":
        raise _refuse(comparison, f"is an address, which {comparison.relation!r} can't be asked of")
    return (("cidr",), str(network)) if "/" in text else ((), text)


def _text(comparison: Comparison) -> tuple[tuple[str, ...], str]:
    relation, tokens = comparison.relation, comparison.value
    if relation in _ORDERS:
        raise _refuse(comparison, "is text, which has no order")
    if relation == "regex":
        return ("re",), _source(comparison)
    relation, tokens = _trimmed(relation, tokens)
    return _cased(comparison, *(() if relation == "equals" else (relation,))), _glob(tokens)


def _trimmed(relation: Relation, tokens: tuple[Token, ...]) -> tuple[Relation, tuple[Token, ...]]:
    """A star at an end said by a modifier, where nothing but plain text is left."""
    if relation != "equals":
        return relation, tokens
    first, last = tokens[0] is Wild.ANY, tokens[-1] is Wild.ANY
    inner = tokens[first : len(tokens) - last]
    if not inner or not _is_plain(inner):
        return relation, tokens
    made: Relation = "contains" if first and last else "endswith" if first else "startswith" if last else "equals"
    return made, inner


def _argument(comparison: Comparison) -> tuple[tuple[str, ...], str]:
    """An argument anywhere in the joined command line; what binds it to its ends can't be said there."""
    if comparison.relation in _ORDERS:
        raise _refuse(comparison, "is text, which has no order")
    if comparison.relation == "regex":
        if re.search(r"[\^$]|\\[AzZbB]", _source(comparison)):
            raise _refuse(comparison, "is a list, and an anchor of an expression for one argument has no place in it")
        return ("re",), _source(comparison)
    tokens = comparison.value
    while tokens and tokens[0] is Wild.ANY:
        tokens = tokens[1:]
    while tokens and tokens[-1] is Wild.ANY:
        tokens = tokens[:-1]
    return _cased(comparison, "contains"), _glob(tokens)


def _name(comparison: Comparison, separator: Separator) -> tuple[tuple[str, ...], str]:
    """A program's name as the end of a path: exact, since a name holds no separator."""
    relation, tokens = comparison.relation, comparison.value
    if relation == "regex" or relation in _ORDERS:
        raise _refuse(comparison, "is the end of a path here, which only a plain name or wildcards can be asked of")
    if any(separator in token for token in tokens if isinstance(token, str)):
        raise _refuse(comparison, f"is a name, and the value is a path: a name holds no {separator}")
    if _is_plain(tokens) and relation in ("equals", "endswith"):
        return _cased(comparison, "endswith"), (escaped(separator) if relation == "equals" else "") + _glob(tokens)
    apart = f"[^{_spelled(separator)}]"
    body = "".join(
        _spelled(token) if isinstance(token, str) else f"{apart}{'*' if token is Wild.ANY else ''}" for token in tokens
    )
    before = f"{apart}*" if relation in ("contains", "endswith") else ""
    after = f"{apart}*" if relation in ("contains", "startswith") else ""
    return ("re",) if comparison.cased else ("re", "i"), f"{_spelled(separator)}{before}{body}{after}$"


def _spelled(text: str) -> str:
    return "".join("\\" + each if each.isascii() and not _PLAIN.fullmatch(each) else each for each in text)
