"""The values of a detection item: as written -> pySigma, which applies the modifiers -> patterns.

Sigma's value types do not decide a field's type: a number is the text of its digits unless a modifier compares numbers.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any, Final

from sigma.conditions import ConditionAND
from sigma.exceptions import SigmaError
from sigma.rule import SigmaDetectionItem
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from vedette.event import REGISTRY
from vedette.predicate import (
    Cidr,
    Compare,
    Glob,
    Keyword,
    Match,
    Pattern,
    Predicate,
    Present,
    Reference,
    Regex,
    TimePart,
    Token,
    Wild,
    conjunction,
    disjunction,
    glob,
    negation,
)
from vedette.predicate.pattern import Order, Part
from vedette.predicate.regex import RegexRefusedError, check_regex
from vedette.sigma.modifiers import TIME_PARTS, Key
from vedette.sigma.refusal import RefusedError

#: So many atoms may one rule have once its modifiers have multiplied its values. The largest public rule has 4,600.
MAX_ATOMS: Final = 200_000
#: So many wildcards may one value have.
MAX_WILDCARDS: Final = 100
_MAX_EXPANDED: Final = 32 << 20
_MAX_NUMBER: Final = 1 << 63
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]{1,15})?")
_DASH: Final = re.compile(r"\B[-/]\b")
_DASHES: Final = 5
_TRUTHS: Final = {"true": True, "yes": True, "false": False, "no": False}
_ORDERS: Final[dict[CompareOperators, Order]] = {
    CompareOperators.LT: "lt",
    CompareOperators.LTE: "lte",
    CompareOperators.GT: "gt",
    CompareOperators.GTE: "gte",
}
#: Part of a cause to what can be done about it.
_REGEX_REMEDIES: Final = {
    "(?": "there is no look-around; say it with a second item of the detection or with a filter",
    "escape sequence: \\": "there are no back-references; write the alternatives out",
    "repetition size": "repeat at most 1,000 times",
}
_WILDS: Final = {SpecialChars.WILDCARD_MULTI: Wild.ANY, SpecialChars.WILDCARD_SINGLE: Wild.ONE}


def lower_item(key: Key, values: Sequence[Any]) -> Predicate:
    """One detection item.

    Args:
        key: field and modifiers.
        values: scalars as they stand in the document; at least one.

    Raises:
        RefusedError: a value doesn't suit the modifiers; the path is the value's index.
    """
    if not values:
        raise RefusedError("an empty list of values", "no-values", remedy="write null for an empty field")
    written = [_as_written(key, value, index) for index, value in enumerate(values)]
    _bound(key, written)
    if key.has("re"):
        for index, value in enumerate(written):
            _check_regex(Regex(str(value), key.flags), index)
    text = "|".join((key.field or "", *key.modifiers))
    try:
        item = SigmaDetectionItem.from_mapping(text, written)
    except SigmaError as error:
        raise _blame(key, text, written, error) from None
    pieces = [_lower(key, value, index) for index, value in enumerate(item.value)]
    joined = conjunction(pieces) if item.value_linking is ConditionAND else disjunction(pieces)
    return negation(joined) if item.negated else joined


def _as_written(key: Key, value: Any, index: int) -> Any:
    """A scalar as pySigma is to read it: None, text, or what the modifiers ask for."""
    if value is None:
        if key.field is None:
            raise RefusedError("a keyword can't be null", "keyword-empty", (index,))
        if set(key.modifiers) - {"neq", "all", "cased"}:
            raise RefusedError(f"null has nothing for {key.modifiers[0]!r} to work on", "value-type", (index,))
        return None
    if isinstance(value, bool):
        if key.has("exists"):
            return value
        value = "true" if value else "false"
    elif isinstance(value, int):
        value = str(value)
    elif not isinstance(value, str):
        kind = "a list" if isinstance(value, list) else "a map"
        raise RefusedError(f"a value must be text or a number, not {kind}", "value-type", (index,))
    if key.has("exists"):
        if value.lower() not in _TRUTHS:
            raise RefusedError("'exists' takes true or false", "value-type", (index,))
        return _TRUTHS[value.lower()]
    if key.numeric:
        return _number(key, value, index)
    return value


def _number(key: Key, text: str, index: int) -> int | float:
    name = next(name for name in key.modifiers if name in TIME_PARTS or name in ("lt", "lte", "gt", "gte"))
    if not _NUMBER.fullmatch(text):
        raise RefusedError(f"{name!r} takes a decimal number, not {text[:40]!r}", "value-type", (index,))
    number = float(text) if "." in text else int(text)
    if abs(number) >= _MAX_NUMBER:
        raise RefusedError("the number does not fit 64 bits", "value-type", (index,))
    if key.has(*TIME_PARTS) and not isinstance(number, int):
        raise RefusedError(f"{name!r} takes a whole number", "value-type", (index,))
    return number


def _bound(key: Key, written: Sequence[Any]) -> None:
    """Refuse an item whose modifiers would multiply its values beyond all measure, before they do."""
    atoms = characters = 0
    for index, value in enumerate(written):
        factor = 3 if key.has("base64offset") else 1
        length = 8
        if isinstance(value, str):
            if key.has("windash"):
                factor *= _DASHES ** min(len(_DASH.findall(value)), 3)
            length = len(value)
            if not key.has("re") and value.count("*") + value.count("?") > MAX_WILDCARDS:
                wildcards = sum(isinstance(part, SpecialChars) for part in SigmaString(value).s)
                if wildcards > MAX_WILDCARDS:
                    raise RefusedError(f"{wildcards:,} wildcards in one value", "too-large", (index,))
        atoms += factor
        characters += factor * length
    if atoms > MAX_ATOMS:
        raise RefusedError(f"{atoms:,} patterns, more than {MAX_ATOMS:,}", "too-large")
    if characters > _MAX_EXPANDED:
        raise RefusedError(f"patterns of {characters:,} characters, more than {_MAX_EXPANDED:,}", "too-large")


def _check_regex(pattern: Regex, index: int) -> None:
    try:
        check_regex(pattern)
    except RegexRefusedError as error:
        raise RefusedError(
            f"the expression is not what RE2 and Rust's regex both accept: {error}",
            "regex-unsupported",
            (index,),
            remedy=next((remedy for part, remedy in _REGEX_REMEDIES.items() if part in str(error)), ""),
        ) from None


def _blame(key: Key, text: str, written: Sequence[Any], error: SigmaError) -> RefusedError:
    """The refusal of the first value that pySigma refuses alone."""
    for index, value in enumerate(written):
        try:
            SigmaDetectionItem.from_mapping(text, value)
        except SigmaError as alone:
            return RefusedError(_cause(alone), "windash" if key.has("windash") else "value", (index,))
    return RefusedError(_cause(error), "value")


def _cause(error: SigmaError) -> str:
    return " ".join(str(error.args[0] if error.args else error).split())[:300]


def _lower(key: Key, value: SigmaType, index: int) -> Predicate:
    if isinstance(value, SigmaExpansion):
        return disjunction(_lower(key, one, index) for one in value.values)
    if isinstance(value, SigmaNull):
        return negation(_match(key, Present()))
    if isinstance(value, SigmaExists):
        present = _match(key, Present())
        return present if value.exists else negation(present)
    if isinstance(value, SigmaString):
        return _string(key, value, index)
    if isinstance(value, SigmaRegularExpression):
        _refuse_placeholders(value.regexp, index)
        return _match(key, Regex(value.regexp.original, key.flags))
    return _match(key, _typed(key, value))


def _typed(key: Key, value: SigmaType) -> Pattern:
    match value:
        case SigmaCIDRExpression():
            return Cidr(str(value.network))
        case SigmaCompareExpression():
            order = _ORDERS[value.op]
            if isinstance(value.number, SigmaTimestampPart):
                return TimePart(_part(value.number), order, int(value.number.number))
            return Compare(order, value.number.number)
        case SigmaTimestampPart():
            return TimePart(_part(value), "eq", int(value.number))
        case SigmaFieldReference():
            forms = {(False, False): "equals", (True, False): "startswith", (False, True): "endswith"}
            form: Any = forms.get((value.starts_with, value.ends_with), "contains")
            return Reference(value.field, form, key.cased)
    raise RefusedError(f"values of the kind {type(value).__name__} are not known", "value")


def _part(value: SigmaTimestampPart) -> Part:
    part: Any = value.timestamp_part.name.lower()
    return part  # type: ignore[no-any-return]  # pySigma's names are ours in capitals


def _string(key: Key, value: SigmaString, index: int) -> Predicate:
    _refuse_placeholders(value, index)
    tokens = [part if isinstance(part, str) else _wild(part) for part in value.s]
    pattern = glob(tokens, cased=key.cased)
    if key.field is None:
        return Keyword(_unanchored(pattern, index))
    if pattern.tokens == (Wild.ANY,):
        return _match(key, Present())
    if not pattern.tokens:
        return negation(_match(key, Present()))
    return _match(key, _canonical(key.field, pattern))


def _wild(part: SpecialChars | Placeholder) -> Token:
    assert isinstance(part, SpecialChars)
    return _WILDS[part]


def _unanchored(pattern: Glob, index: int) -> Glob:
    """A keyword may match anywhere, so wildcards at its ends say nothing."""
    tokens = pattern.tokens
    if tokens and tokens[0] is Wild.ANY:
        tokens = tokens[1:]
    if tokens and tokens[-1] is Wild.ANY:
        tokens = tokens[:-1]
    if not tokens:
        raise RefusedError("an empty keyword is in every event", "keyword-empty", (index,))
    return Glob(tokens, pattern.cased)


def _canonical(field: str, pattern: Glob) -> Glob:
    """An address is compared in canonical text, in which readers supply it."""
    known = REGISTRY.get(field)
    if known is None or known.kind != "ip" or pattern.form != "equals":
        return pattern
    try:
        address = ipaddress.ip_address(pattern.literal)
    except ValueError:
        return pattern
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return pattern  # its canonical text differs between versions of Python
    return glob([str(address)], cased=pattern.cased)


def _refuse_placeholders(value: SigmaString, index: int) -> None:
    names = [part.name for part in value.s if isinstance(part, Placeholder)]
    if names:
        raise RefusedError(
            f"the placeholder %{names[0]}% needs values that only the site knows",
            "placeholder",
            (index,),
            remedy="write the values in place of the placeholder and drop 'expand'",
            placeholder=True,
        )


def _match(key: Key, pattern: Pattern) -> Predicate:
    if key.field is None:
        assert isinstance(pattern, Regex)
        return Keyword(pattern)
    return Match(key.field, pattern)
