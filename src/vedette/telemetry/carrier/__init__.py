"""What carries audit records: auditd's own log, syslog, journald, LAUREL."""
