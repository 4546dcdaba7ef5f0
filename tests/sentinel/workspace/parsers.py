"""ASIM's parsers of the native tables, as views: what they filter by, and the aliases that they add.

Restated from the public parsers vimProcessEventNative 0.1.0 and vimNetworkSessionNative 0.3.0. Of these it is kept that
a row without EventEndTime loses its EventStartTime to TimeGenerated.
"""

from __future__ import annotations

from typing import Final

PROCESS: Final = "ASimProcessEventLogs"
NETWORK: Final = "ASimNetworkSessionLogs"
#: Tables that are always there.
TABLES: Final = (PROCESS, NETWORK, "DeviceProcessEvents", "DeviceNetworkEvents", "Syslog")
_ADDED: Final = {
    PROCESS: ["EventUid", "EventSchema", "Dvc", "Rule", "User", "Process", "CommandLine", "Hash"],
    NETWORK: [
        *("EventUid", "EventSchema", "DvcScopeId", "Dvc", "Dst", "Src", "Hostname", "IpAddr", "Rule", "Duration"),
        *("SessionId", "User", "InnerVlanId", "OuterVlanId"),
        # Of other sources of the union; the native table has none of them.
        *("SrcProcessName", "SrcProcessId", "DstProcessName", "DstProcessId"),
    ],
}
_NAMES: Final = {
    PROCESS: ("imProcessCreate", "_Im_ProcessCreate", "imProcessEvent", "_Im_ProcessEvent"),
    NETWORK: ("imNetworkSession", "_Im_NetworkSession"),
}
#: View to the table below it and the columns that it adds.
VIEWS: Final = {name: (table, _ADDED[table]) for table, names in _NAMES.items() for name in names}

_START: Final = "case when EventEndTime is null then TimeGenerated else EventStartTime end"
_END: Final = "coalesce(EventEndTime, TimeGenerated)"


def select(view: str, table: str) -> str:
    """The SQL of a view."""
    if table == PROCESS:
        only = " where EventType = 'ProcessCreated'" if view.endswith("Create") else ""
        scope = "case when DvcScopeId = '' then _SubscriptionId else DvcScopeId end as DvcScopeId"
        added = {
            "EventUid": "_ItemId",
            "EventSchema": "'ProcessEvent'",
            "Dvc": _first("DvcFQDN", "DvcHostname", "DvcIpAddr", "DvcId", "_ResourceId"),
            "Rule": _first("RuleName", "coalesce(RuleNumber::VARCHAR, '')"),
            "User": "TargetUsername",
            "Process": "TargetProcessName",
            "CommandLine": "TargetProcessCommandLine",
            "Hash": _first(*(f"TargetProcess{kind}" for kind in ("SHA512", "SHA256", "MD5", "SHA1", "IMPHASH"))),
        }
    else:
        only = ""
        inbound = "EventType = 'EndpointNetworkSession' and NetworkDirection = 'Inbound'"
        interface = _first("DvcInterface", "DvcInboundInterface", "DvcOutboundInterface")
        scope = f"{interface} as DvcInterface"
        vendor = "EventVendor || '/' || EventProduct"
        added = {
            "EventUid": "_ItemId",
            "EventSchema": "'NetworkSession'",
            "DvcScopeId": _first("DvcSubscriptionId", "_SubscriptionId"),
            "Dvc": f"case when EventType = 'L2NetworkSession' "
            f"then {_first('DvcFQDN', 'DvcHostname', 'DvcId', '_ResourceId', vendor)} "
            f"else {_first('DvcFQDN', 'DvcHostname', 'DvcIpAddr', 'DvcId', '_ResourceId', vendor)} end",
            "Dst": _first("DstFQDN", "DstHostname", "DstIpAddr", "DstDvcId"),
            "Src": _first("SrcFQDN", "SrcHostname", "SrcIpAddr", "SrcDvcId"),
            "Hostname": f"case when {inbound} then SrcHostname else DstHostname end",
            "IpAddr": f"case when {inbound} then DstIpAddr else SrcIpAddr end",
            "Rule": _first("NetworkRuleName", "coalesce(NetworkRuleNumber::VARCHAR, '')"),
            "Duration": "NetworkDuration",
            "SessionId": "NetworkSessionId",
            "User": "DstUsername",
            "InnerVlanId": "SrcVlanId",
            "OuterVlanId": "DstVlanId",
            **dict.fromkeys(("SrcProcessName", "SrcProcessId", "DstProcessName", "DstProcessId"), "''"),
        }
    told = ", ".join(f'{text} as "{name}"' for name, text in added.items())
    replaced = f"{_START} as EventStartTime, {_END} as EventEndTime, {scope}"
    return f'select * replace ({replaced}), {told} from "{table}"{only}'


def _first(*columns: str) -> str:
    """The first that is not empty, as Kusto's `coalesce` has it for text."""
    filled = ", ".join(f"nullif({column}, '')" for column in columns)
    return f"coalesce({filled}, '')"
