"""Which kinds of event a Windows event is, and what of it goes by other names there."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from vedette.event import LogSource
from vedette.predicate import Value
from vedette.telemetry.events.kind import Kind
from vedette.telemetry.events.value import text

Read: TypeAlias = Callable[[Mapping[str, Value]], dict[str, Value]]

#: What each event has beside its own fields.
SYSTEM: Final = frozenset({"EventID", "Channel", "Provider_Name", "Computer"})
_LEVELS: Final[Mapping[str, str]] = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "Medium",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
}
_HIVES: Final = (
    (re.compile(r"\\REGISTRY\\MACHINE(?=\\|$)", re.IGNORECASE), "HKLM"),
    (re.compile(r"\\REGISTRY\\USER(?=\\|$)", re.IGNORECASE), "HKU"),
)
#: What stands for a type of registry value, and for a direction, in events whose texts are not filled in.
_DWORD: Final = "%%1876"
_DIRECTIONS: Final[Mapping[str, str]] = {"%%14592": "false", "%%14593": "true"}
_OPERATIONS: Final[Mapping[str, str]] = {"%%1904": "SetValue", "%%1905": "SetValue", "%%1906": "DeleteValue"}
_PROTOCOLS: Final[Mapping[str, str]] = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmp6"}


class _Mapped(msgspec.Struct, frozen=True):
    """An event of a service that is an event of a category under other names."""

    service: str
    event: int
    category: str
    fields: dict[str, str]
    computed: tuple[str, ...] = ()
    also: tuple[str, ...] = ()


class Taxonomy(msgspec.Struct, frozen=True):
    """`windows.toml`."""

    channels: dict[str, tuple[str, ...]]
    providers: dict[str, str]
    categories: dict[str, dict[str, tuple[str, ...]]]
    mapped: tuple[_Mapped, ...]


@functools.cache
def taxonomy() -> Taxonomy:
    """The data."""
    data = tomllib.loads((Path(__file__).parent / "windows.toml").read_text("utf-8"))
    return msgspec.convert(data, Taxonomy)


@functools.cache
def _services() -> tuple[dict[str, str], dict[str, str]]:
    found = taxonomy()
    channels = {name.lower(): service for service, names in found.channels.items() for name in names}
    return channels, {name.lower(): service for name, service in found.providers.items()}


def service_of(channel: str, provider: str) -> str:
    """Sigma's service of a channel, or of a provider where no channel is told; empty if it has none."""
    channels, providers = _services()
    return channels.get(channel.lower(), "") if channel else providers.get(provider.lower(), "")


@functools.lru_cache(maxsize=4096)
def kinds_of(service: str, event: Value, event_type: str) -> tuple[tuple[Kind, Read | None], ...]:
    """The kinds of an event, each with what reads its fields where they go by other names.

    Args:
        service: Sigma's service.
        event: its EventID.
        event_type: EventType of Sysmon's registry events.
    """
    found = taxonomy()
    categories = found.categories.get(service, {}).get(str(event), ())
    if service == "sysmon" and event == 12:
        categories = _of_keys(event_type, categories)
    title = "Sysmon" if service == "sysmon" else "the Windows event log"
    sources = [LogSource("windows", category, service) for category in categories]
    first = sources[0] if sources else LogSource("windows", "", service)
    kinds: list[tuple[Kind, Read | None]] = [(Kind(first, tuple(sources[1:]), None, "resolved", title), None)]
    kinds += [
        (_kind(mapped), functools.partial(_read, mapped))
        for mapped in found.mapped
        if mapped.service == service and mapped.event == event
    ]
    return tuple(kinds)


def _of_keys(event_type: str, categories: tuple[str, ...]) -> tuple[str, ...]:
    """What became of a key."""
    told = event_type.lower()
    if told.startswith("create"):
        return ("registry_add", "registry_event")
    if told.startswith("delete"):
        return ("registry_delete", "registry_event")
    return categories


def _kind(mapped: _Mapped) -> Kind:
    supplied = frozenset({*mapped.fields, *mapped.computed}) | SYSTEM
    also = tuple(LogSource("windows", category) for category in mapped.also)
    title = f"event {mapped.event} of the channel {mapped.service.title()}"
    return Kind(LogSource("windows", mapped.category), also, supplied, "resolved", title)


def _read(mapped: _Mapped, data: Mapping[str, Value]) -> dict[str, Value]:
    values = {field: data.get(name, "") for field, name in mapped.fields.items()}
    for field in mapped.computed:
        values[field] = _COMPUTED[field](data)
    return values


def _user(data: Mapping[str, Value]) -> str:
    r"""`DOMAIN\name` of the account that the event is about."""
    for side in ("Target", "Subject"):
        name = text(data.get(f"{side}UserName", ""))
        if name not in ("", "-"):
            domain = text(data.get(f"{side}DomainName", ""))
            return name if domain in ("", "-") else f"{domain}\\{name}"
    return ""


def _target(data: Mapping[str, Value]) -> str:
    """The value's path as Sysmon writes it."""
    path = text(data.get("ObjectName", ""))
    for hive, short in _HIVES:
        path = hive.sub(lambda _match, short=short: short, path, count=1)  # type: ignore[misc]
    value = text(data.get("ObjectValueName", ""))
    return f"{path}\\{value}" if path and value else path


def _details(data: Mapping[str, Value]) -> str:
    """The value as Sysmon writes it, where its type is known to be so."""
    told = text(data.get("NewValue", ""))
    if text(data.get("NewValueType", "")) == _DWORD and told.isascii() and told.isdigit() and len(told) < 11:
        return f"DWORD (0x{int(told):08x})"
    return told


def _is_six(name: str) -> Callable[[Mapping[str, Value]], str]:
    def read(data: Mapping[str, Value]) -> str:
        told = text(data.get(name, ""))
        return "" if not told else "true" if ":" in told else "false"

    return read


_COMPUTED: Final[Mapping[str, Callable[[Mapping[str, Value]], Any]]] = {
    "User": _user,
    "IntegrityLevel": lambda data: _LEVELS.get(text(data.get("MandatoryLabel", "")), ""),
    "TargetObject": _target,
    "Details": _details,
    "EventType": lambda data: _OPERATIONS.get(text(data.get("OperationType", "")), ""),
    "Initiated": lambda data: _DIRECTIONS.get(text(data.get("Direction", "")), ""),
    "SourceIsIpv6": _is_six("SourceAddress"),
    "DestinationIsIpv6": _is_six("DestAddress"),
}
