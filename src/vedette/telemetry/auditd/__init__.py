"""The audit log of Linux: records, arguments, events."""
