"""Rows of Sigma's fields as rows of a target's columns, as a source would fill them."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any

from vedette.kql import Column, Table
from vedette.predicate import Value

#: What a table's own condition and its computed columns read: column to Kusto's type.
EXTRA = {
    "EventType": "string", "ActionType": "string", "NetworkDirection": "string",
    "SrcProcessName": "string", "DstProcessName": "string", "SrcProcessId": "string", "DstProcessId": "string",
    "SrcUsername": "string", "DstUsername": "string", "SrcIpAddr": "string", "DstIpAddr": "string",
    "AccountName": "string", "AccountDomain": "string",
    "InitiatingProcessAccountName": "string", "InitiatingProcessAccountDomain": "string",
    "LocalIP": "string", "RemoteIP": "string", "LocalPort": "int", "RemotePort": "int",
    "DeviceName": "string", "RemoteUrl": "string", "AdditionalFields": "string",
}  # fmt: skip
#: Computed column to the columns that it shows for outbound and for inbound connections.
SOURCES = {
    "SigmaImage": ("SrcProcessName", "DstProcessName"),
    "SigmaProcessId": ("SrcProcessId", "DstProcessId"),
    "SigmaParentUser": ("InitiatingProcessAccountName", "InitiatingProcessAccountName"),
    "SigmaDestinationIp": ("RemoteIP", "LocalIP"),
    "SigmaDestinationPort": ("RemotePort", "LocalPort"),
    "SigmaDestinationHostname": ("RemoteUrl", "DeviceName"),
    "SigmaSourceIp": ("LocalIP", "RemoteIP"),
    "SigmaSourcePort": ("LocalPort", "RemotePort"),
    "SigmaSourceHostname": ("DeviceName", "RemoteUrl"),
}
USERS = {
    "imNetworkSession": ("SrcUsername", "DstUsername"),
    "DeviceProcessEvents": ("AccountName", "AccountName"),
    "DeviceNetworkEvents": ("InitiatingProcessAccountName", "InitiatingProcessAccountName"),
    "DeviceFileEvents": ("InitiatingProcessAccountName", "InitiatingProcessAccountName"),
}
SELECTED = {
    "imNetworkSession": {"EventType": "EndpointNetworkSession"}, "imFileEvent": {"EventType": "FileCreated"},
    "DeviceNetworkEvents": {"ActionType": "ConnectionSuccess"}, "DeviceFileEvents": {"ActionType": "FileCreated"},
}  # fmt: skip


class Unfillable(Exception):  # noqa: N818 (not an error: such a row can't stand in the table)
    """No row of the table stands for this row of Sigma's."""


def types_of(table: Table, product: str) -> dict[str, str]:
    """Every column that a query of the table may read, with its type."""
    found: dict[str, str] = dict(EXTRA)
    for column in table.columns(product).values():
        found.update(dict.fromkeys(column.hashes.values(), "string"))
        if column.column and not column.expression:
            found[column.column] = column.type
    return found


def complete(table: Table, row: Mapping[str, Value]) -> dict[str, Value]:
    """The row with the fields that a table of connections always tells.

    Raises:
        Unfillable: its fields contradict each other.
    """
    full = dict(row)
    if table.category != "network_connection":
        return full
    if table.name == "DeviceNetworkEvents":
        full.setdefault("Initiated", "true")
    for side in ("Destination", "Source"):
        told, address = str(full.get(f"{side}IsIpv6", "")), str(full.get(f"{side}Ip", ""))
        if told and not address:
            full[f"{side}Ip"] = "2001:db8::5" if told == "true" else "192.0.2.5"
        elif address and told not in ("", "true" if ":" in address else "false"):
            raise Unfillable(address)
        elif address:
            full[f"{side}IsIpv6"] = "true" if ":" in address else "false"
    return full


def column_row(table: Table, product: str, row: Mapping[str, Value]) -> dict[str, Any]:
    """The row as the table has it.

    Raises:
        Unfillable: a value has no form there.
    """
    columns = table.columns(product)
    filled: dict[str, Any] = dict(SELECTED.get(table.name, {}))
    for field, value in row.items():
        column = columns.get(field)
        if column is not None:
            filled.update(_fill(table, column, value, inbound=row.get("Initiated") == "false"))
    return filled


def _fill(table: Table, column: Column, value: Value, *, inbound: bool) -> dict[str, Any]:
    if column.hashes:
        return _hashes(column, str(value))
    if column.values:
        if str(value) not in column.values:
            raise Unfillable(value)
        return {column.column: column.values[str(value)][0]}
    if column.expression:
        return _computed(table, column, value, inbound=inbound)
    if column.form == "hex":
        if re.fullmatch(r"0x[0-9a-fA-F]{1,15}", str(value)):
            return {column.column: int(str(value), 16)}
        return {column.column: _whole(value)}
    if column.form == "name":
        if "\n" in str(value) and not re.search(r"[/\\]", str(value)):
            return {column.column: str(value)}
        return {column.column: re.split(r"[/\\]", str(value))[-1]}
    if column.type != "string":
        return {column.column: _whole(value)}
    return {column.column: str(value)}


def _computed(table: Table, column: Column, value: Value, *, inbound: bool) -> dict[str, Any]:
    name = column.column
    if name == "SigmaUser":
        return {USERS[table.name][inbound]: value}
    if name.endswith("IsIpv6"):
        if value not in ("true", "false"):
            raise Unfillable(value)
        return {}  # the address tells; see `complete`
    if name == "SigmaCurrentDirectory":
        return {"AdditionalFields": json.dumps({"ProcessCurrentWorkingDirectory": value}, ensure_ascii=False)}
    if name not in SOURCES:
        raise Unfillable(name)
    return {SOURCES[name][inbound]: _whole(value) if column.type != "string" else str(value)}


def _hashes(column: Column, value: str) -> dict[str, Any]:
    """`SHA1=...,MD5=...`; only whole hashes stand in columns."""
    lengths = {"MD5": 32, "IMPHASH": 32, "SHA1": 40, "SHA256": 64}
    filled = {}
    for part in value.split(","):
        name, _, digits = part.strip().partition("=")
        name = name.upper()
        if name not in column.hashes or len(digits) != lengths.get(name) or not re.fullmatch("[0-9a-fA-F]+", digits):
            raise Unfillable(value)
        filled[column.hashes[name]] = digits
    return filled


def _whole(value: Value) -> int:
    try:
        number = int(value) if not isinstance(value, str) or re.fullmatch("0|-?[1-9][0-9]*", value) else None
    except (OverflowError, ValueError):
        number = None
    if number is None or abs(number) >= 1 << 31:
        raise Unfillable(value)
    return number


def canonical(row: Mapping[str, Value]) -> bool:
    """Whether addresses are such as a source fills in: canonical text, or none."""
    for field in ("DestinationIp", "SourceIp"):
        value = row.get(field, "")
        try:
            if value != "" and str(ipaddress.ip_address(str(value))) != value:
                return False
        except ValueError:
            continue
    return True
