"""Sigma's log source, and which rules are routed to which events."""

from __future__ import annotations

import msgspec


class LogSource(msgspec.Struct, frozen=True):
    """Product, category and service, each in lower case or empty where a rule leaves it open."""

    product: str = ""
    category: str = ""
    service: str = ""

    def covers(self, event: LogSource) -> bool:
        """Whether a rule of this log source is meant for events of that one: each part that it states is the event's.

        >>> LogSource(category="process_creation").covers(LogSource("linux", "process_creation"))
        True
        """
        return (
            self.product in ("", event.product)
            and self.category in ("", event.category)
            and self.service in ("", event.service)
        )

    def __str__(self) -> str:
        """`product/category/service`, with `*` for what is left open."""
        return "/".join(part or "*" for part in (self.product, self.category, self.service))


#: The kinds of events that audit logs give. `service` is empty where records were joined into one event.
PROCESS_CREATION = LogSource("linux", "process_creation")
PROCESS_FAILED = LogSource("linux", "process_failed")
NETWORK_CONNECTION = LogSource("linux", "network_connection")
NETWORK_FAILED = LogSource("linux", "network_failed")
NETWORK_LISTEN = LogSource("linux", "network_listen")
NETFILTER_CONFIG = LogSource("linux", "netfilter_config")
NETFILTER_CHANGE = LogSource("linux", "netfilter_change")
AUDIT_RECORD = LogSource("linux", "", "auditd")
