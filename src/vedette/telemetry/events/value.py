"""Values of strangers as values of the law: the registry decides the type of a field, never the look of a value."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from vedette.event import REGISTRY
from vedette.predicate import Value

#: Nested objects and lists are read down to this depth; what lies deeper is kept as text.
MAX_DEPTH: Final = 16
#: More fields of one record than this are not kept.
MAX_FIELDS: Final = 4096
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,18}")
_HEX: Final = re.compile(r"0x[0-9a-fA-F]{1,15}")


def text(value: Any) -> str:
    r"""Any value as text: booleans as `true` and `false`, lists with one element a line, null as the empty text.

    >>> text([True, None, 4.5])
    'true\n\n4.5'
    """
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "\n".join(text(one) if not isinstance(one, list | tuple) else _written(one) for one in value)
    return _written(value) if isinstance(value, dict) else str(value)


def _written(value: Any) -> str:
    """What has no form as text, as JSON."""
    return msgspec.json.encode(value).decode("utf-8", "replace")


def integer(value: Any) -> Value:
    """A whole number where the value tells one, in decimal or as `0x1f`, else its text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < 1 << 63 else str(value)
    told = text(value).strip()
    if _DECIMAL.fullmatch(told):
        return int(told)
    if _HEX.fullmatch(told):
        return int(told, 16)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return int(value)
    return text(value)


def address(value: Any) -> Value:
    """An IP address in canonical text, one mapped into IPv6 as IPv4; what is none, as it stands."""
    return _address(text(value))


@functools.lru_cache(maxsize=16384)
def _address(told: str) -> str:
    try:
        found = ipaddress.ip_address(told)
    except ValueError:
        return told
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(found if mapped is None else mapped)


#: How a field's value is read; fields that are not listed are text.
TYPED: Final[Mapping[str, Callable[[Any], Value]]] = {
    name: integer if field.kind == "integer" else address
    for name, field in REGISTRY.items()
    if field.kind in ("integer", "ip")
}


def value_of(field: str, value: Any) -> Value:
    """A value of a Sigma field; empty where it is absent."""
    read = TYPED.get(field)
    if read is None or value is None or value == "":
        return value if isinstance(value, str) else text(value)
    return read(value)


def flat(tree: Mapping[str, Any], prefix: str = "", depth: int = MAX_DEPTH) -> Iterator[tuple[str, Any]]:
    """The leaves of nested objects under their path, joined by dots; lists of plain values are leaves."""
    for name, value in tree.items():
        if isinstance(value, dict) and value and depth > 0:
            yield from flat(value, f"{prefix}{name}.", depth - 1)
        else:
            yield prefix + name, value
