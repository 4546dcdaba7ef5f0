"""Fields of an event of Sysmon for Linux, which is XML in one message.

A value's `<` is written `&lt;`, so that no value can open an element of its own, and `<Data Name="Image">` stands for
nothing but the start of that field. What a line that was cut still holds of a value is its value.
"""

from __future__ import annotations

from typing import Final

from vedette.kql.strings import quote
from vedette.kql.target import Column

#: What Sysmon's writer of XML escapes. The ampersand comes last, or `&amp;lt;` would become `<`.
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#13;", "\r"), ("&amp;", "&"))
#: Fields whose values never hold what must be escaped.
_PLAIN: Final = frozenset(
    {
        *("Protocol", "Initiated", "UtcTime", "CreationUtcTime", "Hashes"),
        *("SourceIsIpv6", "SourceIp", "SourcePort", "DestinationIsIpv6", "DestinationIp", "DestinationPort"),
        *("ProcessId", "ProcessGuid", "ParentProcessId", "ParentProcessGuid"),
        *("LogonId", "LogonGuid", "TerminalSessionId"),
    }
)


def sysmon_column(field: str) -> Column:
    """The column of a field; `-`, which Sysmon writes for what it does not know, is read as absent."""
    pattern = f'<Data Name="{field}">([^<-][^<]*|-[^<]+)'
    expression = f"extract({quote(pattern)}, 1, SyslogMessage)"
    if field not in _PLAIN:
        for entity, letter in _ENTITIES:
            expression = f"replace_string({expression}, {quote(entity)}, {quote(letter)})"
    return Column(f"Sigma{field}", expression=expression)
