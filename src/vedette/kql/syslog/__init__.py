"""Audit records and events of Sysmon for Linux as they stand in Sentinel's Syslog table: a parser a query.

A field becomes a column that is computed from the message, by operators that engines of KQL have in common. Only what
a rule reads is parsed.
"""

from vedette.kql.syslog.columns import columns_of, raw_of
from vedette.kql.syslog.hexadecimal import with_hex
from vedette.kql.syslog.prepare import prepared

__all__ = ["columns_of", "prepared", "raw_of", "with_hex"]
