"""Events of every format but the audit log: Windows, Sysmon for Linux, Defender, ASIM, auditbeat, and any by a map."""
